// The page as a whole: what is in hand, where it came from, and where it goes next.

import { Building } from "./building";
import { isPicture, onFiles } from "./drop";
import { save, written } from "./files";
import { onGestures } from "./gestures";
import { Latest } from "./latest";
import { fromFragment, toFragment } from "./link";
import { MapView } from "./map";
import { mixed } from "./mixing";
import { part, tile } from "./page";
import { Past } from "./past";
import { stroked, type Pen, type Stroke } from "./pen";
import { dark, full, STAND, type Look } from "./scene";
import { Sliders } from "./sliders";
import { SourceError, type Form, type ShapeSource, type SpaceFacts } from "./source";
import { Stage } from "./stage";
import { Thumbs } from "./thumbs";
import { Trouble } from "./trouble";
import { Wall } from "./wall";

const AT_ONCE = 24; // shapes that the wall asks for
const ON_MAP = 36; // of them seen on the map
const SLOW = 500; // milliseconds after which waiting is shown

/** What can be in hand. */
interface Held {
  form: Form;
  label: string;
  built: boolean; // voxels were set by hand: the shape is not the one of its latent vector
}

/** Where the sliders begin, and what the blend lies between. */
interface Base {
  z: Float32Array;
  label: string;
}

export class App {
  private facts: SpaceFacts[] = [];
  private space!: SpaceFacts;
  private held: Held | null = null;
  private base: Base | null = null;
  private ends: { from: Form; to: Form } | null = null;
  private look: Look = "smooth";
  private picking = false;
  private seed = 0;
  private epoch = 0; // of what is in hand: an answer from before is not shown
  private rested = false;
  private wish: { label: string; make: () => Promise<Form> } | null = null;
  private mapped = "";
  private telling: ReturnType<typeof setTimeout> | undefined;
  private alikeOf: Form | null = null;

  private readonly thumbs = new Thumbs();
  private readonly past = new Past<Held>();
  private readonly latest = new Latest();
  private readonly tiles = new WeakMap<Held, HTMLButtonElement>();
  private readonly wall = new Wall(this.thumbs, (form, label) => this.picked(form, label), (from, to) => this.met(from, to));
  private readonly stage = new Stage(part<HTMLCanvasElement>("view"), () => this.tell());
  private readonly building = new Building(
    this.stage, part<HTMLCanvasElement>("view"), part("where"), (stroke) => this.stroke(stroke),
  );
  private readonly map = new MapView(part<HTMLCanvasElement>("map"), this.thumbs, (z) => this.wander(z), () => this.rest());
  private readonly sliders = new Sliders(part("sliders"), (amounts) => this.slide(amounts), () => this.rest());
  private readonly trouble = {
    stage: new Trouble(part("stage-trouble")), wall: new Trouble(part("wall-trouble")),
    map: new Trouble(part("map-trouble")), alike: new Trouble(part("alike-trouble")),
  };

  constructor(private readonly source: ShapeSource) {}

  async start(): Promise<void> {
    this.listen();
    this.wall.expect(AT_ONCE);
    await this.trouble.wall.around(async () => {
      this.facts = await this.source.spaces();
      if (!this.facts.length) throw new SourceError("there is no space to show", true);
      const names = part<HTMLSelectElement>("spaces");
      names.replaceChildren(...this.facts.map(({ name }) => new Option(name, name)));
      const linked = fromFragment(location.hash);
      this.enter(this.facts.find(({ name }) => name === linked?.space) ?? this.facts[0]);
    });
  }

  // ---- spaces and the wall

  private enter(space: SpaceFacts): void {
    this.space = space;
    part<HTMLSelectElement>("spaces").value = space.name;
    document.title = `${space.name} · shapespace`;
    part("open-photo").hidden = !(space.can_reconstruct && this.source.reconstruct);
    part("open-file").hidden = !this.source.snapFile;
    part("sliders-panel").hidden = !space.attributes.length;
    part("alike-panel").hidden = !(space.can_search && this.source.neighbours);
    this.sliders.show(space.attributes);
    this.past.clear();
    this.close(false);
    this.wall.clear();
    this.seed = 0;
    void this.more();
    void this.follow();
  }

