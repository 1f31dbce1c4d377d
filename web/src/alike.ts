// What is alike: the known shapes that are nearest to the one in hand.

import type { Hand } from "./hand";
import { part, tile } from "./page";
import type { Form, Here } from "./source";
import type { Thumbs } from "./thumbs";
import type { Trouble } from "./trouble";

const NEAREST = 8; // shapes

export class Alike {
  private readonly panel = part<HTMLDetailsElement>("alike-panel");
  private of: Form | null = null;

  constructor(
    private readonly here: Here,
    private readonly hand: Hand,
    private readonly thumbs: Thumbs,
    private readonly trouble: Trouble,
  ) {
    this.panel.addEventListener("toggle", () => void this.find());
  }

  enter(): void {
    this.panel.hidden = !(this.here.space.can_search && this.here.source.neighbours);
  }

  open(): void {
    this.panel.open = true;
  }

  async find(): Promise<void> {
    const { hand, panel } = this, { source, space } = this.here, { held } = hand;
    if (panel.hidden || !panel.open || !held || held.form === this.of || !source.neighbours) return;
    this.of = held.form;
    await this.trouble.around(async () => {
      const forms = await source.neighbours!(space.name, held.form.z, NEAREST);
      if (hand.held?.form !== held.form) return;
      part("alike").replaceChildren(...forms.map((form, rank) => this.tileOf(form, rank)));
    });
  }

  private tileOf(form: Form, rank: number): HTMLElement {
    const label = `Neighbour ${rank + 1}`;
    const { button, canvas } = tile(label, 120);
    this.thumbs.draw(form, canvas, "voxels");
    button.addEventListener("click", () => this.hand.hold({ form, label, built: false }));
    return button;
  }
}
