"""What messages say, in Chinese and English: short enough to be read on a phone while running."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final, NamedTuple

from ember_wire import topics
from ember_wire.alarms import AlarmClass, AlarmRecord, Text, Transition, TransitionKind, Verdict
from ember_wire.kinds import KINDS

LOCAL: Final = timezone(timedelta(hours=8), "UTC+8")
"""China's one time zone; it has no daylight saving. Times stand with their offset, so nobody elsewhere is misled."""
_UNITS: Final = {"Cel": "°C", "%RH": "%"}
_LANGUAGES: Final = ("zh", "en")


class Place(NamedTuple):
    """Where an alarm is, in names."""

    workshop: str
    address: str = ""
    zone: str = ""


class Written(NamedTuple):
    subject: str
    body: str


_CLASS: Final = {
    AlarmClass.FIRE: Text("FIRE", "火警"),
    AlarmClass.PREWARNING: Text("Prewarning", "预警"),
    AlarmClass.SUPERVISORY: Text("Supervisory", "监管"),
    AlarmClass.TROUBLE: Text("Trouble", "故障"),
}
_KIND: Final = {
    TransitionKind.RAISED: Text("", ""),
    TransitionKind.WORSENED: Text("worse", "升级"),
    TransitionKind.REACTIVATED: Text("again", "再次"),
    TransitionKind.RETURNED: Text("returned to normal", "已恢复"),
    TransitionKind.CLOSED: Text("closed", "已关闭"),
}
_VERDICT: Final = {
    Verdict.FIRE: Text("fire", "真实火警"),
    Verdict.TEST: Text("test", "测试"),
    Verdict.DRILL: Text("drill", "演练"),
    Verdict.NUISANCE: Text("nuisance alarm", "误报"),
    Verdict.FAULT: Text("device fault", "设备故障"),
    Verdict.UNKNOWN: Text("cause unknown", "原因不明"),
}
_NAMES: Final = {
    "place": Text("Where", "地点"),
    "device": Text("Device", "设备"),
    "value": Text("Value", "读数"),
    "limit": Text("limit", "限值"),
    "since": Text("Since", "发生时间"),
    "ended": Text("Returned", "恢复时间"),
    "verdict": Text("Verdict", "核实结果"),
    "cause": Text("cause", "原因"),
    "do": Text("What to do", "处置"),
    "late": Text("Reported late: it happened earlier than we learnt of it.", "迟报：发生时间早于系统得知的时间。"),
    "test": Text("The device is being tested.", "设备正在测试。"),
    "lost": Text("The sensor gives no signal now; this does not mean safety.", "传感器当前无信号，不代表安全。"),
    "unassigned": Text("unregistered device", "未登记设备"),
    "system": Text("monitoring system", "监控系统"),
    "repeat": Text("REPEAT", "重发"),
    "repeated": Text(
        "This may be a repeat: it could not be told whether the message before arrived.",
        "本消息可能重复：无法确认上一条是否送达。",
    ),
}


def write(transition: Transition, place: Place, language: str, public_url: str) -> Written:
    """Subject and text of a message; `language` zh or en, anything else is taken as zh."""
    say = _Say(language)
    alarm = transition.alarm
    what, how = say.of(_CLASS[alarm.class_]), say.of(_KIND[transition.kind])
    where = " ".join(part for part in (_workshop(place.workshop, say), place.zone) if part)
    title = say.of(alarm.title)
    head = " ".join(part for part in (say.bracket(what), how) if part)
    link = f"{public_url.rstrip('/')}/#/alarms/{alarm.id}"
    ended = transition.kind in (TransitionKind.RETURNED, TransitionKind.CLOSED)
    facts = _ended(alarm, say) if ended else _rising(alarm, say)
    address = f" ({place.address})" if place.address else ""
    lines = [f"{head} {title}", say.line("place", f"{where}{address}"), *facts, link]
    return Written(_one_line(f"{head} {where}: {title}"), "\n".join(_one_line(line) for line in lines) + "\n")


def repeated(written: Written, language: str) -> Written:
    """The same, saying that it may be a repeat."""
    say = _Say(language)
    return Written(f"{say.bracket(say.name('repeat'))} {written.subject}", f"{say.name('repeated')}\n{written.body}")


def _rising(alarm: AlarmRecord, say: "_Say") -> list[str]:
    facts = alarm.facts
    lines = []
    if alarm.device:
        lines.append(say.line("device", " ".join(part for part in (alarm.device, alarm.channel_name) if part)))
    if alarm.value is not None and not _boolean(alarm):
        limit = f" ({say.name('limit')} {_figure(alarm.limit, alarm.unit)})" if alarm.limit is not None else ""
        lines.append(say.line("value", f"{_figure(alarm.value, alarm.unit)}{limit}"))
    lines.append(say.line("since", _time(alarm.onset)))
    lines += [say.name(word) for word, holds in (("late", facts.late), ("test", facts.test)) if holds]
    if facts.signal_lost and alarm.workshop != topics.SYSTEM:
        lines.append(say.name("lost"))
    lines.append(say.line("do", say.of(alarm.guidance)))
    return lines


def _ended(alarm: AlarmRecord, say: "_Say") -> list[str]:
    lines = [say.line("since", _time(alarm.onset))]
    if alarm.returned is not None:
        lines.append(say.line("ended", _time(alarm.returned)))
    if alarm.verdict is not None:
        cause = f" ({say.name('cause')}: {alarm.cause})" if alarm.cause else ""
        lines.append(say.line("verdict", f"{say.of(_VERDICT[alarm.verdict])}{cause}"))
    return lines


def _workshop(name: str, say: "_Say") -> str:
    return say.name(name) if name in (topics.UNASSIGNED, topics.SYSTEM) else name


def _boolean(alarm: AlarmRecord) -> bool:
    kind = KINDS.get(alarm.kind or "")
    return kind is not None and kind.boolean


def _figure(value: float, unit: str) -> str:
    return f"{value:.4g} {_UNITS.get(unit, unit)}".rstrip()


def _time(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC).astimezone(LOCAL):%Y-%m-%d %H:%M:%S} UTC+8"


def _one_line(text: str) -> str:
    """Names and comments come from people: no line break of theirs may become a line, or a mail header, of ours."""
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()


class _Say:
    def __init__(self, language: str) -> None:
        self.language = language if language in _LANGUAGES else "zh"

    def of(self, text: Text) -> str:
        return text.zh if self.language == "zh" else text.en

    def name(self, word: str) -> str:
        return self.of(_NAMES[word])

    def line(self, word: str, text: str) -> str:
        return f"{self.name(word)}{'：' if self.language == 'zh' else ': '}{text}"

    def bracket(self, text: str) -> str:
        return f"【{text}】" if self.language == "zh" else f"[{text}]"
