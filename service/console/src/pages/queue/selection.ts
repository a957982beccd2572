/** Which alarms the queue shows, and which one the keyboard is at. */

import { computed, signal } from "@preact/signals";

import type { AlarmClass } from "../../api/types";
import { fold } from "../../domain/groups";
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

/** The rules whose many alarms are shown one by one. */
export const opened = signal<ReadonlySet<string>>(new Set());

/** What is drawn: single alarms, and many of one rule as one. */
export const lines = computed(() => fold(shown.value));

/** The alarms that stand in rows of their own, in their order: what the keyboard walks through. */
const walked = computed(() =>
  lines.value.flatMap((line) => (line.kind === "one" ? [line.alarm] : opened.value.has(line.rule) ? line.alarms : [])),
);

export const selectedId = signal<string | null>(null);
export const selected = computed(() => walked.value.find((alarm) => alarm.id === selectedId.value) ?? null);

/** The next or the one before; the first where none is selected. */
export function move(by: 1 | -1): void {
  const alarms = walked.value;
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