  private async more(): Promise<void> {
    const { name } = this.space, seed = this.seed;
    await this.trouble.wall.around(async () => {
      this.wall.unexpect();
      this.wall.expect(AT_ONCE);
      try {
        const forms = await this.source.sample(name, AT_ONCE, seed);
        if (name !== this.space.name) return;
        this.wall.add(forms);
        this.seed = seed + 1;
      } finally {
        if (name === this.space.name) this.wall.unexpect();
      }
    });
  }

  private picked(form: Form, label: string): void {
    if (!this.picking) return this.hold({ form, label, built: false });
    this.pick(false);
    if (this.held) this.blend(this.held.form, form);
  }

  private met(from: Form, to: Form | "held"): void {
    if (to !== "held") return this.blend(from, to);
    if (this.held) this.blend(this.held.form, from);
    else this.hold({ form: from, label: "A shape", built: false });
  }

  // ---- what is in hand

  /** Take something new in hand: it is shown, and kept in the history. */
  private hold(held: Held, keepEnds = false): void {
    this.past.add(held);
    this.begin(held, keepEnds);
  }

  private begin(held: Held, keepEnds = false): void {
    this.epoch++;
    this.rested = false;
    this.base = { z: held.form.z, label: held.label };
    this.sliders.reset();
    this.map.leave();
    if (!keepEnds) this.unblend();
    this.show(held);
    this.recall();
    this.tell();
    void this.findAlike();
  }

  private show(held: Held): void {
    this.held = held;
    const bench = part("bench");
    if (bench.hidden) {
      bench.hidden = false;
      document.body.classList.add("held");
      scrollTo({ top: 0 });
      void this.layMap();
    }
    this.draw(held.form);
    part("caption").textContent = held.label;
    this.wall.mark(held.form);
    part<HTMLButtonElement>("undo").disabled = !this.past.canUndo;
    part<HTMLButtonElement>("redo").disabled = !this.past.canRedo;
  }

  private draw(form: Form): void {
    this.stage.show(form, this.look);
    this.building.show(this.look === "edit" ? form : null);
  }

  private close(tell = true): void {
    this.epoch++;
    this.held = null;
    this.pick(false);
    this.building.show(null);
    part("bench").hidden = true;
    document.body.classList.remove("held");
    this.wall.mark(null);
    if (tell) history.replaceState(null, "", location.pathname + location.search);
  }

  private step(by: number): void {
    if (!this.held || (by < 0 ? !this.past.canUndo : !this.past.canRedo)) return;
    this.begin(this.past.go(this.past.place + by));
  }

  private recall(): void {
    const shown = this.past.all.map((held, place) => {
      const button = this.tiles.get(held) ?? this.remembered(held);
      button.setAttribute("aria-pressed", String(place === this.past.place));
      return button;
    });
    part("past").replaceChildren(...shown.reverse());
  }

  private remembered(held: Held): HTMLButtonElement {
    const { button, canvas } = tile(held.label, 120);
    this.thumbs.draw(held.form, canvas, held.built ? "voxels" : "smooth");
    button.addEventListener("click", () => this.begin(this.past.go(this.past.all.indexOf(held))));
    this.tiles.set(held, button);
    return button;
  }

  // ---- live: a slider, the blend, the map

  /** Show what comes of the newest wish, as fast as it can be made. */
  private live(label: string, make: () => Promise<Form>): void {
    const { epoch } = this;
    this.rested = false;
    this.wish = { label, make };
    this.trouble.stage.clear();
    this.awake();
    const slow = setTimeout(() => this.busy(true), SLOW);
    const work = this.latest.ask(async () => {
      const form = await make();
      clearTimeout(slow);
      if (epoch === this.epoch) this.show({ form, label, built: false });
    });
    void work
      .then(() => this.rested && !this.latest.busy && this.keep()) // while busy, what is shown is not the newest
      .catch((error) => this.failed(error))
      .finally(() => {
        clearTimeout(slow);
        if (!this.latest.busy) this.busy(false);
        this.settle();
      });
  }

