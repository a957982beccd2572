import { type ReadonlySignal, signal } from "@preact/signals";

function matches(query: string): ReadonlySignal<boolean> {
  const list = matchMedia(query);
  const state = signal(list.matches);
  list.addEventListener("change", () => {
    state.value = list.matches;
  });
  return state;
}

/** Room for a second column beside the queue. */
export const wide = matches("(min-width: 1560px)");
export const systemIsDark = matches("(prefers-color-scheme: dark)");
