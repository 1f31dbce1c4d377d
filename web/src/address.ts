// The address says what is seen, so that a copy of it shows the same.

import { toFragment, type Seen } from "./link";
import type { Waiting } from "./waiting";

const PAUSE = 150; // milliseconds: browsers allow few changes of the address a second

export class Address {
  private due: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly waiting: Waiting) {}

  say(seen: Seen): void {
    clearTimeout(this.due);
    this.waiting.begin(this);
    this.due = setTimeout(() => {
      history.replaceState(null, "", `#${toFragment(seen)}`);
      this.waiting.end(this);
    }, PAUSE);
  }

  /** Leave it as it is. */
  stop(): void {
    clearTimeout(this.due);
    this.waiting.end(this);
  }

  clear(): void {
    history.replaceState(null, "", location.pathname + location.search);
  }

  /** Put the address into the clipboard, and say so on the button. */
  async copy(button: HTMLElement): Promise<void> {
    await new Promise((done) => setTimeout(done, PAUSE + 50)); // until it says what was last to be said
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = "Copied";
    } catch {
      button.textContent = "See the address bar"; // no clipboard without https, but on this machine
    }
    setTimeout(() => (button.textContent = "Copy link"), 1600);
  }
}
