// What was in hand, as a strip of pictures to go back to; undo and redo.

import type { Hand, Held } from "./hand";
import { part, tile } from "./page";
import type { Thumbs } from "./thumbs";

export class Remembered {
  private readonly tiles = new WeakMap<Held, HTMLButtonElement>();

  constructor(
    private readonly hand: Hand,
    private readonly thumbs: Thumbs,
  ) {
    part("undo").addEventListener("click", () => hand.step(-1));
    part("redo").addEventListener("click", () => hand.step(1));
  }

  show(): void {
    const { past } = this.hand;
    const shown = past.all.map((held, place) => {
      const button = this.tiles.get(held) ?? this.tileOf(held);
      button.setAttribute("aria-pressed", String(place === past.place));
      return button;
    });
    part("past").replaceChildren(...shown.reverse());
    part<HTMLButtonElement>("undo").disabled = !past.canUndo;
    part<HTMLButtonElement>("redo").disabled = !past.canRedo;
  }

  private tileOf(held: Held): HTMLButtonElement {
    const { button, canvas } = tile(held.label, 120);
    this.thumbs.draw(held.form, canvas, held.built ? "voxels" : "smooth");
    button.addEventListener("click", () => this.hand.go(this.hand.past.all.indexOf(held)));
    this.tiles.set(held, button);
    return button;
  }
}
