/** Tones by Web Audio: no file, no request. A browser lets nothing sound before the first gesture; that is shown. */

import { signal } from "@preact/signals";

/** Whether the browser holds the sound back until somebody clicks or types. */
export const blocked = signal(true);

interface Tone {
  hertz: number;
  at: number;
  seconds: number;
}

// Two falling tones, three times: heard through a conversation, not a shock. The chime is one soft tone.
const FIRE: readonly Tone[] = [0, 0.42, 0.84].flatMap((at) => [
  { hertz: 988, at, seconds: 0.19 },
  { hertz: 740, at: at + 0.2, seconds: 0.19 },
]);
const CHIME: readonly Tone[] = [{ hertz: 587, at: 0, seconds: 0.25 }];
export const FIRE_EVERY_MS = 3_000;

let context: AudioContext | null = null;

/** To be called in a gesture. */
export function unlock(): void {
  context ??= new AudioContext();
  const { state } = context;
  if (state === "running") blocked.value = false;
  else {
    void context.resume().then(() => {
      blocked.value = context?.state !== "running";
    });
  }
}

export const soundFire = (): void => play(FIRE, 0.28);
export const soundChime = (): void => play(CHIME, 0.12);

function play(tones: readonly Tone[], loudness: number): void {
  if (context?.state !== "running") {
    blocked.value = true;
    return;
  }
  for (const { hertz, at, seconds } of tones) {
    const start = context.currentTime + at;
    const [oscillator, gain] = [context.createOscillator(), context.createGain()];
    oscillator.type = "triangle";
    oscillator.frequency.value = hertz;
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(loudness, start + 0.015);
    gain.gain.setValueAtTime(loudness, start + seconds - 0.03);
    gain.gain.linearRampToValueAtTime(0, start + seconds);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(start);
    oscillator.stop(start + seconds);
  }
}

/** Any first gesture will do. */
export function unlockOnGesture(): void {
  for (const type of ["pointerdown", "keydown"]) addEventListener(type, unlock, { capture: true });
}
