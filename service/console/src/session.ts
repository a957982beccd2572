/** Who is here. A session that ends keeps the page as it is, under the sign-in. */

import { computed, signal } from "@preact/signals";

import { Problem, whenSessionLost } from "./api/client";
import * as ask from "./api/queries";
import type { Me } from "./api/types";
import { loadPlot } from "./chart/code";
import { connect, disconnect } from "./live/connection";
import { readRegister } from "./live/register";
import { forget } from "./live/store";

export type Phase = "starting" | "out" | "in" | "lost" | "unreachable";

export const me = signal<Me | null>(null);
export const phase = signal<Phase>("starting");
export const role = computed(() => me.value?.role ?? null);

export async function begin(): Promise<void> {
  try {
    await enter();
  } catch (error) {
    phase.value = error instanceof Problem && error.status === 401 ? "out" : "unreachable";
  }
}

/** Raises Problem: the name or the password is wrong, or nobody answers. */
export async function signIn(name: string, password: string): Promise<void> {
  await ask.signIn(name, password);
  await enter();
}

export async function signOut(): Promise<void> {
  disconnect();
  await ask.signOut().catch(() => undefined);
  me.value = null;
  forget();
  phase.value = "out";
}

async function enter(): Promise<void> {
  const who = await ask.me();
  if (me.value !== null && me.value.name !== who.name) forget();
  me.value = who;
  phase.value = "in";
  connect(lose);
  loadPlot();
  await readRegister();
}

function lose(): void {
  if (phase.value !== "in") return;
  disconnect();
  phase.value = "lost";
}

whenSessionLost(lose);
