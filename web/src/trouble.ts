// What went wrong, said where it happened, with a way to try again.

import { SourceError } from "./source";

export class Trouble {
  constructor(private readonly place: HTMLElement) {}

  clear(): void {
    this.place.hidden = true;
    this.place.replaceChildren();
  }

  show(error: unknown, again?: () => void): void {
    const line = document.createElement("span");
    line.textContent = error instanceof Error ? error.message : String(error);
    const actions: HTMLElement[] = [];
    const helps = !(error instanceof SourceError) || error.again;
    if (again && helps) actions.push(this.button("Try again", again));
    actions.push(this.button("Dismiss", () => undefined));
    this.place.replaceChildren(line, ...actions);
    this.place.hidden = false;
  }

  /** Do some work; what it fails with is shown here, and the same work offered again. */
  async around(work: () => Promise<void>): Promise<void> {
    this.clear();
    try {
      await work();
    } catch (error) {
      this.show(error, () => void this.around(work));
    }
  }

  private button(label: string, action: () => void): HTMLButtonElement {
    const button = document.createElement("button");
    button.textContent = label;
    button.addEventListener("click", () => {
      this.clear();
      action();
    });
    return button;
  }
}
