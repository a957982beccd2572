import { acknowledge } from "../api/commands";
import type { AlarmRecord } from "../api/types";
import { leave } from "../domain/actions";
import { words } from "../i18n";
import { role } from "../session";
import { carryOut, isUnderway } from "./command";

/** One press takes the alarm; nothing where there is nothing to take, or it is not this person's to take. */
export function AckButton({ alarm, onFire = false, main = false }: { alarm: AlarmRecord; onFire?: boolean; main?: boolean }) {
  if (!leave(alarm, "ack", role.value).may) return null;
  const busy = isUnderway(alarm.id, "ack");
  return (
    <button
      type="button"
      class={`ack ${onFire ? "on-fire" : ""} ${main ? "main" : ""}`}
      data-testid={onFire ? "ack-worst" : "ack"}
      disabled={busy}
      onClick={(event) => {
        event.preventDefault();
        event.stopPropagation();
        void carryOut(alarm, "ack", acknowledge);
      }}
    >
      {busy ? words.value.queue.acking : words.value.queue.ack}
    </button>
  );
}
