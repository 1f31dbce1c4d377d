// The cursor of building by keys: where it begins, and where a key leads.

import { beside, FACINGS, isInside, placeOf, voxelOf, type Place } from "./blocks";
import type { Pen } from "./pen";
import { eye, full, type Stand } from "./scene";
import type { Form } from "./source";

const AWAY: Place[] = [[0, 1, 0], [-1, 0, 0], [0, -1, 0], [1, 0, 0]]; // from the viewer, at each quarter turn of the camera

/** The step that a key means, as the viewer sees the ground; null where it means none. */
export function stepOf(key: string, azimuth: number): Place | null {
  const quarter = Math.round(azimuth / 90);
  const turned = (turns: number) => AWAY.at((quarter + turns) % 4)!;
  switch (key) {
    case "ArrowUp": return turned(0);
    case "ArrowLeft": return turned(1);
    case "ArrowDown": return turned(2);
    case "ArrowRight": return turned(3);
    case "PageUp": return [0, 0, 1];
    case "PageDown": return [0, 0, -1];
    default: return null;
  }
}

/** Where the pen can begin: the voxel of the shape that is nearest to the viewer, or the empty one before it. */
export function beginning(form: Form, stand: Stand, pen: Pen): Place {
  const n = form.resolution, grid = full(form);
  const viewer = eye(stand).multiplyScalar(n).addScalar((n - 1) / 2).toArray();
  const far = (place: Place) => Math.hypot(...place.map((value, axis) => value - viewer[axis]));
  const nearest = (places: Place[]) => places.reduce<Place | null>((best, place) => (best && far(best) <= far(place) ? best : place), null);
  const middle = Math.floor(n / 2);
  const own = nearest([...grid.keys()].filter((voxel) => grid[voxel]).map((voxel) => placeOf(voxel, n))) ?? [middle, middle, middle];
  if (pen === "remove") return own;
  const around = FACINGS.map((facing) => beside(own, facing));
  return nearest(around.filter((place) => isInside(place, n) && !grid[voxelOf(place, n)])) ?? own;
}
