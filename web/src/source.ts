// Where shapes come from: a server, or a generator in the browser. The page knows no more than this.

export interface Attribute {
  name: string;
  low: number;
  high: number;
}

export interface SpaceFacts {
  name: string;
  resolution: number;
  latent_dim: number;
  prior: string;
  threshold: number;
  categories: string[];
  licence: string;
  can_reconstruct: boolean;
  can_search: boolean;
  attributes: Attribute[];
}

/** One shape: where it lies in the space, and its occupancy, 0 to 255, x slowest, z fastest and up. */
export interface Form {
  z: Float32Array;
  occupancy: Uint8Array;
  resolution: number;
  threshold: number;
}

export interface ShapeMap {
  z: Float32Array[];
  xy: [number, number][];
}

/** What became of a shape that was to be in one piece: it is as it was, and `moved` 0, if none such was found. */
export interface Mended {
  form: Form;
  whole: boolean;
  moved: number;
}

export type Progress = (part: number) => void;

export interface ShapeSource {
  spaces(): Promise<SpaceFacts[]>;
  sample(space: string, n: number, seed: number): Promise<Form[]>;
  decode(space: string, z: Float32Array[]): Promise<Form[]>;
  /** One shape: moved along attributes, each by so many typical changes. */
  move(space: string, z: Float32Array, attributes: Record<string, number>): Promise<Form>;
  map(space: string): Promise<ShapeMap>;
  /** The nearest shape of the space to drawn voxels: 0 or 1 each, resolution^3 of them. */
  snap(space: string, voxels: Uint8Array, resolution: number, progress: Progress): Promise<Form>;
  snapFile?(space: string, file: File, progress: Progress): Promise<Form>;
  reconstruct?(space: string, file: File): Promise<Form>;
  /** The shape moved a little, until it is in one piece above the threshold. */
  mend?(space: string, z: Float32Array, threshold: number): Promise<Mended>;
  neighbours?(space: string, z: Float32Array, k: number): Promise<Form[]>;
}

/** Where the page is: its source, and the space that is shown. */
export interface Here {
  readonly source: ShapeSource;
  readonly space: SpaceFacts;
}

/** What went wrong, in one line, and whether trying again may help. */
export class SourceError extends Error {
  constructor(
    message: string,
    readonly again: boolean,
  ) {
    super(message);
  }
}
