// The mark around a voxel. Of the cursor it is seen through the shape, too, and a line leads from it down to the ground.

import { BoxGeometry, EdgesGeometry, Group, PlaneGeometry } from "three";
import { LineMaterial } from "three/examples/jsm/lines/LineMaterial.js";
import { LineSegments2 } from "three/examples/jsm/lines/LineSegments2.js";
import { LineSegmentsGeometry } from "three/examples/jsm/lines/LineSegmentsGeometry.js";
import type { Place } from "./blocks";

const cube = new LineSegmentsGeometry().fromEdgesGeometry(new EdgesGeometry(new BoxGeometry(1.04, 1.04, 1.04)));
const square = new LineSegmentsGeometry().fromEdgesGeometry(new EdgesGeometry(new PlaneGeometry(1, 1)));
const plumb = new LineSegmentsGeometry().setPositions([0, 0, 0, 0, 0, -1]);

export class Mark extends Group {
  private readonly behind = [stroke(4, 0.4, false), stroke(1.5, 0.9, false)]; // around, and the line itself
  private readonly before = [stroke(5), stroke(2.5)];
  private readonly cube = this.drawn(cube);
  private readonly foot = this.drawn(square);
  private readonly plumb = this.drawn(plumb);

  constructor() {
    super();
    this.add(this.cube, this.foot, this.plumb);
    this.visible = false;
    this.tint();
  }

  /** Mark what a pointer is over. */
  hover(place: Place): void {
    this.put(place, false);
  }

  /** Mark the cursor, above or below the height of the ground. */
  show(place: Place, floor: number): void {
    this.put(place, true);
    const [x, y, z] = place;
    this.foot.position.set(x, y, floor - 0.5);
    this.plumb.position.set(x, y, z);
    this.plumb.scale.z = z - floor + 0.5;
  }

  /** Take the colours of the light or dark page. */
  tint(): void {
    const style = getComputedStyle(document.documentElement);
    const [accent, paper] = [style.getPropertyValue("--accent"), style.getPropertyValue("--paper")];
    for (const [around, line] of [this.behind, this.before]) {
      around.color.set(paper);
      line.color.set(accent);
    }
  }

  private put(place: Place, cursor: boolean): void {
    this.cube.position.set(...place);
    this.foot.visible = this.plumb.visible = cursor;
    for (const material of [...this.behind, this.before[0]]) material.visible = cursor;
    this.visible = true;
  }

  /** The same lines again and again, the thinner over the thicker. */
  private drawn(geometry: LineSegmentsGeometry): Group {
    return new Group().add(...[...this.behind, ...this.before].map((material, order) => {
      const lines = new LineSegments2(geometry, material);
      lines.renderOrder = 1 + order;
      return lines;
    }));
  }
}

function stroke(linewidth: number, opacity = 1, depthTest = true): LineMaterial {
  return new LineMaterial({ linewidth, opacity, depthTest, depthWrite: false, transparent: true });
}
