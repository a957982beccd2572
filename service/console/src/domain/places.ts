/** Where: areas are a tree, workshops hang on it, zones are in workshops. */

import type { Area, Workshop, Zone } from "../api/types";

/** Stand for the workshop of a device that nobody adopted, and of the product itself. */
export const UNASSIGNED = "unassigned";
export const SYSTEM = "system";

export class Places {
  readonly areas: ReadonlyMap<string, Area>;
  readonly workshops: ReadonlyMap<string, Workshop>;
  readonly zones: ReadonlyMap<string, Zone>;
  /** The one area above all others, not worth repeating in every row; null where there are several. */
  readonly root: string | null;

  constructor(areas: Iterable<Area> = [], workshops: Iterable<Workshop> = [], zones: Iterable<Zone> = []) {
    this.areas = byId(areas);
    this.workshops = byId(workshops);
    this.zones = byId(zones);
    const tops = [...this.areas.values()].filter((area) => area.parent === null || !this.areas.has(area.parent));
    this.root = tops.length === 1 && this.areas.size > 1 ? (tops[0]?.id ?? null) : null;
  }

  /** Names from the top down to an area, without the common root. */
  path(area: string | null): string[] {
    return this.chain(area)
      .filter((id) => id !== this.root)
      .map((id) => this.areas.get(id)?.name ?? id);
  }

  /** The ids of an area and of all above it, from the top. A tree with a ring ends. */
  chain(area: string | null): string[] {
    const ids: string[] = [];
    for (let id = area; id !== null && !ids.includes(id); id = this.areas.get(id)?.parent ?? null) ids.unshift(id);
    return ids;
  }

  /** An area with everything below it. */
  within(area: string): Set<string> {
    return new Set([...this.areas.keys(), area].filter((id) => this.chain(id).includes(area)));
  }

  areaOf(workshop: string): string | null {
    return this.workshops.get(workshop)?.area ?? null;
  }
}

function byId<T extends { id: string }>(items: Iterable<T>): Map<string, T> {
  return new Map([...items].map((item) => [item.id, item]));
}
