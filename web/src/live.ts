// What moves: the newest wish is shown as fast as it can be made, and kept when it has come to rest.

import type { Hand } from "./hand";
import { Latest } from "./latest";
import type { Form } from "./source";
import type { Trouble } from "./trouble";
import type { Waiting } from "./waiting";

const SLOW = 500; // milliseconds after which waiting is shown

export class Live {
  private readonly latest = new Latest();
  private rested = false;
  private wish: { label: string; make: () => Promise<Form> } | null = null;

  constructor(
    private readonly hand: Hand,
    private readonly waiting: Waiting,
    private readonly trouble: Trouble,
  ) {}

  show(label: string, make: () => Promise<Form>): void {
    const { hand, latest, waiting } = this, { epoch } = hand;
    this.rested = false;
    this.wish = { label, make };
    this.trouble.clear();
    waiting.begin(this);
    const slow = setTimeout(() => waiting.bar(true), SLOW);
    const work = latest.ask(async () => {
      const form = await make();
      clearTimeout(slow);
      if (epoch === hand.epoch) hand.show({ form, label, built: false });
    });
    void work
      .then(() => this.rested && !latest.busy && this.keep()) // while busy, what is shown is not the newest
      .catch((error) => this.failed(error))
      .finally(() => {
        clearTimeout(slow);
        if (latest.busy) return;
        waiting.bar(false);
        waiting.end(this);
      });
  }

  rest(): void {
    this.rested = true;
    if (!this.latest.busy) this.keep();
  }

  /** Something else is in hand: what moved does not come to rest any more. */
  stop(): void {
    this.rested = false;
  }

  private keep(): void {
    this.rested = false;
    this.hand.keep();
  }

  /** Say so, and offer the newest wish again, kept if it had come to rest. */
  private failed(error: unknown): void {
    const { wish, rested } = this;
    this.trouble.show(error, () => {
      if (wish) this.show(wish.label, wish.make);
      if (rested) this.rest();
    });
  }
}
