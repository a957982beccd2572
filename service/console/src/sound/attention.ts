/** What calls a person who looks elsewhere: sound, the page's title and icon, and words for a screen reader. */

import { computed, effect, signal } from "@preact/signals";

import type { AlarmRecord } from "../api/types";
import quietIcon from "../assets/quiet.svg?url&no-inline";
import fireIcon from "../assets/fire.svg?url&no-inline";
import { said, words } from "../i18n";
import { connection } from "../live/connection";
import { counts, onAlarm, onFreshFires, queue } from "../live/store";
import { muted } from "../settings";
import { placeOf } from "../ui/place";
import { FIRE_EVERY_MS, soundChime, soundFire } from "./siren";

/** Read out at once, whatever the screen reader is at. */
export const alertText = signal("");

/** Fires whose sound a person has silenced; a new one, or one that comes again, sounds. */
const silenced = signal<ReadonlySet<string>>(new Set());

const untaken = computed(() => queue.value.filter((alarm) => alarm.class === "fire" && !alarm.facts.acked));
/** Whether a fire sounds now, or would if the sound were on. */
export const sounding = computed(() => untaken.value.some((alarm) => !silenced.value.has(alarm.id)));

export function silence(): void {
  silenced.value = new Set(untaken.value.map((alarm) => alarm.id));
}

export function startAttention(): void {
  onFreshFires((fires) => {
    const again = new Set(silenced.value);
    for (const fire of fires) again.delete(fire.id);
    silenced.value = again;
    alertText.value = fires.map(sentence).join(" ");
  });
  onAlarm(({ transition, alarm }) => {
    const chimes = transition !== null && ["raised", "worsened", "reactivated"].includes(transition.kind);
    if (chimes && alarm.class === "prewarning" && !muted.value && !sounding.value) soundChime();
  });
  effect(repeatSound);
  effect(showInTitle);
  effect(sayConnection);
}

function sentence(alarm: AlarmRecord): string {
  const place = placeOf(alarm);
  return words.value.announce.fire(said(alarm.title), [place.workshop, place.zone].filter(Boolean).join(", "));
}

function repeatSound(): (() => void) | undefined {
  if (!sounding.value || muted.value) return undefined;
  soundFire();
  const timer = setInterval(soundFire, FIRE_EVERY_MS);
  return () => clearInterval(timer);
}

function showInTitle(): (() => void) | undefined {
  const { brand, connection: said, class: names } = words.value;
  const { fire } = counts.value;
  const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  if (icon) icon.href = fire.open ? fireIcon : quietIcon;
  if (connection.value.state === "lost") {
    document.title = `⚠ ${said.lost} – ${brand}`;
    return undefined;
  }
  const open = Object.values(counts.value).reduce((sum, { open }) => sum + open, 0);
  if (!fire.open) {
    document.title = open ? `(${open}) ${brand}` : brand;
    return undefined;
  }
  const titles = [`◆ ${names.fire} ${fire.open} – ${brand}`, `◇ ${names.fire} ${fire.open} – ${brand}`];
  document.title = titles[0] as string;
  if (!fire.unacked) return undefined;
  let turn = 0;
  const timer = setInterval(() => {
    document.title = titles[++turn % 2] as string;
  }, 1000);
  return () => clearInterval(timer);
}

let wasLost = false;
function sayConnection(): void {
  const { state } = connection.value;
  if (state === "lost" && !wasLost) alertText.value = words.value.announce.lost;
  if (state === "live" && wasLost) alertText.value = words.value.announce.live;
  if (state !== "opening") wasLost = state === "lost";
}
