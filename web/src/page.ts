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

/** A group of buttons of which one is pressed; return what presses one. `name` is where their data says what they mean. */
export function choice<T extends string>(id: string, name: string, onChosen: (chosen: T) => void): (chosen: T) => void {
  const buttons = [...part(id).children] as HTMLElement[];
  for (const button of buttons) button.addEventListener("click", () => onChosen(button.dataset[name] as T));
  return (chosen) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset[name] === chosen));
  };
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
