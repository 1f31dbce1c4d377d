// A blend of two shapes: its ends, the slider between them, and the choice of the other end on the wall.

import { mixed } from "./mixing";
import { part } from "./page";
import type { Form, Here } from "./source";
import type { Thumbs } from "./thumbs";

export class Blend {
  private ends: { from: Form; to: Form } | null = null;
  private readonly at = part<HTMLInputElement>("blend-at");
  picking = false;

  constructor(
    private readonly here: Here,
    private readonly thumbs: Thumbs,
    private readonly onMixed: (z: Float32Array, label: string, cut: number) => void,
    private readonly onRested: () => void,
  ) {
    this.at.addEventListener("input", () => this.mix(Number(this.at.value)));
    this.at.addEventListener("change", () => this.onRested());
    part("blend-pick").addEventListener("click", () => this.pick(!this.picking));
  }

  between(from: Form, to: Form): void {
    this.ends = { from, to };
    part("blend").hidden = false;
    part<HTMLDetailsElement>("blend-panel").open = true;
    this.thumbs.draw(from, part<HTMLCanvasElement>("blend-from"));
    this.thumbs.draw(to, part<HTMLCanvasElement>("blend-to"));
    this.at.value = "0.5";
    this.mix(0.5);
    this.onRested();
  }

  leave(): void {
    this.ends = null;
    part("blend").hidden = true;
  }

  pick(on: boolean): void {
    this.picking = on;
    document.body.classList.toggle("picking", on);
    part("blend-pick").textContent = on ? "now choose it on the wall (Esc: not now)" : "pick the other end";
    if (on) part("wall-section").scrollIntoView({ behavior: "smooth", block: "nearest" });
  }

  private mix(t: number): void {
    if (!this.ends) return;
    const { from, to } = this.ends;
    const cut = (1 - t) * from.threshold + t * to.threshold; // an end that has its own threshold is seen as it was
    this.onMixed(mixed(from.z, to.z, t, this.here.space.prior), `Blend, ${Math.round(t * 100)} %`, cut);
  }
}
