/** The workshops in groups by area, those with the worst alarms first, the rest always at the same place. */

import { type AlarmClass, CLASSES, type WorkshopStatus } from "../api/types";
import { rank } from "./order";
import type { Places } from "./places";

export interface Group {
  area: string | null;
  name: string;
  workshops: WorkshopStatus[];
  abnormal: number;
}

export function groupByArea(statuses: Iterable<WorkshopStatus>, worst: ReadonlyMap<string, AlarmClass>, places: Places): Group[] {
  const groups = new Map<string | null, Group>();
  for (const status of statuses) {
    // By the areas right below the root: a grid of three workshops would waste the row.
    const area = places.chain(status.workshop.area).find((id) => id !== places.root) ?? null;
    const group = groups.get(area) ?? { area, name: places.path(area).join(" › "), workshops: [], abnormal: 0 };
    group.workshops.push(status);
    if (worst.has(status.workshop.id)) group.abnormal += 1;
    groups.set(area, group);
  }
  const of = (status: WorkshopStatus) => rank(worst.get(status.workshop.id) ?? null);
  for (const { workshops } of groups.values()) {
    workshops.sort((a, b) => of(a) - of(b) || compareText(a.workshop.name, b.workshop.name) || compareText(a.workshop.id, b.workshop.id));
  }
  const first = ({ workshops }: Group) => (workshops[0] ? of(workshops[0]) : CLASSES.length);
  return [...groups.values()].sort((a, b) => first(a) - first(b) || compareText(a.name, b.name));
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Nothing heard from a whole workshop for so long is worth a word (ms): a radio device's heartbeat missed three times. */
export const STALE_MS = 180_000;

export function isStale(status: WorkshopStatus, now: number): boolean {
  return status.devices.total > 0 && (status.last === null || now - status.last > STALE_MS);
}
