// The pen: which voxel it would set or clear, and the shape after it did.

import type { Intersection } from "three";
import { beside, FACINGS, isInside, placeOf, voxelOf, type Blocks } from "./blocks";
import { full } from "./scene";
import type { Form } from "./source";

export type Pen = "add" | "remove";

/** A voxel that is set (1) or cleared (0). */
export interface Stroke {
  voxel: number;
  value: 0 | 1;
}

export function otherPen(pen: Pen): Pen {
  return pen === "add" ? "remove" : "add";
}

/** What a pen would do where the surface is hit: clear the voxel, or set the one before its face. */
export function strokeAt({ faceIndex }: Intersection, { voxel, facing }: Blocks, pen: Pen, n: number): Stroke | null {
  if (faceIndex == null) return null;
  if (pen === "remove") return { voxel: voxel[faceIndex], value: 0 };
  const place = beside(placeOf(voxel[faceIndex], n), FACINGS[facing[faceIndex]]);
  return isInside(place, n) ? { voxel: voxelOf(place, n), value: 1 } : null;
}

/** The form with one voxel set or cleared. */
export function stroked(form: Form, { voxel, value }: Stroke): Form {
  const occupancy = full(form).map((inside) => inside * 255);
  occupancy[voxel] = value * 255;
  return { ...form, occupancy };
}
