/** Every question that the console asks, by name. */

import { ask, peek } from "./client";
import type {
  AlarmDetail,
  AlarmRecord,
  Contact,
  DeadLetter,
  Device,
  Discovered,
  History,
  Me,
  Message,
  Page,
  Readiness,
  Rule,
  WorkshopDetail,
} from "./types";

const MOST_PAGES = 50;

export const me = (): Promise<Me> => ask<Me>("/me", { timeout: 8_000 });

export const signIn = (username: string, password: string): Promise<void> =>
  ask<void>("/auth/session", { method: "POST", form: { username, password } });

export const signOut = (): Promise<void> => ask<void>("/auth/session", { method: "DELETE" });

/** Every item of a list, page by page. */
export async function all<T>(path: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer: Page<T> = await ask<Page<T>>(query(path, { limit: 500, cursor }));
    items.push(...answer.items);
    cursor = answer.next;
    if (!cursor) break;
  }
  return items;
}

export const alarm = (id: string): Promise<AlarmDetail> => ask(`/alarms/${encodeURIComponent(id)}`);

export const closedAlarms = (cursor: string | null): Promise<Page<AlarmRecord>> =>
  ask(query("/alarms", { state: "closed", limit: 50, cursor }));

export const workshop = (id: string): Promise<WorkshopDetail> => ask(`/status/${encodeURIComponent(id)}`);

export const readings = (channel: string, from: number, to: number, step: number): Promise<History> =>
  ask(query("/readings", { channel, from: Math.round(from), to: Math.round(to), step: step || null }));

export const messages = (of?: string): Promise<Page<Message>> =>
  ask(query("/messages", { alarm: of ?? null, limit: of ? null : 200 }));

export const discovered = (): Promise<Page<Discovered>> => ask("/devices/discovered");

export const adopt = (id: string, workshop: string, zone: string | null): Promise<Device> =>
  ask(`/devices/discovered/${encodeURIComponent(id)}/adopt`, { method: "POST", body: { workshop, zone } });

export const deadLetters = (cursor: string | null): Promise<Page<DeadLetter>> =>
  ask(query("/dead-letters", { limit: 100, cursor }));

export const contacts = (): Promise<Contact[]> => all<Contact>("/contacts");

export const rules = (): Promise<Rule[]> => all<Rule>("/rules");

export const readiness = (): Promise<Readiness> => peek<Readiness>("readyz");

export function query(path: string, values: Record<string, string | number | null>): string {
  const given = Object.entries(values).filter(([, value]) => value !== null);
  if (!given.length) return path;
  return `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`;
}
