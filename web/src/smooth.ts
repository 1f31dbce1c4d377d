// Occupancy as a smooth surface: naive surface nets, then a little smoothing that keeps the volume (Taubin 1995).

import { BufferAttribute, BufferGeometry } from "three";

const ROUNDS = 3;
const [SHRINK, GROW] = [0.5, -0.53];

export function smooth(occupancy: Uint8Array, n: number, threshold: number): BufferGeometry {
  const m = n + 2; // empty all around, so that the surface closes
  const level = threshold * 255;
  const field = new Float32Array(m * m * m);
  for (let x = 0; x < n; x++)
    for (let y = 0; y < n; y++)
      for (let z = 0; z < n; z++) field[((x + 1) * m + y + 1) * m + z + 1] = occupancy[(x * n + y) * n + z];
  const { positions, vertexOf } = vertices(field, m, level);
  const index = quads(field, m, level, vertexOf);
  relax(positions, index);
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(positions, 3));
  geometry.setIndex(index);
  geometry.computeVertexNormals();
  return geometry;
}

/** A vertex in each cell that the surface passes: the mean of where it cuts the cell's edges. */
function vertices(field: Float32Array, m: number, level: number) {
  const vertexOf = new Int32Array(m * m * m).fill(-1);
  const positions: number[] = [];
  const step = [m * m, m, 1];
  for (let x = 0; x < m - 1; x++)
    for (let y = 0; y < m - 1; y++)
      for (let z = 0; z < m - 1; z++) {
        const cell = (x * m + y) * m + z;
        if (!passes(field, cell, m, level)) continue;
        let count = 0, sx = 0, sy = 0, sz = 0;
        for (let axis = 0; axis < 3; axis++)
          for (let corner = 0; corner < 4; corner++) {
            const u = (axis + 1) % 3, v = (axis + 2) % 3;
            const from = [0, 0, 0];
            from[u] = corner & 1;
            from[v] = corner >> 1;
            const a = field[cell + from[0] * step[0] + from[1] * step[1] + from[2] * step[2]];
            const b = field[cell + from[0] * step[0] + from[1] * step[1] + from[2] * step[2] + step[axis]];
            if (a > level === b > level) continue;
            const t = (level - a) / (b - a);
            sx += from[0] + (axis === 0 ? t : 0);
            sy += from[1] + (axis === 1 ? t : 0);
            sz += from[2] + (axis === 2 ? t : 0);
            count++;
          }
        if (!count) continue;
        vertexOf[cell] = positions.length / 3;
        positions.push(x - 1 + sx / count, y - 1 + sy / count, z - 1 + sz / count);
      }
  return { positions: new Float32Array(positions), vertexOf };
}

function passes(field: Float32Array, cell: number, m: number, level: number): boolean {
  const first = field[cell] > level;
  const xy = cell + m * m + m;
  return !(
    field[cell + 1] > level === first && field[cell + m] > level === first && field[cell + m + 1] > level === first &&
    field[cell + m * m] > level === first && field[cell + m * m + 1] > level === first && field[xy] > level === first &&
    field[xy + 1] > level === first
  );
}

/** Two triangles around each edge of the grid that the surface cuts. */
function quads(field: Float32Array, m: number, level: number, vertexOf: Int32Array): number[] {
  const index: number[] = [];
  const step = [m * m, m, 1];
  for (let x = 1; x < m - 1; x++)
    for (let y = 1; y < m - 1; y++)
      for (let z = 1; z < m - 1; z++) {
        const cell = (x * m + y) * m + z;
        const inside = field[cell] > level;
        for (let axis = 0; axis < 3; axis++) {
          for (const sign of [1, -1]) {
            // an edge is seen from its full end only
            if (!inside || field[cell + sign * step[axis]] > level) continue;
            const base = sign > 0 ? cell : cell - step[axis];
            const u = step[(axis + 1) % 3], v = step[(axis + 2) % 3];
            const [a, b, c, d] = [vertexOf[base - u - v], vertexOf[base - v], vertexOf[base], vertexOf[base - u]];
            if (sign > 0) index.push(a, b, c, a, c, d);
            else index.push(a, c, b, a, d, c);
          }
        }
      }
  return index;
}

function relax(positions: Float32Array, index: number[]): void {
  const count = positions.length / 3;
  const degree = new Uint16Array(count);
  for (const i of index) degree[i] += 2;
  for (let round = 0; round < 2 * ROUNDS; round++) {
    const sums = new Float32Array(positions.length);
    for (let t = 0; t < index.length; t += 3)
      for (let k = 0; k < 3; k++) {
        const i = index[t + k], j = index[t + ((k + 1) % 3)];
        for (let d = 0; d < 3; d++) {
          sums[3 * i + d] += positions[3 * j + d];
          sums[3 * j + d] += positions[3 * i + d];
        }
      }
    const factor = round % 2 ? GROW : SHRINK;
    for (let i = 0; i < count; i++)
      if (degree[i])
        for (let d = 0; d < 3; d++) positions[3 * i + d] += factor * (sums[3 * i + d] / degree[i] - positions[3 * i + d]);
  }
}
