/** An alarm's facts as words: what it does now, and what it waits for. Keys of `words.state` and `words.waits`. */

import type { AlarmRecord } from "../api/types";
import { needsVerdict } from "./actions";

export type Now = "active" | "lost" | "returned" | "closed";
export type Waits = "ack" | "verdict" | "reset" | "return" | "nothing";

export function now(alarm: AlarmRecord): Now {
  if (!alarm.open) return "closed";
  if (!alarm.facts.active) return "returned";
  return alarm.facts.signal_lost ? "lost" : "active";
}

/** The next thing that is due, the most urgent only. */
export function waits(alarm: AlarmRecord): Waits {
  if (!alarm.open) return "nothing";
  if (!alarm.facts.acked) return "ack";
  if (needsVerdict(alarm)) return "verdict";
  if (alarm.facts.active) return "return";
  return alarm.facts.latched ? "reset" : "nothing";
}
