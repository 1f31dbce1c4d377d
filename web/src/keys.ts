// What keys do, wherever on the page they are pressed.

import type { Pen } from "./pen";
import type { Look } from "./scene";

interface Commands {
  step(by: number): void;
  back(): void;
  look(look: Look): void;
  mend(): void;
  pen(pen: Pen): void;
  snap(): void;
}

/** Listen; `now` says whether a shape is in hand, and whether it is built upon. */
export function onKeys(commands: Commands, now: () => { held: boolean; building: boolean }): void {
  const holding: Record<string, () => void> = {
    escape: () => commands.back(),
    "1": () => commands.look("smooth"), "2": () => commands.look("voxels"), "3": () => commands.look("edit"),
    m: () => commands.mend(),
  };
  const building: Record<string, () => void> = {
    a: () => commands.pen("add"), r: () => commands.pen("remove"), s: () => commands.snap(),
  };
  addEventListener("keydown", (event) => {
    if (event.altKey || (event.target as HTMLElement).closest("select")) return;
    const letter = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (letter !== "z" && letter !== "y") return;
      event.preventDefault();
      return commands.step(letter === "y" || event.shiftKey ? 1 : -1);
    }
    const is = now();
    if (is.held) (holding[letter] ?? (is.building ? building[letter] : undefined))?.();
  });
}
