// Between two latent vectors: straight, or for a normal prior along the sphere that its vectors lie near.

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
