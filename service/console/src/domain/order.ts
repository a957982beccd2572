/** The order of every queue: class, then severity, then the older onset. */

import { type AlarmClass, type AlarmRecord, CLASSES } from "../api/types";

const RANK: Record<AlarmClass, number> = { fire: 0, prewarning: 1, supervisory: 2, trouble: 3 };

/** 0 is the worst; nothing open is 4. */
export const rank = (name: AlarmClass | null): number => (name === null ? CLASSES.length : RANK[name]);

export function compareAlarms(a: AlarmRecord, b: AlarmRecord): number {
  return (
    RANK[a.class] - RANK[b.class] || b.severity - a.severity || a.onset - b.onset || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}

export type Counts = Record<AlarmClass, { open: number; unacked: number }>;

export function count(alarms: Iterable<AlarmRecord>): Counts {
  const counts = Object.fromEntries(CLASSES.map((name) => [name, { open: 0, unacked: 0 }])) as Counts;
  for (const alarm of alarms) {
    counts[alarm.class].open += 1;
    if (!alarm.facts.acked) counts[alarm.class].unacked += 1;
  }
  return counts;
}

export interface Filter {
  classes: ReadonlySet<AlarmClass>;
  /** Areas with everything below them; null is everywhere. */
  areas: ReadonlySet<string> | null;
}

/** A fire passes every filter. */
export function passes(alarm: AlarmRecord, filter: Filter, areaOf: (workshop: string) => string | null): boolean {
  if (alarm.class === "fire") return true;
  if (filter.classes.size && !filter.classes.has(alarm.class)) return false;
  if (filter.areas === null) return true;
  const area = areaOf(alarm.workshop);
  return area === null || filter.areas.has(area);
}

/** The worst open class of each workshop. */
export function worstByWorkshop(alarms: Iterable<AlarmRecord>): Map<string, AlarmClass> {
  const worst = new Map<string, AlarmClass>();
  for (const alarm of alarms) {
    const known = worst.get(alarm.workshop);
    if (known === undefined || RANK[alarm.class] < RANK[known]) worst.set(alarm.workshop, alarm.class);
  }
  return worst;
}
