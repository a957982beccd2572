/** Times that count by themselves: only their text is drawn anew each second. */

import { age, clock, moment } from "../domain/format";
import { words } from "../i18n";
import { now } from "../live/clock";

/** How long since `at`. */
export function Age({ at, ago = false }: { at: number; ago?: boolean }) {
  const text = age(now.value - at, words.value.age);
  return <>{ago ? words.value.ago(text) : text}</>;
}

export function Moment({ at }: { at: number }) {
  return <time dateTime={new Date(at).toISOString()}>{moment(at, now.value)}</time>;
}

export function Clock() {
  return <time>{clock(now.value)}</time>;
}
