// What is in hand, and what was: taken, shown, kept, undone.

import { Past } from "./past";
import type { Form } from "./source";

export interface Held {
  form: Form;
  label: string;
  built: boolean; // voxels were set by hand: the shape is not the one of its latent vector
}

/** Who is told of what the hand does. */
interface Told {
  taken(held: Held): void; // something else than before, which moves no more
  shown(held: Held): void; // it is seen, and may be on its way to another
  kept(held: Held): void; // it is at rest, and in the history
}

export class Hand {
  readonly past = new Past<Held>();
  held: Held | null = null;
  epoch = 0; // of what is in hand: an answer from before is not shown

  constructor(private readonly told: Told) {}

  /** Take something new in hand: it is shown, and kept in the history. */
  hold(held: Held): void {
    this.past.add(held);
    this.take(held);
  }

  /** Take in hand what is at a place of the history. */
  go(place: number): void {
    this.take(this.past.go(place));
  }

  step(by: number): void {
    if (!this.held || (by < 0 ? !this.past.canUndo : !this.past.canRedo)) return;
    this.go(this.past.place + by);
  }

  /** Show something that may not last. */
  show(held: Held): void {
    this.held = held;
    this.told.shown(held);
  }

  /** What was only shown has come to rest: it belongs to the history. */
  keep(): void {
    if (!this.held || this.isKept) return;
    this.past.add(this.held);
    this.told.kept(this.held);
  }

  get isKept(): boolean {
    return this.held !== null && this.past.now === this.held;
  }

  drop(): void {
    this.epoch++;
    this.held = null;
  }

  private take(held: Held): void {
    this.epoch++;
    this.told.taken(held);
    this.show(held);
    this.told.kept(held);
  }
}
