// What pointers do on a canvas: one that drags turns, two pinch, one that does not move touches, and one may pass over.

const CLICK = 5; // pixels a pointer may move and still mean one place
const TURN = 0.5; // degrees a pixel

export interface Gestures {
  turn(azimuth: number, elevation: number): void; // degrees
  approach(factor: number): void;
  touch(event: PointerEvent): void;
  pass(event: PointerEvent | null): void; // null: it has left
}

export function onGestures(canvas: HTMLCanvasElement, { turn, approach, touch, pass }: Gestures): void {
  const fingers = new Map<number, { x: number; y: number }>();
  let travelled = 0, apart = 0;
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 1) travelled = 0;
    apart = spread();
  });
  canvas.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return pass(event);
    const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
    travelled += Math.abs(dx) + Math.abs(dy);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 2) {
      const now = spread();
      if (apart && now) approach(apart / now);
      apart = now;
    } else if (travelled > CLICK) turn(-dx * TURN, dy * TURN);
  });
  const end = (event: PointerEvent) => {
    const alone = fingers.size === 1;
    if (!fingers.delete(event.pointerId)) return;
    if (alone && event.type === "pointerup" && travelled <= CLICK) touch(event);
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("pointerleave", () => pass(null));
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    approach(Math.exp(event.deltaY * 0.001));
  }, { passive: false });
}
