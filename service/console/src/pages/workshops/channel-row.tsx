import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import type { ChannelState } from "../../api/types";
import { Chart } from "../../chart/chart";
import { Sparkline } from "../../chart/sparkline";
import { CHARTED } from "../../domain/channels";
import { exceeded, type Limit } from "../../domain/limits";
import { words } from "../../i18n";
import { serverNow } from "../../live/clock";
import { limitsFor } from "../../live/register";
import { valueOf } from "../../live/store";
import { Bar } from "../../ui/bar";
import { Symbol } from "../../ui/symbol";
import { Passed } from "../../ui/time";
import { kindText, limitText, Value } from "../../ui/value";

const SIX_HOURS = 6 * 3_600_000;

interface Props {
  channel: ChannelState;
}

/** A channel as it is now: the stream's word where it is the newer one. */
function useNow(channel: ChannelState): Pick<ChannelState, "value" | "time" | "quality"> {
  const live = valueOf(channel.channel).value;
  return live !== null && live.time >= (channel.time ?? 0) ? live : channel;
}

export function ChannelRow({ channel }: Props) {
  const say = words.value;
  const { value, time, quality } = useNow(channel);
  const limits = limitsFor.value(channel.device, channel.kind);
  const open = useSignal(false);
  const name = kindText(channel.kind, channel.name);
  // A load is always calculated: no news. What else was done to a reading is.
  const notable = quality.filter((word) => word !== "derived");
  return (
    <div class={`channel ${value === null ? "is-silent" : ""}`}>
      <div class="channel-line">
        <span class="channel-name" title={quality.map((word) => say.quality[word] ?? word).join(" · ")}>
          {name}
        </span>
        <span class="figures" data-testid="live-value" data-channel={channel.channel}>
          <Value value={value} kind={channel.kind} unit={channel.unit} />
        </span>
        <span class="channel-bar">
          <Bar value={value} kind={channel.kind} limits={limits} />
        </span>
        <span class="channel-limits">
          {[...limits].reverse().map((limit) => (
            <span key={`${limit.class}${limit.above}`} title={say.class[limit.class]}>
              <Symbol of={limit.class} size={11} taken silent={false} />
              {limit.above ? "" : "<"}
              {limitText(limit.value, channel.unit)}
            </span>
          ))}
        </span>
        <span class="channel-age figure">{time !== null && <Passed since={time} />}</span>
        {CHARTED.has(channel.kind) && (
          <button
            type="button"
            class="channel-course"
            aria-expanded={open.value}
            aria-label={`${say.workshop.chart}: ${name}`}
            onClick={() => (open.value = !open.value)}
          >
            <Sparkline channel={channel.channel} />
          </button>
        )}
      </div>
      {notable.length > 0 && (
        <small class="channel-quality">
          {say.workshop.quality}: {notable.map((word) => say.quality[word] ?? word).join(" · ")}
        </small>
      )}
      {open.value && <Large channel={channel} limits={limits} />}
    </div>
  );
}

/** What a device says of itself, in a word beside its name: online, battery, tamper. */
export function ChannelChip({ channel }: Props) {
  const say = words.value;
  const { value, time, quality } = useNow(channel);
  const { kind } = channel;
  const isBad = value !== null && (BAD[kind]?.(value) || exceeded(value, limitsFor.value(channel.device, kind)) !== null);
  const how = quality.map((word) => say.quality[word] ?? word).join(" · ");
  return (
    <span class={`chip ${isBad ? "is-bad" : ""}`} title={how}>
      {kind !== "online" && `${kindText(kind, channel.name)} `}
      <span data-testid="live-value" data-channel={channel.channel}>
        <Value value={value} kind={kind} unit={channel.unit} />
      </span>
      {isBad && time !== null && (
        <>
          {" "}
          <Passed since={time} />
        </>
      )}
    </span>
  );
}

const BAD: Record<string, (value: number) => boolean> = {
  online: (value) => value === 0,
  tamper: (value) => value !== 0,
};

function Large({ channel, limits }: { channel: ChannelState; limits: readonly Limit[] }) {
  const from = useMemo(() => serverNow() - SIX_HOURS, []);
  return (
    <Chart
      channel={channel.channel}
      kind={channel.kind}
      unit={channel.unit}
      name={words.value.alarm.range.h6}
      from={from}
      to={null}
      limits={limits}
      height={170}
      sync="workshop"
    />
  );
}
