// Building: voxels of the shape in hand are set and cleared with the pen, by a pointer or by a cursor that keys move.

import { beside, isInside, placeOf, voxelOf, type Place } from "./blocks";
import { beginning, stepOf } from "./cursor";
import { Mark } from "./mark";
import { choice, part } from "./page";
import { otherPen, strokeAt, type Pen, type Stroke } from "./pen";
import { floorOf, full } from "./scene";
import type { Form } from "./source";
import type { Stage } from "./stage";

export class Building {
  private readonly mark = new Mark();
  private form: Form | null = null; // null while nothing is built
  private cursor: Place | null = null; // null until keys are used
  private shown = false; // the cursor: not while a pointer builds, nor while the keys go elsewhere
  private pen: Pen = "add";
  private readonly view = part("view");
  private readonly line = part("where"); // the cursor, in words
  private readonly press = choice<Pen>("pens", "pen", (pen) => this.take(pen));

  constructor(
    private readonly stage: Stage,
    private readonly onStroke: (stroke: Stroke) => void,
  ) {
    stage.add(this.mark);
    this.view.addEventListener("focus", () => this.greet());
    this.view.addEventListener("blur", () => this.leave());
  }

  /** Build on this, or on nothing. */
  show(form: Form | null): void {
    const opened = !this.form;
    if (form?.resolution !== this.form?.resolution) this.cursor = null;
    this.form = form;
    this.mark.visible = false;
    part("building").hidden = part("by-keys").hidden = !form;
    this.view.setAttribute("aria-describedby", form ? "by-keys" : "");
    if (!form) this.leave();
    else if (this.shown) this.appear();
    else if (opened) this.greet();
  }

  take(pen: Pen): void {
    this.pen = pen;
    this.press(pen);
    if (this.shown) this.appear();
  }

  tint(): void {
    this.mark.tint();
  }

  // ---- by a pointer

  touch(event: PointerEvent): void {
    const stroke = this.strokeAt(event);
    if (stroke) this.onStroke(stroke);
  }

  /** Mark the voxel that the pen would change where a pointer is. */
  pass(event: PointerEvent | null): void {
    if (!this.form || (!event && this.shown)) return;
    this.leave();
    const stroke = event && this.strokeAt(event);
    if (stroke) this.mark.hover(placeOf(stroke.voxel, this.form.resolution));
  }

  /** The other button, or Shift, is the other pen. */
  private strokeAt(event: PointerEvent): Stroke | null {
    const { form, stage } = this;
    const hit = form && stage.under(event);
    if (!hit || !stage.blocks) return null;
    const swapped = event.button === 2 || event.shiftKey;
    return strokeAt(hit, stage.blocks, swapped ? otherPen(this.pen) : this.pen, form.resolution);
  }

  // ---- by keys

  /** Move the cursor, or use the pen at it; return whether the key is one for that. */
  key(event: KeyboardEvent): boolean {
    const { form } = this;
    const step = event.shiftKey ? null : stepOf(event.key, this.stage.stand.azimuth);
    const strikes = event.key === "Enter" || event.key === " ";
    if (!form || !(step || strikes)) return false;
    if (!this.shown || !this.cursor) this.appear(); // nothing is changed at a place that was not seen
    else if (step) this.go(this.cursor, step, form.resolution);
    else if (!event.repeat) this.strike(this.cursor, event.shiftKey ? otherPen(this.pen) : this.pen, form);
    return true;
  }

  private go(from: Place, step: Place, n: number): void {
    const place = beside(from, step);
    if (!isInside(place, n)) return this.say("the edge of the grid");
    this.cursor = place;
    this.appear();
  }

  private strike(place: Place, pen: Pen, form: Form): void {
    const voxel = voxelOf(place, form.resolution), value = pen === "add" ? 1 : 0;
    if (full(form)[voxel] === value) return this.say(`already ${word(value)}`);
    this.onStroke({ voxel, value });
    const count = full(this.form ?? form).reduce((sum, one) => sum + one, 0);
    this.say(`${word(value)} now, ${count} voxels`);
  }

  /** Who came by keys sees the cursor at once. */
  private greet(): void {
    if (this.form && this.view.matches(":focus-visible")) this.appear();
  }

  private appear(): void {
    const { form, stage } = this;
    if (!form) return;
    const grid = full(form), n = form.resolution;
    this.cursor ??= beginning(form, stage.stand, this.pen);
    this.shown = true;
    this.mark.show(this.cursor, floorOf(grid, n));
    this.say(word(grid[voxelOf(this.cursor, n)]));
    stage.draw();
  }

  private leave(): void {
    this.shown = this.mark.visible = false;
    this.line.textContent = "";
    this.stage.draw();
  }

  private say(what: string): void {
    if (!this.cursor) return;
    const [x, y, z] = this.cursor;
    this.line.textContent = `x ${x}, y ${y}, z ${z}: ${what}`;
  }
}

function word(value: number): string {
  return value ? "full" : "empty";
}
