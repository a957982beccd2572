/** How long to wait before asking again: doubling, bounded, spread so that a room of screens does not ask at once. */

export const LEAST_MS = 500;
export const MOST_MS = 15_000;

export function backoff(attempt: number, random: number): number {
  return Math.min(MOST_MS, LEAST_MS * 2 ** Math.min(attempt, 10)) * (0.75 + random / 2);
}
