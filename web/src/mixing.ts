// Between latent vectors: of two, and of those near a point of a map.

import type { ShapeMap } from "./source";

const NEAR = 5; // shapes that a point of a map is blended of

/** Between two: straight, or for a normal prior along the sphere that its vectors lie near. */
export function mixed(from: Float32Array, to: Float32Array, t: number, prior: string): Float32Array {
  if (t <= 0) return from;
  if (t >= 1) return to;
  const weights = prior === "normal" ? onSphere(from, to, t) : [1 - t, t];
  return from.map((value, i) => weights[0] * value + weights[1] * to[i]);
}

function onSphere(from: Float32Array, to: Float32Array, t: number): [number, number] {
  const dot = from.reduce((sum, value, i) => sum + value * to[i], 0);
  const angle = Math.acos(Math.min(1, Math.max(-1, dot / (Math.hypot(...from) * Math.hypot(...to) || 1))));
  const sine = Math.sin(angle);
  if (sine < 1e-3) return [1 - t, t];
  return [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine];
}

/** Of a point of a map: of the nearest shapes, the nearer the more, as long as theirs are. */
export function blended(map: ShapeMap, [x, y]: [number, number]): Float32Array {
  const far = map.xy.map(([a, b], i) => ({ i, d: Math.hypot(a - x, b - y) })).sort((p, q) => p.d - q.d).slice(0, NEAR);
  const weights = far.map(({ d }) => 1 / (d * d + 1e-4));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const z = new Float32Array(map.z[0].length);
  let length = 0;
  far.forEach(({ i }, k) => {
    const share = weights[k] / total;
    length += share * Math.hypot(...map.z[i]);
    map.z[i].forEach((value, d) => (z[d] += share * value));
  });
  // a mean of vectors is shorter than they are, and short vectors are dull shapes
  const own = Math.hypot(...z) || 1;
  return z.map((value) => (value * length) / own);
}
