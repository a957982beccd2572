/** Which alarms the queue shows, and which one the keyboard is at. */

import { computed, signal } from "@preact/signals";

import type { AlarmClass } from "../../api/types";
import { type Filter, passes } from "../../domain/order";
import { places } from "../../live/register";
import { queue } from "../../live/store";

export const classes = signal<ReadonlySet<AlarmClass>>(new Set());
/** An area with all below it; empty is everywhere. */
export const area = signal("");

const filter = computed<Filter>(() => ({
  classes: classes.value,
  areas: area.value ? places.value.within(area.value) : null,
}));

export const shown = computed(() => queue.value.filter((alarm) => passes(alarm, filter.value, (id) => places.value.areaOf(id))));

export const selectedId = signal<string | null>(null);
export const selected = computed(() => shown.value.find((alarm) => alarm.id === selectedId.value) ?? null);

/** The next or the one before; the first where none is selected. */
export function move(by: 1 | -1): void {
  const alarms = shown.value;
  const at = alarms.findIndex((alarm) => alarm.id === selectedId.value);
  const next = alarms[at < 0 ? 0 : Math.min(alarms.length - 1, Math.max(0, at + by))];
  if (!next) return;
  selectedId.value = next.id;
  document.querySelector(`[data-alarm="${CSS.escape(next.id)}"]`)?.scrollIntoView({ block: "nearest" });
}

export function toggleClass(name: AlarmClass): void {
  const next = new Set(classes.value);
  if (!next.delete(name)) next.add(name);
  classes.value = next;
}

export function clearFilter(): void {
  classes.value = new Set();
  area.value = "";
}
