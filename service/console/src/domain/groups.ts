/** A flood of the same trouble is one line: an outage of one cause must not push everything else off the screen. */

import type { AlarmRecord } from "../api/types";

/** So many alarms of one rule are drawn as one line; fewer stand by themselves. */
export const MANY = 6;

export type Line = { kind: "one"; alarm: AlarmRecord } | { kind: "many"; rule: string; alarms: AlarmRecord[] };

/** Lines in the order of the queue. Fires and prewarnings are never folded: each is a place where somebody must go. */
export function fold(queue: readonly AlarmRecord[]): Line[] {
  const rules = new Map<string, AlarmRecord[]>();
  for (const alarm of queue) {
    if (!mayFold(alarm)) continue;
    const key = keyOf(alarm);
    const alike = rules.get(key);
    if (alike) alike.push(alarm);
    else rules.set(key, [alarm]);
  }
  const lines: Line[] = [];
  const told = new Set<string>();
  for (const alarm of queue) {
    const key = keyOf(alarm);
    const alike = mayFold(alarm) ? (rules.get(key) ?? []) : [];
    if (alike.length < MANY) lines.push({ kind: "one", alarm });
    else if (!told.has(key)) {
      told.add(key);
      lines.push({ kind: "many", rule: key, alarms: alike });
    }
  }
  return lines;
}

const mayFold = (alarm: AlarmRecord): boolean => alarm.class === "supervisory" || alarm.class === "trouble";
const keyOf = (alarm: AlarmRecord): string => `${alarm.class} ${alarm.rule}`;
