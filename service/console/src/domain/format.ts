/** Figures and times as people read them. Pure: the clock, the language and the zone come in. */

const UNITS: Record<string, string> = { Cel: "°C", "%RH": "%RH" };
const DECIMALS: Record<string, number> = {
  temperature: 1,
  cable_temperature: 1,
  smoke: 2,
  current: 1,
  residual_current: 0,
  voltage: 0,
  power: 0,
  load: 0,
  humidity: 0,
  battery: 0,
  energy: 1,
};
export const BOOLEAN_KINDS: ReadonlySet<string> = new Set(["smoke_alarm", "heat_alarm", "manual_call", "tamper", "online"]);

export const unitOf = (unit: string): string => UNITS[unit] ?? unit;

/** A figure with as many decimals as its kind deserves, and a true minus sign. */
export function figure(value: number | null | undefined, kind: string | null): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const decimals = kind === null ? undefined : DECIMALS[kind];
  const text = decimals === undefined ? plain(value) : value.toFixed(decimals);
  return (/^-[0.]+$/.test(text) ? text.slice(1) : text).replace("-", "−");
}

function plain(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  return String(Number(value.toPrecision(4)));
}

export interface AgeWords {
  s: string;
  min: string;
  h: string;
  d: string;
  gap: string;
}

/** How long: `42 s`, `3 min 05 s`, `2 h 03 min`, `1 d 02 h`. What lies ahead is 0 s. */
export function age(ms: number, words: AgeWords): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const { gap } = words;
  const pair = (high: number, highWord: string, low: number, lowWord: string) =>
    `${high}${gap}${highWord}${gap}${String(low).padStart(2, "0")}${gap}${lowWord}`;
  if (s < 60) return `${s}${gap}${words.s}`;
  if (s < 3600) return pair(Math.floor(s / 60), words.min, s % 60, words.s);
  if (s < 86_400) return pair(Math.floor(s / 3600), words.h, Math.floor((s % 3600) / 60), words.min);
  return pair(Math.floor(s / 86_400), words.d, Math.floor((s % 86_400) / 3600), words.h);
}

/** A length of time as a rule gives it: `1 min`, not `1 min 00 s`. */
export function duration(ms: number, words: AgeWords): string {
  const { gap } = words;
  for (const [unit, word] of [[86_400_000, words.d], [3_600_000, words.h], [60_000, words.min]] as const) {
    if (ms >= unit && ms % unit === 0) return `${ms / unit}${gap}${word}`;
  }
  return age(ms, words);
}

const two = (n: number): string => String(n).padStart(2, "0");

/** `02:13:07`, the reader's zone. */
export function clock(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** The time alone where it is today, else with its date: `11-23 02:13:07`. */
export function moment(ms: number, now: number): string {
  const at = new Date(ms);
  const today = new Date(now);
  if (at.toDateString() === today.toDateString()) return clock(ms);
  const day = `${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return at.getFullYear() === today.getFullYear() ? `${day} ${clock(ms)}` : `${at.getFullYear()}-${day} ${clock(ms)}`;
}
