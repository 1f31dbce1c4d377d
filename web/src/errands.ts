// Errands: what takes seconds, or a file. A bar tells how far they are, and what is in hand stays until they are done.

import { isPicture } from "./drop";
import { save, written } from "./files";
import type { Hand, Held } from "./hand";
import { full } from "./scene";
import { SourceError, type Here, type Progress } from "./source";
import type { Stage } from "./stage";
import type { Trouble } from "./trouble";
import type { Waiting } from "./waiting";

export class Errands {
  private mending: Held | null = null; // the button is not disabled meanwhile: who pressed it by keys would lose the focus

  constructor(
    private readonly here: Here,
    private readonly hand: Hand,
    private readonly waiting: Waiting,
    private readonly trouble: { stage: Trouble; wall: Trouble },
  ) {}

  /** The shape of the space that is nearest to what was built. */
  async snap(): Promise<void> {
    const { source, space } = this.here, { held } = this.hand;
    if (!held) return;
    await this.long(this.trouble.stage, async (progress) => {
      const form = await source.snap(space.name, full(held.form), held.form.resolution, progress);
      return { form, label: "Snapped", built: false };
    });
  }

  /** The shape in hand, moved a little until it is in one piece; what there is to say instead of a shape is told. */
  async mend(tell: (note: string) => void): Promise<void> {
    const { source, space } = this.here, { held } = this.hand;
    if (!held || !source.mend || held === this.mending) return;
    if (held.built) return tell("snap it first, then mend"); // what was built has no latent vector to be moved
    this.mending = held;
    await this.long(this.trouble.stage, async () => {
      const { form, whole, moved } = await source.mend!(space.name, held.form.z, held.form.threshold);
      if (whole && moved) return { form, label: "Mended", built: false };
      if (held === this.hand.held) tell(whole ? "in one piece already" : "none in one piece was found near it");
      return null;
    });
    if (this.mending === held) this.mending = null;
  }

  /** The shape that a photograph shows, or the one of the space that is nearest to a file's. */
  async read(file: File, onShape: () => void): Promise<void> {
    const { source, space } = this.here;
    await this.long(this.hand.held ? this.trouble.stage : this.trouble.wall, async (progress) => {
      if (isPicture(file)) {
        if (!source.reconstruct || !space.can_reconstruct) {
          throw new SourceError(`the space ${space.name} reads no pictures: it was trained without an encoder`, false);
        }
        return { form: await source.reconstruct(space.name, file), label: `From ${file.name}`, built: false };
      }
      if (!source.snapFile) throw new SourceError("files of shapes are read by `shapespace serve` only", false);
      const form = await source.snapFile(space.name, file, progress);
      onShape();
      return { form, label: `Nearest to ${file.name}`, built: false };
    });
  }

  async download({ surface }: Stage, format: "stl" | "glb"): Promise<void> {
    const { held } = this.hand;
    await this.trouble.stage.around(async () => {
      if (surface && held) save(await written(surface, held.form.resolution, format), `${this.here.space.name}.${format}`);
    });
  }

  private async long(trouble: Trouble, work: (progress: Progress) => Promise<Held | null>): Promise<void> {
    const { hand, waiting } = this;
    await trouble.around(async () => {
      const { epoch } = hand;
      waiting.bar(true);
      try {
        const held = await work((part) => waiting.bar(true, part));
        if (held && epoch === hand.epoch) hand.hold(held);
      } finally {
        waiting.bar(false);
      }
    });
  }
}
