/** The server's clock: ages are counted by it, not by this machine's. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";

const offset = signal(0);
const local = signal(Date.now());
let learnt = false;

/** Server's time in ms, changing each second. */
export const now: ReadonlySignal<number> = computed(() => local.value + offset.value);

export const serverNow = (): number => Date.now() + offset.peek();

/** The server said what time it was when it sent this. */
export function learn(asOf: number): void {
  const difference = asOf - Date.now();
  // Its word is late by the way it travelled, never early: a later clock is nearer to the truth; a jump is a new truth.
  if (!learnt || difference > offset.peek() || offset.peek() - difference > 2_000) offset.value = difference;
  learnt = true;
}

export function startClock(): void {
  const tick = () => {
    local.value = Date.now();
    setTimeout(tick, 1005 - (Date.now() % 1000));
  };
  tick();
}
