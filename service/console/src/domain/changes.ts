/** What became different between the alarm that a person saw and the alarm as it is. */

import type { AlarmRecord } from "../api/types";

export type Change =
  | { what: "class"; from: AlarmRecord["class"]; to: AlarmRecord["class"] }
  | { what: "severity"; from: number; to: number }
  | { what: "value"; from: number | null; to: number | null }
  | { what: "acked_by"; who: string | null }
  | { what: "active" | "returned" | "signal_lost" | "signal_back" | "closed" | "reopened" | "verdict" };

export function changes(before: AlarmRecord, after: AlarmRecord): Change[] {
  const found: Change[] = [];
  if (before.class !== after.class) found.push({ what: "class", from: before.class, to: after.class });
  if (before.severity !== after.severity) found.push({ what: "severity", from: before.severity, to: after.severity });
  if (before.value !== after.value) found.push({ what: "value", from: before.value, to: after.value });
  if (!before.facts.acked && after.facts.acked) found.push({ what: "acked_by", who: after.acked_by });
  if (before.facts.acked && !after.facts.acked) found.push({ what: "reopened" });
  if (!before.facts.active && after.facts.active) found.push({ what: "active" });
  if (before.facts.active && !after.facts.active) found.push({ what: "returned" });
  if (!before.facts.signal_lost && after.facts.signal_lost) found.push({ what: "signal_lost" });
  if (before.facts.signal_lost && !after.facts.signal_lost) found.push({ what: "signal_back" });
  if (before.verdict !== after.verdict) found.push({ what: "verdict" });
  if (before.open && !after.open) found.push({ what: "closed" });
  return found;
}
