// The wall: shapes to pick up, and to drag onto each other.

import { part, tile } from "./page";
import type { Form, Here } from "./source";
import type { Thumbs } from "./thumbs";

const AT_ONCE = 24; // shapes that are asked for
const FAR = 8; // pixels after which a press is a drag
const SIDE = 300; // pixels of a tile's picture

export class Wall {
  private readonly place = part("wall");
  private readonly forms = new Map<HTMLElement, Form>();
  private waiting: HTMLElement[] = [];
  private shown = 0;
  private seed = 0;

  constructor(
    private readonly thumbs: Thumbs,
    private readonly onPick: (form: Form, label: string) => void,
    private readonly onMeet: (from: Form, to: Form | "held") => void,
  ) {}

  /** Ask for more shapes, and show them. */
  async more(here: Here): Promise<void> {
    const { source, space: { name } } = here, { seed } = this;
    this.unexpect();
    this.expect();
    try {
      const forms = await source.sample(name, AT_ONCE, seed);
      if (name !== here.space.name) return;
      this.unexpect();
      for (const form of forms) this.place.append(this.tileOf(form));
      this.seed = seed + 1;
    } finally {
      if (name === here.space.name) this.unexpect();
    }
  }

  /** Grey tiles, where shapes will be. */
  expect(): void {
    this.waiting = Array.from({ length: AT_ONCE }, () => {
      const { button } = tile("A shape that is on its way", 1);
      button.disabled = true;
      button.classList.add("waiting");
      return button;
    });
    this.place.append(...this.waiting);
  }

  clear(): void {
    this.forms.clear();
    this.place.replaceChildren();
    this.shown = this.seed = 0;
  }

  redraw(): void {
    for (const [button, form] of this.forms) this.thumbs.draw(form, button.querySelector("canvas")!);
  }

  mark(form: Form | null): void {
    for (const [button, own] of this.forms) button.setAttribute("aria-pressed", String(own === form));
  }

  private unexpect(): void {
    for (const grey of this.waiting) grey.remove();
    this.waiting = [];
  }

  private tileOf(form: Form): HTMLElement {
    const label = `Shape ${++this.shown}`;
    const { button, canvas } = tile(label, SIDE);
    this.forms.set(button, form);
    this.thumbs.draw(form, canvas);
    draggable(button, (under) => this.dropped(form, under), () => this.onPick(form, label));
    return button;
  }

  private dropped(form: Form, under: Element | null): void {
    const other = under?.closest<HTMLElement>("#wall .tile");
    const to = other && this.forms.get(other);
    if (to && to !== form) this.onMeet(form, to);
    else if (under?.closest("#stage, #blend-panel")) this.onMeet(form, "held");
  }
}

/** A click picks; a press that moves carries a copy of the picture to where it is let go. Fingers scroll instead. */
function draggable(button: HTMLElement, onDrop: (under: Element | null) => void, onClick: () => void): void {
  let ghost: HTMLCanvasElement | null = null;
  let dragged = false;
  button.addEventListener("pointerdown", (down) => {
    dragged = false;
    if (down.button !== 0 || down.pointerType === "touch") return;
    let over: Element | null = null;
    const hover = (now: Element | null) => {
      over?.classList.remove("over");
      over = now === button ? null : now;
      over?.classList.add("over");
    };
    const move = (event: PointerEvent) => {
      if (!ghost && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) > FAR) {
        ghost = copyOf(button.querySelector("canvas")!);
      }
      if (!ghost) return;
      ghost.style.transform = `translate(${event.clientX - 60}px, ${event.clientY - 60}px)`;
      hover(document.elementFromPoint(event.clientX, event.clientY)?.closest("#wall .tile, #stage") ?? null);
    };
    const end = (event: PointerEvent) => {
      for (const [kind, listener] of listeners) removeEventListener(kind, listener);
      hover(null);
      dragged = ghost !== null;
      ghost?.remove();
      ghost = null;
      if (dragged && event.type === "pointerup") onDrop(document.elementFromPoint(event.clientX, event.clientY));
    };
    const listeners = [["pointermove", move], ["pointerup", end], ["pointercancel", end]] as const;
    for (const [kind, listener] of listeners) addEventListener(kind, listener); // the pointer leaves the tile
  });
  button.addEventListener("dragstart", (event) => event.preventDefault());
  button.addEventListener("click", () => {
    if (!dragged) onClick();
    dragged = false;
  });
}

function copyOf(canvas: HTMLCanvasElement): HTMLCanvasElement {
  const ghost = canvas.cloneNode() as HTMLCanvasElement;
  ghost.className = "ghost";
  ghost.getContext("2d")!.drawImage(canvas, 0, 0);
  document.body.append(ghost);
  return ghost;
}
