/** The register and the rules as far as the console shows them; read at sign-in and when something unknown turns up. */

import { computed, signal } from "@preact/signals";

import { Problem } from "../api/client";
import * as ask from "../api/queries";
import type { Area, Contact, Device, Rule, Workshop, Zone } from "../api/types";
import { type Limit, limitsOf } from "../domain/limits";
import { Places, SYSTEM, UNASSIGNED } from "../domain/places";

export const places = signal(new Places());
export const devices = signal<ReadonlyMap<string, Device>>(new Map());
/** Whose channel it is, by the channel's id. */
export const channelDevices = signal<ReadonlyMap<string, string>>(new Map());
export const contacts = signal<readonly Contact[]>([]);
export const rules = signal<readonly Rule[]>([]);

const AGAIN_MS = 10_000;
let readAt = 0;
let retry: ReturnType<typeof setTimeout> | undefined;

export async function readRegister(): Promise<void> {
  readAt = Date.now();
  clearTimeout(retry);
  const [areas, workshops, zones, known] = await Promise.all([
    mine<Area>("/areas"),
    mine<Workshop>("/workshops"),
    mine<Zone>("/zones"),
    mine<Device>("/devices"),
  ]);
  if (areas && workshops && zones) places.value = new Places(areas, workshops, zones);
  if (known) devices.value = new Map(known.map((device) => [device.id, device]));
  // The database is away: what is known stays, and is asked for again.
  if (!areas || !workshops || !zones || !known) retry = setTimeout(() => void readRegister(), AGAIN_MS);
  const [people, all, channels] = await Promise.all([
    ask.contacts().catch(nothing),
    ask.rules().catch(nothing),
    mine<{ id: string; device: string }>("/channels"),
  ]);
  if (channels) channelDevices.value = new Map(channels.map(({ id, device }) => [id, device]));
  contacts.value = people;
  rules.value = all;
}

/** Somebody registered something since: read it again, not more than once in a while. */
export function missing(workshop: string): void {
  if (workshop === UNASSIGNED || workshop === SYSTEM || places.peek().workshops.has(workshop)) return;
  if (Date.now() - readAt > AGAIN_MS) void readRegister();
}

/** Null where it could not be read: what is known stays. */
const mine = <T>(path: string): Promise<T[] | null> => ask.all<T>(path).catch(() => null);
const nothing = (error: unknown): never[] => {
  if (error instanceof Problem) return [];
  throw error;
};

/** The limits that watch a channel. */
export const limitsFor = computed(() => {
  const [known, where, all] = [devices.value, places.value, rules.value];
  return (device: string, kind: string): Limit[] => {
    const of = known.get(device);
    const zone = of?.zone ? where.zones.get(of.zone) : undefined;
    return limitsOf({ kind, device, workshop: of?.workshop ?? UNASSIGNED, zoneKind: zone?.kind ?? "other" }, all);
  };
});
