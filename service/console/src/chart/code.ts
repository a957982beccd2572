/** uPlot comes after the queue stands: read at once when idle, so that a page open for weeks still has it later. */

import { signal } from "@preact/signals";

import type { Plot } from "./plot";

export const plotCode = signal<typeof Plot | null>(null);

export function loadPlot(): void {
  if (plotCode.peek()) return;
  import("./plot").then(
    (code) => (plotCode.value = code.Plot),
    () => undefined, // asked for again with the next chart
  );
}
