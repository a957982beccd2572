/** All that is known and changes by itself, as signals; filled by the stream, read by the pages. */

import { batch, computed, type ReadonlySignal, signal, type Signal } from "@preact/signals";

import type { AlarmNews, AlarmRecord, Reading, Snapshot, SystemState, WorkshopStatus } from "../api/types";
import { compareAlarms, count, worstByWorkshop } from "../domain/order";
import { Highest } from "./highest";
import { agrees, type Alarms, freshFires, mergeAlarm, Waiting } from "./merge";

export const openAlarms = signal<Alarms>(new Map());
export const queue = computed(() => [...openAlarms.value.values()].sort(compareAlarms));
export const counts = computed(() => count(openAlarms.value.values()));
export const worst = computed(() => worstByWorkshop(openAlarms.value.values()));
/** When the queue became empty, or null: it is not, or was so when we came. */
export const quietSince = signal<number | null>(null);

/** Ids of workshops; each has a signal of its own, so that a reading redraws one card. */
export const workshopIds = signal<readonly string[]>([]);
interface Known {
  status: Signal<WorkshopStatus>;
  highest: Highest;
}
const statuses = new Map<string, Known>();
export const statusOf = (id: string): ReadonlySignal<WorkshopStatus> | undefined => statuses.get(id)?.status;

export const system = signal<SystemState | null>(null);

const values = new Map<string, Signal<Reading | null>>();

/** A channel's last live reading; null until one comes. */
export function valueOf(channel: string): ReadonlySignal<Reading | null> {
  let found = values.get(channel);
  if (!found) values.set(channel, (found = signal<Reading | null>(null)));
  return found;
}

type ReadingsListener = (readings: readonly Reading[]) => void;
const watchers = new Map<string, Set<ReadingsListener>>();
const alarmListeners = new Set<(news: AlarmNews) => void>();
const fireListeners = new Set<(fires: readonly AlarmRecord[]) => void>();
const waiting = new Waiting(watchers);
let scheduled = false;

/** Every reading of a channel, a few at a time; returns how to stop. */
export function watchChannel(channel: string, listener: ReadingsListener): () => void {
  const set = watchers.get(channel) ?? new Set();
  watchers.set(channel, set.add(listener));
  return () => {
    set.delete(listener);
    if (!set.size) watchers.delete(channel);
  };
}

export function onAlarm(listener: (news: AlarmNews) => void): () => void {
  alarmListeners.add(listener);
  return () => alarmListeners.delete(listener);
}

/** Fires that are new, or that nobody has taken any more. */
export function onFreshFires(listener: (fires: readonly AlarmRecord[]) => void): void {
  fireListeners.add(listener);
}

export function takeSnapshot({ status, alarms, system: state, as_of }: Snapshot): void {
  batch(() => {
    for (const item of status) setStatus(item);
    const ids = status.map((item) => item.workshop.id);
    for (const id of statuses.keys()) if (!ids.includes(id)) statuses.delete(id);
    if (ids.join() !== workshopIds.value.join()) workshopIds.value = ids;
    system.value = state;
    setAlarms(new Map(alarms.filter((alarm) => alarm.open).map((alarm) => [alarm.id, alarm])), as_of);
  });
}

export function takeAlarm(news: AlarmNews): void {
  takeRecord(news.alarm, news.transition?.known ?? news.alarm.raised);
  for (const listener of alarmListeners) listener(news);
}

/** An alarm as a command's answer gave it: it may be here before the stream's own word. */
export function takeRecord(alarm: AlarmRecord, known: number): void {
  setAlarms(mergeAlarm(openAlarms.value, alarm), known);
}

/** True where the server's count of the workshop's open alarms is ours too. */
export function agreesOn(id: string): boolean {
  const known = statuses.get(id);
  return known === undefined || agrees(openAlarms.peek(), known.status.peek());
}

export function takeStatus(item: WorkshopStatus): void {
  const isNew = !statuses.has(item.workshop.id);
  setStatus(item);
  if (isNew) workshopIds.value = [...workshopIds.value, item.workshop.id];
}

export function takeSystem(state: SystemState): void {
  system.value = state;
}

/** Many readings a second cost one redraw a frame; a hidden page is drawn once a second. */
export function takeReading(reading: Reading): void {
  waiting.add(reading);
  if (scheduled) return;
  scheduled = true;
  if (document.hidden) setTimeout(flush, 1000);
  else requestAnimationFrame(flush);
}

function flush(): void {
  scheduled = false;
  const { latest, kept } = waiting.take();
  batch(() => {
    for (const reading of latest) {
      const value = values.get(reading.channel);
      if (value) value.value = reading;
      const known = statuses.get(reading.workshop);
      if (known) known.status.value = known.highest.merge(known.status.peek(), reading);
    }
  });
  for (const [channel, readings] of kept) for (const listener of watchers.get(channel) ?? []) listener(readings);
}

function setStatus(item: WorkshopStatus): void {
  const known = statuses.get(item.workshop.id);
  known?.highest.learn(item);
  if (known) known.status.value = item;
  else statuses.set(item.workshop.id, { status: signal(item), highest: new Highest(item) });
}

function setAlarms(next: Alarms, at: number): void {
  const before = openAlarms.value;
  if (next === before) return;
  const fires = freshFires(before, next);
  batch(() => {
    openAlarms.value = next;
    if (next.size) quietSince.value = null;
    else if (before.size) quietSince.value = at;
  });
  if (fires.length) for (const listener of fireListeners) listener(fires);
}

/** Forget everything: somebody else signs in. */
export function forget(): void {
  batch(() => {
    openAlarms.value = new Map();
    workshopIds.value = [];
    system.value = null;
    quietSince.value = null;
  });
  statuses.clear();
  values.clear();
}
