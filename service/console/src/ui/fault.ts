import type { Fault } from "../api/types";
import { words } from "../i18n";

/** A fault in the reader's words; the service's own sentence where we have none for it. */
export function faultText(fault: Fault): string {
  const { part, fault: known } = words.value.system;
  return known[`${fault.part}.${fault.word}`] ?? `${part[fault.part] ?? fault.part}: ${fault.text || fault.word}`;
}