  /** Say so, and offer the newest wish again, kept if it had come to rest. */
  private failed(error: unknown): void {
    const { wish, rested } = this;
    this.trouble.stage.show(error, () => {
      if (wish) this.live(wish.label, wish.make);
      if (rested) this.rest();
    });
  }

  private rest(): void {
    this.rested = true;
    if (!this.latest.busy) this.keep();
  }

  /** What moved has come to rest: it belongs to the history, and the sliders stay where they are. */
  private keep(): void {
    this.rested = false;
    if (!this.held || this.past.now === this.held) return;
    this.past.add(this.held);
    this.show(this.held);
    this.recall();
    this.tell();
    void this.findAlike();
  }

  private slide(amounts: Record<string, number>): void {
    const { base, space } = this;
    if (!base) return;
    const moves = Object.entries(amounts).filter(([, value]) => value !== 0);
    const words = moves.map(([name, value]) => `${value > 0 ? "more" : "less"} ${name.replace(/_/g, " ")}`);
    const plain = base.label.split(",")[0];
    this.live([plain, ...words].join(", "), async () => {
      if (moves.length) return this.source.move(space.name, base.z, Object.fromEntries(moves));
      return (await this.source.decode(space.name, [base.z]))[0];
    });
  }

  private blend(from: Form, to: Form): void {
    this.ends = { from, to };
    if (!this.held) this.hold({ form: from, label: "A shape", built: false }, true);
    part("blend").hidden = false;
    part<HTMLDetailsElement>("blend-panel").open = true;
    this.thumbs.draw(from, part<HTMLCanvasElement>("blend-from"));
    this.thumbs.draw(to, part<HTMLCanvasElement>("blend-to"));
    part<HTMLInputElement>("blend-at").value = "0.5";
    this.mix(0.5);
    this.rest();
  }

  private mix(t: number): void {
    const { ends, space } = this;
    if (!ends) return;
    const z = mixed(ends.from.z, ends.to.z, t, space.prior);
    this.base = { z, label: `Blend, ${Math.round(t * 100)} %` };
    this.sliders.reset();
    this.live(this.base.label, async () => (await this.source.decode(space.name, [z]))[0]);
  }

  private unblend(): void {
    this.ends = null;
    part("blend").hidden = true;
  }

  private wander(z: Float32Array): void {
    const { space } = this;
    this.base = { z, label: "From the map" };
    this.sliders.reset();
    this.unblend();
    this.live("From the map", async () => (await this.source.decode(space.name, [z]))[0]);
  }

  private pick(on: boolean): void {
    this.picking = on;
    document.body.classList.toggle("picking", on);
    part("blend-pick").textContent = on ? "now choose it on the wall (Esc: not now)" : "pick the other end";
    if (on) part("wall-section").scrollIntoView({ behavior: "smooth", block: "nearest" });
  }

  // ---- map and neighbours

  private async layMap(): Promise<void> {
    if (!this.held || !part<HTMLDetailsElement>("map-panel").open) return; // before there is a space, too
    const { name } = this.space;
    if (this.mapped === name) return;
    this.mapped = name;
    await this.trouble.map.around(async () => {
      try {
        const map = await this.source.map(name);
        if (name !== this.space.name) return;
        const spread = this.map.show(map, ON_MAP);
        this.map.people(await this.source.decode(name, spread.map((i) => map.z[i])));
      } catch (error) {
        this.mapped = "";
        throw error;
      }
    });
  }

  private async findAlike(): Promise<void> {
    const panel = part<HTMLDetailsElement>("alike-panel");
    const { held, space, source } = this;
    if (panel.hidden || !panel.open || !held || held.form === this.alikeOf || !source.neighbours) return;
    this.alikeOf = held.form;
    await this.trouble.alike.around(async () => {
      const forms = await source.neighbours!(space.name, held.form.z, 8);
      if (this.held?.form !== held.form) return;
      part("alike").replaceChildren(...forms.map((form, i) => this.alike(form, i)));
    });
  }

  private alike(form: Form, rank: number): HTMLElement {
    const { button, canvas } = tile(`Neighbour ${rank + 1}`, 120);
    this.thumbs.draw(form, canvas, "voxels");
    button.addEventListener("click", () => this.hold({ form, label: `Neighbour ${rank + 1}`, built: true }));
    return button;
  }

