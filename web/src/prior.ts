// Latent vectors from the prior, by a seed.

export function draws(n: number, latentDim: number, prior: string, seed: number): Float32Array[] {
  const uniform = source(seed);
  const one = prior === "uniform" ? uniform : () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return Array.from({ length: n }, () => Float32Array.from({ length: latentDim }, one));
}

/** Numbers in [0, 1): mulberry32. */
export function source(seed: number): () => number {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bf03635) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
