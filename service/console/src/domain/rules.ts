import type { Rule } from "../api/types";
import { rank } from "./order";

/** The worst first, as everywhere. */
export const compareRules = (a: Rule, b: Rule): number =>
  rank(a.class) - rank(b.class) || b.severity - a.severity || (a.id < b.id ? -1 : 1);
