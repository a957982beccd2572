/** What this person may do to this alarm now; what not, with its reason. */

import { useSignal } from "@preact/signals";

import { comment, judge, reset } from "../../api/commands";
import { type AlarmRecord, type Verdict, VERDICTS } from "../../api/types";
import { type Action, leave } from "../../domain/actions";
import { words } from "../../i18n";
import { role } from "../../session";
import { AckButton } from "../../ui/ack";
import { carryOut, isUnderway } from "../../ui/command";

interface Props {
  alarm: AlarmRecord;
}

export function Actions({ alarm }: Props) {
  const say = words.value;
  if (!leave(alarm, "comment", role.value).may) {
    return (
      <section class="actions">
        <h2>{say.alarm.actions}</h2>
        <p class="soft">{say.refused["role"]}</p>
      </section>
    );
  }
  if (!alarm.open) {
    return (
      <section class="actions">
        <h2>{say.alarm.actions}</h2>
        <p class="soft">{say.refused["closed"]}</p>
        <Comment alarm={alarm} />
      </section>
    );
  }
  return (
    <section class="actions">
      <h2>{say.alarm.actions}</h2>
      <Acknowledge alarm={alarm} />
      <GiveVerdict alarm={alarm} />
      <Reset alarm={alarm} />
      <Comment alarm={alarm} />
    </section>
  );
}

function Acknowledge({ alarm }: Props) {
  const may = leave(alarm, "ack", role.value);
  if (may.may) return <AckButton alarm={alarm} main />;
  return <Cannot action="ack" why={may.why} />;
}

function GiveVerdict({ alarm }: Props) {
  const say = words.value;
  const verdict = useSignal<Verdict | "">("");
  const cause = useSignal("");
  const may = leave(alarm, "verdict", role.value);
  if (!may.may) return <Cannot action="verdict" why={may.why} />;
  const submit = async (event: Event) => {
    event.preventDefault();
    const given = verdict.value;
    if (!given) return;
    const after = await carryOut(alarm, "verdict", (seen) => judge(seen, given, cause.value.trim()));
    if (after) {
      verdict.value = "";
      cause.value = "";
    }
  };
  return (
    <form class="action-form" onSubmit={(event) => void submit(event)}>
      <select
        data-testid="verdict-select"
        aria-label={say.alarm.verdict}
        value={verdict.value}
        onChange={(event) => (verdict.value = event.currentTarget.value as Verdict | "")}
      >
        <option value="">{say.action.choose}</option>
        {VERDICTS.map((name) => (
          <option key={name} value={name}>
            {say.verdict[name]}
          </option>
        ))}
      </select>
      <input
        data-testid="verdict-cause"
        aria-label={say.action.cause}
        placeholder={say.action.cause}
        maxLength={2000}
        value={cause.value}
        onInput={(event) => (cause.value = event.currentTarget.value)}
      />
      <button data-testid="verdict-submit" disabled={!verdict.value || isUnderway(alarm.id, "verdict")}>
        {isUnderway(alarm.id, "verdict") ? say.action.sending : say.action.verdict}
      </button>
    </form>
  );
}

function Reset({ alarm }: Props) {
  const say = words.value.action;
  const reason = useSignal("");
  const may = leave(alarm, "reset", role.value);
  if (!may.may) return <Cannot action="reset" why={may.why} />;
  const text = may.reason ? say.reasonNeeded : say.reason;
  const submit = async (event: Event) => {
    event.preventDefault();
    const after = await carryOut(alarm, "reset", (seen) => reset(seen, reason.value.trim()));
    if (after) reason.value = "";
  };
  return (
    <form class="action-form is-one-line" onSubmit={(event) => void submit(event)}>
      <input
        data-testid="reset-reason"
        aria-label={text}
        placeholder={text}
        maxLength={2000}
        required={may.reason}
        value={reason.value}
        onInput={(event) => (reason.value = event.currentTarget.value)}
      />
      <button data-testid="reset" disabled={(may.reason && !reason.value.trim()) || isUnderway(alarm.id, "reset")}>
        {isUnderway(alarm.id, "reset") ? say.sending : say.reset}
      </button>
    </form>
  );
}

function Comment({ alarm }: Props) {
  const say = words.value.action;
  const text = useSignal("");
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!text.value.trim()) return;
    const after = await carryOut(alarm, "comment", (seen) => comment(seen, text.value.trim()));
    if (after) text.value = "";
  };
  return (
    <form class="action-form is-one-line" onSubmit={(event) => void submit(event)}>
      <input
        data-testid="comment-text"
        aria-label={say.text}
        placeholder={say.text}
        maxLength={2000}
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
      />
      <button data-testid="comment" disabled={!text.value.trim() || isUnderway(alarm.id, "comment")}>
        {isUnderway(alarm.id, "comment") ? say.sending : say.comment}
      </button>
    </form>
  );
}

function Cannot({ action, why }: { action: Action; why: string }) {
  const say = words.value;
  return (
    <p class="cannot">
      <b>{say.action[action]}</b> {say.refused[why]}
    </p>
  );
}