  // ---- building

  private stroke(stroke: Stroke): void {
    const { held } = this;
    if (!held) return;
    const label = held.built ? held.label : `${held.label}, built on`;
    this.hold({ form: stroked(held.form, stroke), label, built: true });
  }

  private async snap(): Promise<void> {
    const { held, space } = this;
    if (!held) return;
    await this.long(this.trouble.stage, async (progress) => {
      const form = await this.source.snap(space.name, full(held.form), held.form.resolution, progress);
      return { form, label: "Snapped", built: false };
    });
  }

  // ---- files

  private async take(file: File): Promise<void> {
    const { space, source } = this;
    const trouble = this.held ? this.trouble.stage : this.trouble.wall;
    await this.long(trouble, async (progress) => {
      if (isPicture(file)) {
        if (!source.reconstruct || !space.can_reconstruct) {
          throw new SourceError(`the space ${space.name} reads no pictures: it was trained without an encoder`, false);
        }
        return { form: await source.reconstruct(space.name, file), label: `From ${file.name}`, built: false };
      }
      if (!source.snapFile) throw new SourceError("files of shapes are read by `shapespace serve` only", false);
      const form = await source.snapFile(space.name, file, progress);
      part<HTMLDetailsElement>("alike-panel").open = true; // who brings a shape is searching
      return { form, label: `Nearest to ${file.name}`, built: false };
    });
  }

  private async download(format: "stl" | "glb"): Promise<void> {
    await this.trouble.stage.around(async () => {
      if (!this.stage.surface || !this.held) return;
      const blob = await written(this.stage.surface, this.held.form.resolution, format);
      save(blob, `${this.space.name}.${format}`);
    });
  }

  /** Work that takes seconds: a bar tells how far it is, and what is in hand stays until it is done. */
  private async long(trouble: Trouble, work: (progress: (part: number) => void) => Promise<Held>): Promise<void> {
    await trouble.around(async () => {
      const { epoch } = this;
      this.busy(true);
      try {
        const held = await work((part) => this.busy(true, part));
        if (epoch === this.epoch) this.hold(held);
      } finally {
        this.busy(false);
      }
    });
  }

  private busy(on: boolean, done?: number): void {
    const bar = part<HTMLProgressElement>("busy");
    bar.hidden = !on;
    if (done === undefined) bar.removeAttribute("value");
    else bar.value = done;
    part<HTMLButtonElement>("snap").disabled = on;
  }

  // ---- the address

  /** Say in the address what is seen. */
  private tell(): void {
    if (!this.held || this.past.now !== this.held) return;
    const { form, built } = this.held;
    const seen = {
      space: this.space.name, z: form.z, look: this.look, stand: this.stage.stand,
      voxels: built ? full(form) : null, resolution: form.resolution,
    };
    clearTimeout(this.telling);
    this.awake();
    // browsers allow few changes of the address a second
    this.telling = setTimeout(() => {
      this.telling = undefined;
      if (this.held) history.replaceState(null, "", `#${toFragment(seen)}`);
      this.settle();
    }, 150);
  }

  /** Something is about to change what is seen, or what the address says of it. */
  private awake(): void {
    part("stage").setAttribute("aria-busy", "true");
  }

