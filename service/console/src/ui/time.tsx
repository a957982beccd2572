/** Times that count by themselves: only their text is drawn anew each second. */

import { useComputed } from "@preact/signals";

import { age, clock, moment } from "../domain/format";
import { words } from "../i18n";
import { now } from "../live/clock";

/** How long since `at`. */
export function Age({ at }: { at: number }) {
  return <>{age(now.value - at, words.value.age)}</>;
}

const FRESH_MS = 60_000;
const STEP_MS = 5_000;

/** How old a reading is. Counting each second on sixty cards is noise: a fresh one counts in steps of five. */
export function Passed({ since }: { since: number }) {
  const ms = useComputed(() => {
    const passed = Math.max(0, now.value - since);
    return passed < FRESH_MS ? Math.floor(passed / STEP_MS) * STEP_MS : passed;
  });
  const say = words.value;
  return <>{ms.value === 0 ? say.justNow : say.ago(age(ms.value, say.age))}</>;
}

export function Moment({ at }: { at: number }) {
  return <time dateTime={new Date(at).toISOString()}>{moment(at, now.value)}</time>;
}

export function Clock() {
  return <time>{clock(now.value)}</time>;
}
