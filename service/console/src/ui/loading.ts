/** Something asked of the server, as a signal of what became of it. */

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { Problem } from "../api/client";

export interface Loaded<T> {
  data: T | null;
  problem: Problem | null;
  busy: boolean;
}

/** Asks at once, when `key` changes, and every `every` ms; what was got stays while it asks again. */
export function useLoaded<T>(ask: () => Promise<T>, key: string, every = 0): [Signal<Loaded<T>>, () => void] {
  const state = useSignal<Loaded<T>>({ data: null, problem: null, busy: true });
  const turn = useSignal(0);
  useEffect(() => {
    let over = false;
    const once = async () => {
      state.value = { ...state.peek(), busy: true };
      try {
        const data = await ask();
        if (!over) state.value = { data, problem: null, busy: false };
      } catch (error) {
        if (over) return;
        if (!(error instanceof Problem)) throw error;
        state.value = { data: state.peek().data, problem: error, busy: false };
      }
    };
    void once();
    const timer = every ? setInterval(() => !document.hidden && void once(), every) : undefined;
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [key, every, turn.value]);
  return [state, () => (turn.value += 1)];
}
