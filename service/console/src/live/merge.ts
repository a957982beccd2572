/** Live events into what is known. Pure: new values in, the same object back where nothing changed. */

import { type AlarmEvent, type AlarmRecord, CLASSES, type Reading, type WorkshopStatus } from "../api/types";

export type Alarms = ReadonlyMap<string, AlarmRecord>;

/** The open alarms after an alarm's news; an older revision changes nothing, a closed alarm leaves. */
export function mergeAlarm(open: Alarms, news: AlarmRecord): Alarms {
  const known = open.get(news.id);
  if (known ? known.revision >= news.revision : !news.open) return open;
  const next = new Map(open);
  if (news.open) next.set(news.id, news);
  else next.delete(news.id);
  return next;
}

/** An alarm's events with one more, by sequence; the same event twice is one. */
export function mergeEvent(events: readonly AlarmEvent[], news: AlarmEvent): readonly AlarmEvent[] {
  if (events.some((event) => event.id === news.id)) return events;
  return [...events, news].sort((a, b) => a.seq - b.seq);
}

/** Fires that nobody has taken, of those in `after` and not in `before` or taken there. */
export function freshFires(before: Alarms, after: Alarms): AlarmRecord[] {
  const fresh = (alarm: AlarmRecord) => {
    if (alarm.class !== "fire" || alarm.facts.acked) return false;
    const known = before.get(alarm.id);
    return known === undefined || known.class !== "fire" || known.facts.acked;
  };
  return [...after.values()].filter(fresh);
}

/** Whether a workshop's own count of open alarms and ours agree; if they do not for long, we have missed something. */
export function agrees(open: Alarms, status: WorkshopStatus): boolean {
  const { id } = status.workshop;
  const ours = { fire: 0, prewarning: 0, supervisory: 0, trouble: 0 };
  for (const alarm of open.values()) if (alarm.workshop === id) ours[alarm.class] += 1;
  return CLASSES.every((name) => ours[name] === (status.open[name] ?? 0));
}

/** Readings waiting for the next frame. Of each channel the last counts; watched channels keep every one. */
export class Waiting {
  private readonly latest = new Map<string, Reading>();
  private readonly kept = new Map<string, Reading[]>();

  constructor(
    private readonly watched: ReadonlyMap<string, unknown>,
    private readonly most = 500,
  ) {}

  add(reading: Reading): void {
    const known = this.latest.get(reading.channel);
    if (known === undefined || known.time <= reading.time) this.latest.set(reading.channel, reading);
    if (!this.watched.has(reading.channel)) return;
    const kept = this.kept.get(reading.channel) ?? [];
    kept.push(reading);
    if (kept.length > this.most) kept.shift();
    this.kept.set(reading.channel, kept);
  }

  /** All that waits, and nothing waits any more. */
  take(): { latest: Reading[]; kept: Map<string, Reading[]> } {
    const taken = { latest: [...this.latest.values()], kept: new Map(this.kept) };
    this.latest.clear();
    this.kept.clear();
    return taken;
  }
}

