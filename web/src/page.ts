// Finding the parts of the page, and making small ones.

export function part<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return found as T;
}

export function picture(side: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  return canvas;
}

/** A button with a picture in it. */
export function tile(label: string, side: number): { button: HTMLButtonElement; canvas: HTMLCanvasElement } {
  const button = document.createElement("button");
  button.className = "tile";
  button.setAttribute("aria-label", label);
  const canvas = picture(side);
  button.append(canvas);
  return { button, canvas };
}
