// What is waited for: told to the eye by a bar, and to who cannot see it by aria-busy.

import { part } from "./page";

export class Waiting {
  private readonly causes = new Set<object>();

  /** Something is about to change what is seen, or what the address says of it. */
  begin(cause: object): void {
    this.causes.add(cause);
    this.tell();
  }

  end(cause: object): void {
    this.causes.delete(cause);
    this.tell();
  }

  bar(on: boolean, done?: number): void {
    const bar = part<HTMLProgressElement>("busy");
    bar.hidden = !on;
    if (done === undefined) bar.removeAttribute("value");
    else bar.value = done;
    part<HTMLButtonElement>("snap").disabled = on;
  }

  private tell(): void {
    part("stage").setAttribute("aria-busy", String(this.causes.size > 0));
  }
}
