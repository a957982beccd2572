import { useComputed, useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import type { ChannelState } from "../../api/types";
import { Chart } from "../../chart/chart";
import { Sparkline } from "../../chart/sparkline";
import { CHARTED } from "../../domain/channels";
import { age, unitOf } from "../../domain/format";
import { figure } from "../../domain/format";
import type { Limit } from "../../domain/limits";
import { words } from "../../i18n";
import { now, serverNow } from "../../live/clock";
import { limitsFor } from "../../live/register";
import { valueOf } from "../../live/store";
import { Bar } from "../../ui/bar";
import { Symbol } from "../../ui/symbol";
import { kindText, Value } from "../../ui/value";

const SIX_HOURS = 6 * 3_600_000;

export function ChannelRow({ channel }: { channel: ChannelState }) {
  const say = words.value;
  const live = valueOf(channel.channel).value;
  const isNewer = live !== null && live.time >= (channel.time ?? 0);
  const { value, time, quality } = isNewer ? live : channel;
  const limits = limitsFor.value(channel.device, channel.kind);
  const open = useSignal(false);
  const charted = CHARTED.has(channel.kind);
  return (
    <div class={`channel ${value === null ? "is-silent" : ""}`}>
      <div class="channel-line">
        <span class="channel-name">{kindText(channel.kind, channel.name)}</span>
        <span class="figures" data-testid="live-value" data-channel={channel.channel}>
          <Value value={value} kind={channel.kind} unit={channel.unit} />
        </span>
        <span class="channel-bar">
          <Bar value={value} kind={channel.kind} limits={limits} />
        </span>
        <span class="channel-limits">
          <Limits limits={limits} unit={channel.unit} />
        </span>
        <span class="channel-age figure">{time !== null && <Passed at={time} />}</span>
        <span class="channel-quality">
          {quality.map((word) => (
            <span key={word} class="flag">
              {say.quality[word] ?? word}
            </span>
          ))}
        </span>
        {charted ? (
          <button
            type="button"
            class="channel-course"
            aria-expanded={open.value}
            aria-label={`${say.workshop.chart}: ${kindText(channel.kind, channel.name)}`}
            onClick={() => (open.value = !open.value)}
          >
            <Sparkline channel={channel.channel} />
          </button>
        ) : (
          <span />
        )}
      </div>
      {open.value && <Large channel={channel} limits={limits} />}
    </div>
  );
}

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

function Limits({ limits, unit }: { limits: readonly Limit[]; unit: string }) {
  return (
    <>
      {[...limits].reverse().map((limit) => (
        <span key={`${limit.class}${limit.above}`} title={words.value.class[limit.class]}>
          <Symbol of={limit.class} size={11} taken silent={false} />
          {limit.above ? "" : "<"}
          {figure(limit.value, null)} {unitOf(unit)}
        </span>
      ))}
    </>
  );
}

function Passed({ at }: { at: number }) {
  const ms = useComputed(() => {
    const passed = Math.max(0, now.value - at);
    return passed < 60_000 ? Math.floor(passed / 5_000) * 5_000 : passed;
  });
  return <>{words.value.ago(age(ms.value, words.value.age))}</>;
}
