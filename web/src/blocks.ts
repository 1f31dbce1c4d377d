// Voxels as they are: the faces between full and empty, darker in corners, as building blocks look.

import { BufferAttribute, BufferGeometry } from "three";

/** Which voxel each triangle belongs to, and where its face looks: for the pen. */
export interface Blocks {
  geometry: BufferGeometry;
  voxel: Int32Array; // of each triangle, x slowest
  facing: Int8Array; // of each triangle, a number into FACINGS
}

export type Place = [x: number, y: number, z: number];

export const FACINGS: Place[] = [
  [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1],
];

const SHADE = [0.55, 0.72, 0.86, 1]; // by how many of a corner's three neighbours are empty

export function blocks(full: Uint8Array, n: number): Blocks {
  const at = (x: number, y: number, z: number) =>
    x >= 0 && y >= 0 && z >= 0 && x < n && y < n && z < n ? full[(x * n + y) * n + z] : 0;
  const positions: number[] = [], normals: number[] = [], colours: number[] = [], index: number[] = [];
  const voxel: number[] = [], facing: number[] = [];
  for (let x = 0; x < n; x++)
    for (let y = 0; y < n; y++)
      for (let z = 0; z < n; z++) {
        if (!at(x, y, z)) continue;
        FACINGS.forEach((f, side) => {
          if (at(x + f[0], y + f[1], z + f[2])) return;
          const axis = side >> 1, u = (axis + 1) % 3, v = (axis + 2) % 3;
          const start = positions.length / 3;
          const light: number[] = [];
          for (const [a, b] of [[-1, -1], [1, -1], [1, 1], [-1, 1]]) {
            const corner = [x, y, z];
            corner[axis] += f[axis] * 0.5;
            corner[u] += a * 0.5;
            corner[v] += b * 0.5;
            positions.push(...corner);
            normals.push(...f);
            const along = (du: number, dv: number) => {
              const p = [x + f[0], y + f[1], z + f[2]];
              p[u] += du;
              p[v] += dv;
              return at(p[0], p[1], p[2]) ? 1 : 0;
            };
            const one = along(a, 0), two = along(0, b);
            light.push(SHADE[one && two ? 0 : 3 - one - two - along(a, b)]);
          }
          for (const value of light) colours.push(value, value, value);
          // the diagonal that keeps the shade even; the winding that looks outward
          const even = light[0] + light[2] >= light[1] + light[3];
          const corners = even ? [0, 1, 2, 0, 2, 3] : [1, 2, 3, 1, 3, 0];
          if (f[axis] < 0) corners.reverse();
          index.push(...corners.map((k) => start + k));
          const number = (x * n + y) * n + z;
          voxel.push(number, number);
          facing.push(side, side);
        });
      }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(positions), 3));
  geometry.setAttribute("normal", new BufferAttribute(new Float32Array(normals), 3));
  geometry.setAttribute("color", new BufferAttribute(new Float32Array(colours), 3));
  geometry.setIndex(index);
  return { geometry, voxel: Int32Array.from(voxel), facing: Int8Array.from(facing) };
}

/** The place of a voxel by its number in the grid, and back. */
export function placeOf(voxel: number, n: number): Place {
  return [Math.floor(voxel / n / n), Math.floor(voxel / n) % n, voxel % n];
}

export function voxelOf([x, y, z]: Place, n: number): number {
  return (x * n + y) * n + z;
}

export function beside(place: Place, step: Place): Place {
  return place.map((value, axis) => value + step[axis]) as Place;
}

export function isInside(place: Place, n: number): boolean {
  return place.every((value) => value >= 0 && value < n);
}
