// Live work: while one answer is awaited, only the newest wish is kept, so that a slider never runs behind.

export class Latest {
  private running = false;
  private next: (() => Promise<void>) | null = null;

  get busy(): boolean {
    return this.running;
  }

  /** Do this as soon as what runs is done, unless something newer is asked for first. */
  async ask(work: () => Promise<void>): Promise<void> {
    this.next = work;
    if (this.running) return;
    this.running = true;
    try {
      while (this.next) {
        const now: () => Promise<void> = this.next;
        this.next = null;
        await now();
      }
    } finally {
      this.running = false;
      this.next = null; // after a failure, whoever asked decides what is tried again
    }
  }
}
