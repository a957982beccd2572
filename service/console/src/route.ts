/** Where we are: the part after `#`. */

import { signal } from "@preact/signals";

export type PageName = "queue" | "history" | "alarms" | "workshops" | "messages" | "system";
const PAGES: readonly PageName[] = ["queue", "history", "alarms", "workshops", "messages", "system"];

export interface Route {
  page: PageName;
  id: string | null;
}

export function parse(hash: string): Route {
  const [, page = "", ...rest] = hash.replace(/^#/, "").split("/");
  const known = PAGES.find((name) => name === page);
  if (!known) return { page: "queue", id: null };
  const id = rest.join("/");
  return { page: known, id: id ? decode(id) : null };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const href = (page: PageName, id?: string): string => `#/${page}${id === undefined ? "" : `/${encodeURIComponent(id)}`}`;

export const route = signal<Route>(parse(typeof location === "undefined" ? "" : location.hash));

export function go(page: PageName, id?: string): void {
  location.hash = href(page, id);
}

export function followHash(): void {
  addEventListener("hashchange", () => {
    route.value = parse(location.hash);
  });
}
