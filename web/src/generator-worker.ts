// The generator beside the page: it runs in a worker, so that the page stays awake while shapes are made.

import * as ort from "onnxruntime-web/wasm";

export interface Wish {
  id: number;
  z: Float32Array; // one latent vector after another
  count: number;
}

export interface Begin {
  model: string; // addresses
  runtime: string;
}

export interface Made {
  id: number;
  occupancy?: Uint8Array;
  trouble?: string;
}

let session: Promise<ort.InferenceSession> | null = null;

async function load({ model, runtime }: Begin): Promise<ort.InferenceSession> {
  ort.env.wasm.numThreads = 1; // more need headers that a plain host of files does not send
  ort.env.wasm.wasmPaths = { wasm: runtime };
  const answer = await fetch(model);
  if (!answer.ok) throw new Error(`generator.onnx did not come (${answer.status})`);
  return ort.InferenceSession.create(new Uint8Array(await answer.arrayBuffer()), { executionProviders: ["wasm"] });
}

async function made({ z, count }: Wish): Promise<Uint8Array> {
  const tensor = new ort.Tensor("float32", z, [count, z.length / count]);
  const { occupancy } = await (await session!).run({ z: tensor });
  const values = occupancy.data as Float32Array;
  return Uint8Array.from(values, (value) => Math.round(255 * value));
}

let before: Promise<unknown> = Promise.resolve(); // a session does one thing at a time

addEventListener("message", (event: MessageEvent<Begin | Wish>) => {
  const asked = event.data;
  if ("model" in asked) {
    session = load(asked);
    session.catch(() => undefined); // told with the first wish
    return;
  }
  before = before.then(async () => {
    try {
      const occupancy = await made(asked);
      postMessage({ id: asked.id, occupancy } satisfies Made, { transfer: [occupancy.buffer] });
    } catch (error) {
      postMessage({ id: asked.id, trouble: String(error instanceof Error ? error.message : error) } satisfies Made);
    }
  });
});
