// Walking: sliders lead away from a place of the space, and begin anew wherever a blend or the map leads.

import type { Held } from "./hand";
import type { Live } from "./live";
import { part } from "./page";
import { Sliders } from "./sliders";
import type { Form, Here, ShapeSource } from "./source";

export class Walk {
  private base: { z: Float32Array; label: string; cut: number } | null = null;
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
    this.start(form.z, label, form.threshold); // a photograph's shape has a threshold of its own, and keeps it
  }

  /** Show what is at another place of the space. */
  go(z: Float32Array, label: string, cut = this.here.space.threshold): void {
    this.start(z, label, cut);
    this.show(label, async (source, name) => (await source.decode(name, [z]))[0]);
  }

  private start(z: Float32Array, label: string, cut: number): void {
    this.base = { z, label, cut };
    this.sliders.reset();
  }

  private slide(amounts: Record<string, number>): void {
    const { base } = this;
    if (!base) return;
    const moves = Object.entries(amounts).filter(([, value]) => value !== 0);
    const words = moves.map(([attribute, value]) => `${value > 0 ? "more" : "less"} ${attribute.replace(/_/g, " ")}`);
    const plain = base.label.split(",")[0];
    this.show([plain, ...words].join(", "), async (source, name) => {
      if (moves.length) return source.move(name, base.z, Object.fromEntries(moves));
      return (await source.decode(name, [base.z]))[0];
    });
  }

  /** Show what is made, above the threshold of where the walk began. */
  private show(label: string, make: (source: ShapeSource, space: string) => Promise<Form>): void {
    const { source, space } = this.here, { cut } = this.base!;
    this.live.show(label, async () => ({ ...(await make(source, space.name)), threshold: cut }));
  }
}
