/** Where an alarm is, in names. */

import type { AlarmRecord } from "../api/types";
import { SYSTEM, UNASSIGNED } from "../domain/places";
import { words } from "../i18n";
import { missing, places } from "../live/register";
import { statusOf } from "../live/store";

export interface Place {
  /** Names from the top down, without the common root. */
  areas: string[];
  workshop: string;
  zone: string | null;
}

export function placeOf(alarm: Pick<AlarmRecord, "workshop" | "zone">): Place {
  const where = places.value;
  return {
    areas: where.path(where.areaOf(alarm.workshop)),
    workshop: workshopName(alarm.workshop),
    zone: alarm.zone === null ? null : (where.zones.get(alarm.zone)?.name ?? alarm.zone),
  };
}

export function workshopName(id: string): string {
  if (id === SYSTEM) return words.value.shell.system;
  if (id === UNASSIGNED) return words.value.workshops.unassigned;
  const known = places.value.workshops.get(id);
  if (known) return known.name;
  missing(id);
  return statusOf(id)?.value.workshop.name || id;
}
