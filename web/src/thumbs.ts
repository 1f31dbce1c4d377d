// Small pictures of shapes: one renderer draws them all, a little at a time, so that the page stays awake.

import { rendererFor, Setting, STAND, type Look } from "./scene";
import type { Form } from "./source";

const SIDE = 260; // pixels

export class Thumbs {
  private readonly canvas = document.createElement("canvas");
  private readonly renderer = rendererFor(this.canvas);
  private readonly setting = new Setting(512);
  private readonly waiting: (() => void)[] = [];

  constructor() {
    this.renderer.setSize(SIDE, SIDE, false);
    this.setting.stand(STAND);
  }

  /** Draw a shape into a canvas, when its turn comes. */
  draw(form: Form, into: HTMLCanvasElement, look: Look = "smooth", done?: () => void): void {
    this.waiting.push(() => {
      this.setting.show(form, look);
      this.renderer.shadowMap.needsUpdate = true;
      this.renderer.render(this.setting.scene, this.setting.camera);
      const { width, height } = into;
      const pen = into.getContext("2d")!;
      pen.clearRect(0, 0, width, height);
      pen.drawImage(this.canvas, 0, 0, width, height);
      into.dataset.drawn = "yes";
      done?.();
    });
    if (this.waiting.length === 1) requestAnimationFrame(() => this.work());
  }

  tint(): void {
    this.setting.tint();
  }

  private work(): void {
    const until = performance.now() + 12;
    while (this.waiting.length) {
      this.waiting[0]();
      this.waiting.shift();
      if (performance.now() > until) break;
    }
    if (this.waiting.length) requestAnimationFrame(() => this.work());
  }
}
