// The bench: what is in hand lies there in one of three looks, is turned, and is built upon.

import { Building } from "./building";
import { onGestures } from "./gestures";
import { choice, part } from "./page";
import type { Pen, Stroke } from "./pen";
import type { Look } from "./scene";
import type { Form } from "./source";
import { Stage } from "./stage";

export class Bench {
  private readonly place = part("bench");
  private readonly view = part<HTMLCanvasElement>("view");
  private readonly building: Building;
  private readonly press = choice<Look>("looks", "look", (look) => this.choose(look));
  private form: Form | null = null;
  private label = "";
  readonly stage: Stage;
  look: Look = "smooth";

  constructor(
    onStroke: (stroke: Stroke) => void,
    private readonly onTurned: () => void, // or seen in another look
  ) {
    this.stage = new Stage(this.view, onTurned);
    this.building = new Building(this.stage, onStroke);
    this.listen();
  }

  get isOpen(): boolean {
    return !this.place.hidden;
  }

  show(form: Form, label: string): void {
    if (!this.isOpen) this.open();
    this.form = form;
    this.draw(form);
    this.label = label;
    part("caption").textContent = label;
  }

  /** Say something of what is shown, until something else is. */
  note(what: string): void {
    part("caption").textContent = `${this.label} · ${what}`;
  }

  close(): void {
    this.form = null;
    this.building.show(null);
    this.place.hidden = true;
    document.body.classList.remove("held");
  }

  setLook(look: Look): void {
    this.look = look;
    this.press(look);
    if (!this.form) return;
    this.draw(this.form);
    this.onTurned();
  }

  /** Set the look as somebody asks for it, who means to use it. */
  choose(look: Look): void {
    this.setLook(look);
    if (look === "edit") this.view.focus(); // its keys build
  }

  take(pen: Pen): void {
    this.building.take(pen);
  }

  tint(): void {
    this.building.tint();
    this.stage.tint();
  }

  private open(): void {
    this.place.hidden = false;
    document.body.classList.add("held");
    scrollTo({ top: 0 });
  }

  private draw(form: Form): void {
    this.stage.show(form, this.look);
    this.building.show(this.look === "edit" ? form : null);
  }

  private listen(): void {
    const { building, stage, view } = this;
    onGestures(view, {
      turn: (azimuth, elevation) => stage.turn(azimuth, elevation), approach: (factor) => stage.approach(factor),
      touch: (event) => building.touch(event), pass: (event) => building.pass(event),
    });
    view.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return; // the browser's own
      if (building.key(event) || stage.key(event)) event.preventDefault();
    });
  }
}