  private settle(): void {
    if (!this.latest.busy && this.telling === undefined) part("stage").setAttribute("aria-busy", "false");
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
      if (voxels) Object.assign(form, { occupancy: voxels.map((value) => value * 255), resolution: seen.resolution });
      this.stage.stand = { ...seen.stand };
      this.setLook(seen.look);
      this.hold({ form, label: "From a link", built: voxels !== null });
    });
  }

  private async copyLink(): Promise<void> {
    await this.trouble.stage.around(async () => {
      const button = part("link");
      this.tell();
      await new Promise((done) => setTimeout(done, 200)); // until the address says it
      try {
        await navigator.clipboard.writeText(location.href);
        button.textContent = "Copied";
      } catch {
        button.textContent = "See the address bar"; // no clipboard without https, but on this machine
      }
      setTimeout(() => (button.textContent = "Copy link"), 1600);
    });
  }

  // ---- what the hand does

  private setLook(look: Look): void {
    this.look = look;
    for (const button of part("looks").children) {
      button.setAttribute("aria-pressed", String((button as HTMLElement).dataset.look === look));
    }
    part("building").hidden = part("by-keys").hidden = look !== "edit";
    part("view").setAttribute("aria-describedby", look === "edit" ? "by-keys" : "");
    if (!this.held) return;
    this.draw(this.held.form);
    this.tell();
  }

  private chooseLook(look: Look): void {
    this.setLook(look);
    if (look === "edit") part("view").focus(); // its keys build
  }

  /** One step back: from choosing another shape, from building, from the shape in hand. */
  private back(): void {
    if (this.picking) this.pick(false);
    else if (this.look === "edit") this.setLook("voxels");
    else this.close();
  }

  private setPen(pen: Pen): void {
    this.building.take(pen);
    for (const button of part("pens").children) {
      button.setAttribute("aria-pressed", String((button as HTMLElement).dataset.pen === pen));
    }
  }

  private listen(): void {
    const click = (id: string, action: () => void) => part(id).addEventListener("click", action);
    part<HTMLSelectElement>("spaces").addEventListener("change", (event) => {
      const chosen = (event.target as HTMLSelectElement).value;
      history.replaceState(null, "", location.pathname + location.search);
      this.enter(this.facts.find(({ name }) => name === chosen)!);
    });
    click("more", () => void this.more());
    click("close", () => this.close());
    click("undo", () => this.step(-1));
    click("redo", () => this.step(1));
    click("snap", () => void this.snap());
    click("stl", () => void this.download("stl"));
    click("glb", () => void this.download("glb"));
    click("link", () => void this.copyLink());
    click("blend-pick", () => this.pick(!this.picking));
    for (const button of part("looks").children) {
      button.addEventListener("click", () => this.chooseLook((button as HTMLElement).dataset.look as Look));
    }
    for (const button of part("pens").children) {
      button.addEventListener("click", () => this.setPen((button as HTMLElement).dataset.pen as Pen));
    }
    const at = part<HTMLInputElement>("blend-at");
    at.addEventListener("input", () => this.mix(Number(at.value)));
    at.addEventListener("change", () => this.rest());
    part("map-panel").addEventListener("toggle", () => void this.layMap());
    part("alike-panel").addEventListener("toggle", () => void this.findAlike());
    onFiles((file) => void this.take(file));
    addEventListener("hashchange", () => void this.follow());
    addEventListener("keydown", (event) => this.key(event));
    const view = part<HTMLCanvasElement>("view");
    onGestures(view, {
      turn: (azimuth, elevation) => this.stage.turn(azimuth, elevation), approach: (factor) => this.stage.approach(factor),
      touch: (event) => this.building.touch(event), pass: (event) => this.building.pass(event),
    });
    view.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return; // the browser's own
      if (this.building.key(event) || this.stage.key(event)) event.preventDefault();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.tint());
    document.documentElement.dataset.dark = String(dark());
    this.stage.stand = { ...STAND };
  }

  private key(event: KeyboardEvent): void {
    if (event.altKey || (event.target as HTMLElement).closest("select")) return;
    const letter = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (letter === "z" || letter === "y") {
        event.preventDefault();
        this.step(letter === "y" || event.shiftKey ? 1 : -1);
      }
      return;
    }
    const always: Record<string, () => void> = {
      escape: () => this.back(),
      "1": () => this.chooseLook("smooth"), "2": () => this.chooseLook("voxels"), "3": () => this.chooseLook("edit"),
    };
    const building: Record<string, () => void> = {
      a: () => this.setPen("add"), r: () => this.setPen("remove"), s: () => void this.snap(),
    };
    if (this.held) (always[letter] ?? (this.look === "edit" ? building[letter] : undefined))?.();
  }

  private tint(): void {
    this.thumbs.tint();
    this.stage.tint();
    this.building.tint();
    this.wall.redraw();
    this.map.draw();
  }
}
