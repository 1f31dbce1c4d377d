// The page as a whole: which space it shows, and what happens on what.

import { Address } from "./address";
import { Alike } from "./alike";
import { Bench } from "./bench";
import { Blend } from "./blend";
import { onFiles } from "./drop";
import { Errands } from "./errands";
import { Hand, type Held } from "./hand";
import { onKeys } from "./keys";
import { fromFragment } from "./link";
import { Live } from "./live";
import { MapView } from "./map";
import { part } from "./page";
import { stroked, type Stroke } from "./pen";
import { Remembered } from "./remembered";
import { full } from "./scene";
import { SourceError, type Form, type Here, type ShapeSource, type SpaceFacts } from "./source";
import { Thumbs } from "./thumbs";
import { Trouble } from "./trouble";
import { Waiting } from "./waiting";
import { Walk } from "./walk";
import { Wall } from "./wall";

export class App implements Here {
  space!: SpaceFacts;
  private facts: SpaceFacts[] = [];

  private readonly trouble = {
    stage: new Trouble(part("stage-trouble")), wall: new Trouble(part("wall-trouble")),
    map: new Trouble(part("map-trouble")), alike: new Trouble(part("alike-trouble")),
  };
  private readonly thumbs = new Thumbs();
  private readonly waiting = new Waiting();
  private readonly address = new Address(this.waiting);
  private readonly hand = new Hand({
    taken: (held) => this.taken(held), shown: (held) => this.shown(held), kept: () => this.kept(),
  });
  private readonly live = new Live(this.hand, this.waiting, this.trouble.stage);
  private readonly errands = new Errands(this, this.hand, this.waiting, this.trouble);
  private readonly bench = new Bench((stroke) => this.stroke(stroke), () => this.tell());
  private readonly wall = new Wall(this.thumbs, (form, label) => this.picked(form, label), (from, to) => this.met(from, to));
  private readonly walk = new Walk(this, this.live);
  private readonly blend = new Blend(this, this.thumbs, (z, label, cut) => this.walk.go(z, label, cut), () => this.live.rest());
  private readonly map = new MapView(part<HTMLCanvasElement>("map"), this.thumbs, (z) => this.wander(z), () => this.live.rest());
  private readonly alike = new Alike(this, this.hand, this.thumbs, this.trouble.alike);
  private readonly remembered = new Remembered(this.hand, this.thumbs);

  constructor(readonly source: ShapeSource) {}

  async start(): Promise<void> {
    this.listen();
    this.wall.expect();
    await this.trouble.wall.around(async () => {
      this.facts = await this.source.spaces();
      if (!this.facts.length) throw new SourceError("there is no space to show", true);
      const names = part<HTMLSelectElement>("spaces");
      names.replaceChildren(...this.facts.map(({ name }) => new Option(name, name)));
      const linked = fromFragment(location.hash);
      this.enter(this.facts.find(({ name }) => name === linked?.space) ?? this.facts[0]);
    });
  }

  // ---- where the page is

  private enter(space: SpaceFacts): void {
    this.space = space;
    part<HTMLSelectElement>("spaces").value = space.name;
    document.title = `${space.name} · shapespace`;
    part("open-photo").hidden = !(space.can_reconstruct && this.source.reconstruct);
    part("open-file").hidden = !this.source.snapFile;
    part("mend").hidden = !this.source.mend;
    this.walk.enter();
    this.alike.enter();
    this.hand.past.clear();
    this.close();
    this.wall.clear();
    void this.more();
    void this.follow();
  }

  private more(): Promise<void> {
    return this.trouble.wall.around(() => this.wall.more(this));
  }

  /** Show what the address says. */
  private async follow(): Promise<void> {
    const seen = fromFragment(location.hash);
    if (!seen) return;
    const space = this.facts.find(({ name }) => name === seen.space);
    await this.trouble.wall.around(async () => {
      if (!space) throw new SourceError(`the link is to the space ${seen.space}, which is not here`, false);
      if (space !== this.space) return this.enter(space);
      const [form] = await this.source.decode(space.name, [seen.z]);
      const { voxels } = seen;
      form.threshold = seen.cut ?? form.threshold;
      if (voxels) Object.assign(form, { occupancy: voxels.map((value) => value * 255), resolution: seen.resolution });
      this.bench.stage.stand = { ...seen.stand };
      this.bench.setLook(seen.look);
      this.hand.hold({ form, label: "From a link", built: voxels !== null });
    });
  }

