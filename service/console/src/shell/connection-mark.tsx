import { clock } from "../domain/format";
import { words } from "../i18n";
import { connection } from "../live/connection";
import { Clock } from "../ui/time";

/** Live with a running clock, or since when not; shape and word beside the colour. */
export function ConnectionMark() {
  const { value } = connection;
  const say = words.value.connection;
  return (
    <span class={`connection is-${value.state}`} data-testid="connection" data-state={value.state === "live" ? "live" : "lost"}>
      <span class="connection-dot" aria-hidden="true" />
      <span class="connection-word">{say[value.state]}</span>
      <span class="figure">{value.state === "lost" ? clock(value.since) : <Clock />}</span>
    </span>
  );
}
