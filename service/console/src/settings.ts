/** What this screen prefers, kept in this browser. */

import { computed, effect, signal } from "@preact/signals";

import { systemIsDark } from "./ui/media";

export type Theme = "auto" | "light" | "dark";
export type Language = "zh" | "en";

export const theme = signal<Theme>(kept("theme", ["auto", "light", "dark"], "auto"));
export const language = signal<Language>(kept("language", ["zh", "en"], ofBrowser()));
export const muted = signal(kept("sound", ["on", "off"], "on") === "off");

export const isDark = computed(() => (theme.value === "auto" ? systemIsDark.value : theme.value === "dark"));

export function keepSettings(): void {
  effect(() => {
    keep("theme", theme.value);
    document.documentElement.dataset["theme"] = isDark.value ? "dark" : "light";
  });
  effect(() => {
    keep("language", language.value);
    document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
  });
  effect(() => keep("sound", muted.value ? "off" : "on"));
}

function ofBrowser(): Language {
  const first = typeof navigator === "undefined" ? "" : (navigator.languages[0] ?? navigator.language);
  return first.toLowerCase().startsWith("zh") ? "zh" : "en";
}

function kept<T extends string>(name: string, allowed: readonly T[], otherwise: T): T {
  try {
    const value = localStorage.getItem(`emberwatch.${name}`);
    return allowed.find((one) => one === value) ?? otherwise;
  } catch {
    return otherwise; // storage is switched off
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`emberwatch.${name}`, value);
  } catch {
    // Storage is switched off: it holds for this visit.
  }
}
