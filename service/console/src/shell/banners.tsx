/** What makes this screen untrue stands on every page: the stream is lost, or the product itself is sick. */

import type { Fault } from "../api/types";
import { age, moment } from "../domain/format";
import { words } from "../i18n";
import { now } from "../live/clock";
import { connection, reconnect } from "../live/connection";
import { system } from "../live/store";
import { href } from "../route";
import { faultText } from "../ui/fault";

export function Banners() {
  return (
    <>
      <NotLive />
      <Faults />
    </>
  );
}

function NotLive() {
  const { value } = connection;
  if (value.state !== "lost") return null;
  const say = words.value.connection;
  const left = value.retry - now.value;
  return (
    <div class="banner is-lost" role="status" data-testid="not-live">
      <b>{say.notLive(moment(value.since, now.value))}</b>
      <span>{say.old}</span>
      <span class="banner-end">{left > 0 ? say.retry(age(left + 999, words.value.age)) : say.trying}</span>
      <button type="button" onClick={reconnect}>
        {say.now}
      </button>
    </div>
  );
}

/** While one of these lasts, no alarm on this screen does not mean that there is none. */
const BLIND: ReadonlySet<string> = new Set(["service.broker", "gateway.gateway", "evaluator.evaluator"]);

function Faults() {
  const { value } = system;
  if (!value || value.ok || !value.faults.length) return null;
  const blind = (fault: Fault) => (BLIND.has(`${fault.part}.${fault.word}`) ? 0 : 1);
  const [first, ...more] = [...value.faults].sort((a, b) => blind(a) - blind(b));
  if (!first) return null;
  return (
    <a class={`banner ${BLIND.has(`${first.part}.${first.word}`) ? "is-lost" : "is-fault"}`} href={href("system")} data-testid="system-fault">
      <b>{words.value.strip.faults}</b>
      <span>
        {faultText(first)}
      </span>
      {first.since !== null && (
        <span class="soft">{words.value.system.since(moment(first.since, now.value))}</span>
      )}
      {more.length > 0 && <span class="banner-end">{words.value.strip.more(more.length)}</span>}
    </a>
  );
}