  /** Say in the address what is seen. */
  private tell(): void {
    const { held, isKept } = this.hand;
    if (!held || !isKept) return;
    const { form, built } = held;
    this.address.say({
      space: this.space.name, z: form.z, look: this.bench.look, stand: this.bench.stage.stand,
      cut: form.threshold === this.space.threshold ? null : form.threshold,
      voxels: built ? full(form) : null, resolution: form.resolution,
    });
  }

  // ---- what is in hand

  private taken(held: Held): void {
    this.live.stop();
    this.walk.begin(held);
    this.map.leave();
    this.blend.leave();
  }

  private shown({ form, label }: Held): void {
    const opens = !this.bench.isOpen;
    this.bench.show(form, label);
    this.wall.mark(form);
    if (opens) void this.layMap();
  }

  private kept(): void {
    this.remembered.show();
    this.tell();
    void this.alike.find();
  }

  private close(): void {
    this.hand.drop();
    this.address.stop();
    this.blend.pick(false);
    this.bench.close();
    this.wall.mark(null);
  }

  /** Back to the wall. */
  private leave(): void {
    this.close();
    this.address.clear();
  }

  private async layMap(): Promise<void> {
    if (!this.hand.held || !part<HTMLDetailsElement>("map-panel").open) return; // before there is a space, too
    await this.trouble.map.around(() => this.map.lay(this));
  }

  // ---- what comes into the hand

  private picked(form: Form, label: string): void {
    if (!this.blend.picking) return this.hand.hold({ form, label, built: false });
    this.blend.pick(false);
    if (this.hand.held) this.blend.between(this.hand.held.form, form);
  }

  private met(from: Form, to: Form | "held"): void {
    const { held } = this.hand;
    if (to === "held" && held) return this.blend.between(held.form, from);
    if (!held) this.hand.hold({ form: from, label: "A shape", built: false });
    if (to !== "held") this.blend.between(from, to);
  }

  private wander(z: Float32Array): void {
    this.blend.leave();
    this.walk.go(z, "From the map");
  }

  private mend(): void {
    void this.errands.mend((note) => this.bench.note(note));
  }

  private stroke(stroke: Stroke): void {
    const { held } = this.hand;
    if (!held) return;
    const label = held.built ? held.label : `${held.label}, built on`;
    this.hand.hold({ form: stroked(held.form, stroke), label, built: true });
  }

  // ---- what happens on what

  private listen(): void {
    const click = (id: string, action: () => void) => part(id).addEventListener("click", action);
    click("more", () => void this.more());
    click("close", () => this.leave());
    click("snap", () => void this.errands.snap());
    click("mend", () => this.mend());
    click("stl", () => void this.errands.download(this.bench.stage, "stl"));
    click("glb", () => void this.errands.download(this.bench.stage, "glb"));
    click("link", () => void this.address.copy(part("link")));
    part<HTMLSelectElement>("spaces").addEventListener("change", (event) => {
      const chosen = (event.target as HTMLSelectElement).value;
      this.address.clear();
      this.enter(this.facts.find(({ name }) => name === chosen)!);
    });
    part("map-panel").addEventListener("toggle", () => void this.layMap());
    onFiles((file) => void this.errands.read(file, () => this.alike.open())); // who brings a shape is searching
    addEventListener("hashchange", () => void this.follow());
    onKeys({
      step: (by) => this.hand.step(by), back: () => this.back(), look: (look) => this.bench.choose(look),
      mend: () => this.mend(),
      pen: (pen) => this.bench.take(pen), snap: () => void this.errands.snap(),
    }, () => ({ held: this.hand.held !== null, building: this.bench.look === "edit" }));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.tint());
  }

  /** One step back: from choosing another shape, from building, from the shape in hand. */
  private back(): void {
    if (this.blend.picking) this.blend.pick(false);
    else if (this.bench.look === "edit") this.bench.setLook("voxels");
    else this.leave();
  }

  private tint(): void {
    this.thumbs.tint();
    this.bench.tint();
    this.wall.redraw();
    this.map.draw();
  }
}
