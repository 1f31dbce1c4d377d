// What was seen, in order: undo and redo walk along it, and nothing in it is lost by an error.

const MOST = 200;

export class Past<T> {
  private entries: T[] = [];
  private at = -1;

  get now(): T | null {
    return this.entries[this.at] ?? null;
  }

  get all(): readonly T[] {
    return this.entries;
  }

  get place(): number {
    return this.at;
  }

  get canUndo(): boolean {
    return this.at > 0;
  }

  get canRedo(): boolean {
    return this.at < this.entries.length - 1;
  }

  /** Keep an entry; what was undone is forgotten. */
  add(entry: T): void {
    this.entries = [...this.entries.slice(0, this.at + 1), entry].slice(-MOST);
    this.at = this.entries.length - 1;
  }

  go(place: number): T {
    this.at = Math.min(this.entries.length - 1, Math.max(0, place));
    return this.entries[this.at];
  }

  clear(): void {
    this.entries = [];
    this.at = -1;
  }
}
