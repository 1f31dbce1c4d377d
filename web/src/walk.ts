// Walking: sliders lead away from a place of the space, and begin anew wherever a blend or the map leads.

import type { Held } from "./hand";
import type { Live } from "./live";
import { part } from "./page";
import { Sliders } from "./sliders";
import type { Here } from "./source";

export class Walk {
  private base: { z: Float32Array; label: string } | null = null;
  private readonly sliders = new Sliders(part("sliders"), (amounts) => this.slide(amounts), () => this.live.rest());

  constructor(
    private readonly here: Here,
    private readonly live: Live,
  ) {}

  /** The sliders of the space that is shown. */
  enter(): void {
    const { attributes } = this.here.space;
    part("sliders-panel").hidden = !attributes.length;
    this.sliders.show(attributes);
  }

  begin({ form, label }: Held): void {
    this.start(form.z, label);
  }

  /** Show what is at another place of the space. */
  go(z: Float32Array, label: string): void {
    this.start(z, label);
    const { name } = this.here.space;
    this.live.show(label, async () => (await this.here.source.decode(name, [z]))[0]);
  }

  private start(z: Float32Array, label: string): void {
    this.base = { z, label };
    this.sliders.reset();
  }

  private slide(amounts: Record<string, number>): void {
    const { base, here } = this, { name } = here.space;
    if (!base) return;
    const moves = Object.entries(amounts).filter(([, value]) => value !== 0);
    const words = moves.map(([attribute, value]) => `${value > 0 ? "more" : "less"} ${attribute.replace(/_/g, " ")}`);
    const plain = base.label.split(",")[0];
    this.live.show([plain, ...words].join(", "), async () => {
      if (moves.length) return here.source.move(name, base.z, Object.fromEntries(moves));
      return (await here.source.decode(name, [base.z]))[0];
    });
  }
}
