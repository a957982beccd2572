/** The keyboard: everything an operator does at night without a mouse. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { acknowledge } from "../api/commands";
import { leave } from "../domain/actions";
import { words } from "../i18n";
import { openAlarms } from "../live/store";
import { go, type PageName, route } from "../route";
import { phase, role } from "../session";
import { muted } from "../settings";
import { silence } from "../sound/attention";
import { carryOut } from "../ui/command";
import { move, selected } from "../pages/queue/selection";

const helpOpen = signal(false);
export const showKeys = (): void => {
  helpOpen.value = true;
};

const PAGES: Record<string, PageName> = { 1: "queue", 2: "workshops", 3: "messages", 4: "system" };

const PRESSED: Record<string, () => void> = {
  j: () => move(1),
  ArrowDown: () => move(1),
  k: () => move(-1),
  ArrowUp: () => move(-1),
  a: takeSelected,
  s: silence,
  m: () => {
    muted.value = !muted.value;
  },
  "?": showKeys,
  Escape: () => {
    if (route.value.page === "alarms") go("queue");
    else if (route.value.page === "workshops" && route.value.id !== null) go("workshops");
  },
};
const IN_QUEUE = new Set(["j", "k", "ArrowDown", "ArrowUp"]);

export function Keys() {
  useEffect(() => {
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return null;
}

function press(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (phase.value !== "in" || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const page = PAGES[event.key];
  if (page) return go(page);
  if (event.key === "Enter") return openSelected(event);
  const does = PRESSED[event.key];
  if (!does || (IN_QUEUE.has(event.key) && route.value.page !== "queue")) return;
  event.preventDefault();
  does();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, select, textarea, [contenteditable]");
}

/** Enter on a button or link is that button's own. */
function openSelected(event: KeyboardEvent): void {
  const free = !(event.target instanceof HTMLElement) || !event.target.closest("a, button, summary");
  if (free && route.value.page === "queue" && selected.value) go("alarms", selected.value.id);
}

function takeSelected(): void {
  const { page, id } = route.value;
  const alarm = page === "alarms" && id !== null ? openAlarms.value.get(id) : page === "queue" ? selected.value : null;
  if (alarm && leave(alarm, "ack", role.value).may) void carryOut(alarm, "ack", acknowledge);
}

export function KeysHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  const say = words.value.keys;
  useEffect(() => {
    if (helpOpen.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [helpOpen.value]);
  return (
    <dialog ref={dialog} class="dialog" onClose={() => (helpOpen.value = false)} aria-labelledby="keys-title">
      <h2 id="keys-title">{say.title}</h2>
      <table>
        <tbody>
          {say.rows.map(([key, does]) => (
            <tr key={key}>
              <td>
                <kbd>{key}</kbd>
              </td>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <button type="button" onClick={() => (helpOpen.value = false)}>
        {say.close}
      </button>
    </dialog>
  );
}
