// How fast frames follow each other while something moves.

export const STILL = 250; // milliseconds after which what moved is at rest
const SLOW = 60; // milliseconds between frames

export class Pace {
  private last = 0;
  private mean = 0;

  isSlow(now: number): boolean {
    const since = now - this.last;
    this.last = now;
    // after a rest there is nothing to measure; the judgement of the last movement stands
    if (since < 2 * STILL) this.mean = this.mean ? 0.7 * this.mean + 0.3 * since : since;
    return this.mean > SLOW && since < 2 * STILL;
  }
}
