// A slider for each attribute: all together say where the shape in hand is moved to.

import type { Attribute } from "./source";

export class Sliders {
  private amounts: Record<string, number> = {};

  constructor(
    private readonly place: HTMLElement,
    private readonly onMoved: (amounts: Record<string, number>) => void,
    private readonly onRested: () => void,
  ) {}

  show(attributes: Attribute[]): void {
    this.amounts = {};
    this.place.replaceChildren(...attributes.map((attribute) => this.row(attribute)));
  }

  reset(): void {
    this.amounts = {};
    for (const input of this.place.querySelectorAll("input")) input.value = "0";
  }

  private row({ name, low, high }: Attribute): HTMLElement {
    const label = document.createElement("label");
    const input = document.createElement("input");
    Object.assign(input, { type: "range", min: String(low), max: String(high), step: String((high - low) / 100), value: "0" });
    input.dataset.attribute = name;
    input.addEventListener("input", () => {
      this.amounts[name] = Number(input.value);
      this.onMoved({ ...this.amounts });
    });
    input.addEventListener("change", () => this.onRested());
    label.append(Object.assign(document.createElement("span"), { textContent: name.replace(/_/g, " ") }), input);
    return label;
  }
}
