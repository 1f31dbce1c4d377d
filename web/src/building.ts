// Building: voxels of the shape in hand are set and cleared with the pen.

import { BoxGeometry, EdgesGeometry, LineBasicMaterial, LineSegments } from "three";
import { placeOf } from "./blocks";
import { otherPen, strokeAt, type Pen, type Stroke } from "./pen";
import type { Form } from "./source";
import type { Stage } from "./stage";

export class Building {
  private readonly frame = new LineSegments(new EdgesGeometry(new BoxGeometry(1.02, 1.02, 1.02)), new LineBasicMaterial({ color: 0x3d7a9e }));
  private form: Form | null = null; // null while nothing is built
  pen: Pen = "add";

  constructor(
    private readonly stage: Stage,
    private readonly onStroke: (stroke: Stroke) => void,
  ) {
    stage.add(this.frame);
    this.frame.visible = false;
  }

  /** Build on this, or on nothing. */
  show(form: Form | null): void {
    this.form = form;
    this.frame.visible = false;
  }

  touch(event: PointerEvent): void {
    const stroke = this.strokeAt(event);
    if (stroke) this.onStroke(stroke);
  }

  /** Mark the voxel that the pen would change where a pointer is. */
  pass(event: PointerEvent | null): void {
    if (!this.form) return;
    const stroke = event && this.strokeAt(event);
    this.frame.visible = stroke !== null;
    if (stroke) this.frame.position.set(...placeOf(stroke.voxel, this.form.resolution));
    this.stage.draw();
  }

  /** The other button, or Shift, is the other pen. */
  private strokeAt(event: PointerEvent): Stroke | null {
    const { form, stage } = this;
    const hit = form && stage.under(event);
    if (!hit || !stage.blocks) return null;
    const swapped = event.button === 2 || event.shiftKey;
    return strokeAt(hit, stage.blocks, swapped ? otherPen(this.pen) : this.pen, form.resolution);
  }
}
