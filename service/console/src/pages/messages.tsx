/** Who was told what, by which way, when, and whether it arrived. */

import { useSignal } from "@preact/signals";

import * as ask from "../api/queries";
import type { Message } from "../api/types";
import { age } from "../domain/format";
import { words } from "../i18n";
import { href } from "../route";
import { useLoaded } from "../ui/loading";
import { reasonOf } from "../ui/notice";
import { Moment } from "../ui/time";

const EVERY_MS = 5_000;
const STATES: readonly Message["state"][] = ["unknown", "refused", "queued", "sending", "delivered"];
const SIGNS: Record<Message["state"], string> = { queued: "…", sending: "→", delivered: "✓", refused: "✕", unknown: "?" };

export function MessagesPage() {
  const say = words.value;
  const only = useSignal("");
  const [loaded] = useLoaded(() => ask.messages(), "messages", EVERY_MS);
  const { data, problem } = loaded.value;
  const all = data?.items ?? [];
  const items = all.filter((message) => !only.value || message.state === only.value);
  return (
    <div class="page">
      <div class="page-head">
        <h1>{say.messages.title}</h1>
        <span class="soft">{say.messages.lead}</span>
        <span class="pair page-head-end" role="group" aria-label={say.messages.filter}>
          {["", ...STATES].map((state) => {
            const n = state ? all.filter((message) => message.state === state).length : all.length;
            if (state && !n) return null;
            return (
              <button key={state} type="button" aria-pressed={only.value === state} onClick={() => (only.value = state)}>
                {state ? say.messages.states[state as Message["state"]] : say.messages.all} {n}
              </button>
            );
          })}
        </span>
      </div>
      {problem && <p class="refusal">{reasonOf(problem)}</p>}
      {data && !all.length && <p class="soft">{say.messages.none}</p>}
      {items.length > 0 && <Table items={items} />}
    </div>
  );
}

function Table({ items }: { items: readonly Message[] }) {
  const say = words.value.messages;
  return (
    <div class="table-frame">
      <table class="table messages">
        <thead>
          <tr>
            <th>{say.queued}</th>
            <th>{say.to}</th>
            <th>{say.way}</th>
            <th>{say.what}</th>
            <th>{say.state}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((message) => (
            <tr key={message.id}>
              <td class="figure">
                <Moment at={message.queued} />
              </td>
              <td>{message.contact_name}</td>
              <td>
                {say.ways[message.channel] ?? message.channel}
                <small>{message.address}</small>
              </td>
              <td>
                <details>
                  <summary>{message.subject}</summary>
                  <p class="message-text" lang={message.language === "zh" ? "zh-CN" : message.language}>
                    {message.text}
                  </p>
                </details>
                <a href={href("alarms", message.alarm)}>{say.alarm}</a>
              </td>
              <td>
                <DeliveryState message={message} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function DeliveryState({ message }: { message: Message }) {
  const say = words.value;
  const { state, sent, queued, attempts, reason } = message;
  const detail = [
    state === "delivered" && sent !== null
      ? sent - queued < 1000
        ? say.messages.atOnce
        : say.messages.after(age(sent - queued, say.age))
      : "",
    attempts > 1 ? say.messages.attempts(attempts) : "",
  ].filter(Boolean);
  return (
    <span class={`delivery is-${state}`}>
      <span>
        <span class="delivery-sign" aria-hidden="true">
          {SIGNS[state]}
        </span>
        {say.messages.states[state]}
      </span>
      {detail.length > 0 && <small>{detail.join(" · ")}</small>}
      {reason && state !== "delivered" && <small>{reason}</small>}
    </span>
  );
}
