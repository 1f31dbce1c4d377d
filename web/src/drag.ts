// Dragging a tile onto another: with the mouse, the pen or a finger, by one set of events.

const START = 8; // pixels until a press is a drag

/** Let tiles be dragged; `onDropped` hears what was dragged and what it was let go over. */
export function draggable(root: HTMLElement, selector: string, onDropped: (from: HTMLElement, onto: Element | null) => void): void {
  root.addEventListener("pointerdown", (down) => {
    const tile = (down.target as Element).closest<HTMLElement>(selector);
    if (!tile || down.button !== 0 || down.pointerType === "touch") return;
    let ghost: HTMLCanvasElement | null = null;
    const move = (event: PointerEvent) => {
      if (!ghost && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) > START) ghost = ghostOf(tile);
      if (!ghost) return;
      ghost.style.translate = `${event.clientX - ghost.width / 2}px ${event.clientY - ghost.height / 2}px`;
      document.querySelector(".over")?.classList.remove("over");
      under(event)?.closest(`${selector}, #stage`)?.classList.add("over");
    };
    const end = (event: PointerEvent) => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", end);
      removeEventListener("pointercancel", end);
      document.querySelector(".over")?.classList.remove("over");
      if (!ghost) return;
      ghost.remove();
      if (event.type === "pointerup") onDropped(tile, under(event));
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
  });
  root.addEventListener("dragstart", (event) => event.preventDefault());
}

function under(event: PointerEvent): Element | null {
  return document.elementFromPoint(event.clientX, event.clientY);
}

function ghostOf(tile: HTMLElement): HTMLCanvasElement {
  const picture = tile.querySelector("canvas")!;
  const ghost = document.createElement("canvas");
  ghost.width = ghost.height = 110;
  ghost.className = "ghost";
  ghost.getContext("2d")!.drawImage(picture, 0, 0, 110, 110);
  document.body.append(ghost);
  return ghost;
}
