"""Whether a rule makes sense. Each problem names the file, the rule and the field, says why, and what to do."""

import difflib
import re
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any, Final

import msgspec

from ember_service.rules.model import (
    PRODUCT_IDS,
    SUPERVISION_CLASSES,
    ZONE_KINDS,
    DeviceVerdict,
    Rule,
    RuleBase,
    Scope,
    Supervision,
    Threshold,
)
from ember_wire.alarms import AlarmClass
from ember_wire.kinds import KINDS
from ember_wire.topics import BadNameError, check_name

MAX_DELAY: Final = 86_400.0
MAX_INTERVAL: Final = 7 * 86_400.0
_MAY_SUPERVISE: Final = (AlarmClass.TROUBLE, AlarmClass.SUPERVISORY)
_AT: Final = re.compile(r" - at `(?:key in )?\$\.?(?P<field>[^`]*)`\Z")
_FIELD: Final = re.compile(r"field `(?P<field>[^`]+)`")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong where. `file` and `rule` may be empty where they are not known."""

    file: str = ""
    rule: str = ""
    field: str
    why: str
    todo: str

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.file, self.rule and f"rule {self.rule}", self.field) if part)
        return f"{place}: {self.why}. {self.todo}."


class RuleError(ValueError):
    """Rules that cannot be taken; none of them is. `problems` has them all."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def parse(data: object, file: str = "") -> Rule:
    """A rule from plain data, as YAML or JSON give it. Raises RuleError."""
    name = str(data["id"]) if isinstance(data, Mapping) and "id" in data else ""
    try:
        rule: Rule = msgspec.convert(data, Rule)
    except msgspec.ValidationError as error:
        raise RuleError([_explain(str(error), file, name)]) from None
    problems = check(rule, file)
    if problems:
        raise RuleError(problems)
    return rule


def check(rule: Rule, file: str = "") -> list[Problem]:
    """What is wrong with a rule of the right shape; nothing, it is to be hoped."""
    found = [*_common(rule), *_scope(rule)]
    if isinstance(rule, Threshold):
        found += _threshold(rule)
    elif isinstance(rule, DeviceVerdict):
        found += _verdict(rule)
    else:
        found += _supervision(rule)
    return [Problem(file=file, rule=rule.id, field=field, why=why, todo=todo) for field, why, todo in found]


Found = Iterable[tuple[str, str, str]]


def _common(rule: RuleBase) -> Found:
    try:
        check_name(rule.id)
    except BadNameError as error:
        yield "id", str(error), "Give it a name such as smoke-fire"
    if rule.id in PRODUCT_IDS:
        yield "id", f"{rule.id} is an alarm of the product itself", "Choose another id"
    if rule.version < 1:
        yield "version", f"versions count from 1, this is {rule.version}", "Write 1, and count up at each change"
    if not 1 <= rule.severity <= 1000:
        yield "severity", f"{rule.severity} is not within 1 to 1000", "Give a number from 1 to 1000; 1000 is the worst"
    for field, text in (("title", rule.title), ("guidance", rule.guidance)):
        for language in ("en", "zh"):
            if not getattr(text, language).strip():
                yield f"{field}.{language}", "it is empty", "Write it: people act on it"


def _scope(rule: RuleBase) -> Found:
    scope = rule.scope
    for field, given, known in (
        ("scope.kinds", scope.kinds, set(KINDS)),
        ("scope.zone_kinds", scope.zone_kinds, set(ZONE_KINDS)),
    ):
        for name in given:
            if name not in known:
                yield field, f"{name!r} is not known", _did_you_mean(name, known)
    for field, given in (("scope.workshops", scope.workshops), ("scope.devices", scope.devices)):
        for name in given:
            try:
                check_name(name)
            except BadNameError as error:
                yield field, f"{name!r}: {error}", "Give the id as in the register"


def _threshold(rule: Threshold) -> Found:
    if not rule.scope.kinds:
        yield "scope.kinds", "a limit means nothing without the kind of channel", "Name it, such as [temperature]"
    if (rule.above is None) == (rule.below is None):
        yield "above", "a threshold has one limit, above or below", "Give exactly one of both"
    for field in ("above", "below", "reset"):
        value = getattr(rule, field)
        if value is not None and not isfinite(value):
            yield field, f"{value} is no limit", "Give a number"
    if rule.reset is not None and rule.above is not None and rule.reset > rule.above:
        yield "reset", f"{rule.reset:g} is above the limit {rule.above:g}", "Give a reset at or below the limit"
    if rule.reset is not None and rule.below is not None and rule.reset < rule.below:
        yield "reset", f"{rule.reset:g} is below the limit {rule.below:g}", "Give a reset at or above the limit"
    for field in ("delay_on", "delay_off"):
        value = getattr(rule, field)
        if not (isfinite(value) and 0 <= value <= MAX_DELAY):
            yield field, f"{value:g} s is not within 0 to {MAX_DELAY:g} s", "Give seconds, a day at most"


def _verdict(rule: DeviceVerdict) -> Found:
    if not rule.scope.kinds:
        yield "scope.kinds", "a verdict rule must say which verdicts it takes", "Name them, such as [smoke_alarm]"
    for name in rule.scope.kinds:
        kind = KINDS.get(name)
        if kind is not None and not kind.boolean:
            yield "scope.kinds", f"{name} is a measured value and no verdict", "Use a rule of type threshold for it"


def _supervision(rule: Supervision) -> Found:
    if rule.class_ not in _MAY_SUPERVISE:
        yield "class", f"a silent device is no {rule.class_}", "Use trouble or supervisory"
    if rule.scope.kinds:
        yield "scope.kinds", "supervision watches devices, not channels", "Leave it out"
    if not rule.intervals:
        yield "intervals", "no interval is given", "Give seconds by class, such as {radio: 180}"
    for name, seconds in rule.intervals.items():
        if name not in SUPERVISION_CLASSES:
            yield f"intervals.{name}", "there is no such class of device", _did_you_mean(name, set(SUPERVISION_CLASSES))
        if not (isfinite(seconds) and 1 <= seconds <= MAX_INTERVAL):
            yield f"intervals.{name}", f"{seconds:g} s is not within 1 s to a week", "Give seconds, such as 180"


def _did_you_mean(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"Did you mean {near[0]}?" if near else f"Use one of {', '.join(sorted(known))}"


def _explain(message: str, file: str, rule: str) -> Problem:
    """msgspec's sentence, taken apart."""
    at = _AT.search(message)
    why = message[: at.start()] if at else message
    field = at["field"] if at else ""
    named = _FIELD.search(why)
    if named:
        field = f"{field}.{named['field']}" if field else named["field"]
    todo = "Correct it"
    if "missing required field" in why:
        todo = "Add it"
        if field == "type":
            todo = f"Add type: one of {', '.join(_types())}"
    elif "unknown field" in why:
        parent, _, name = field.rpartition(".")
        todo = _did_you_mean(name, set(Scope.__struct_fields__) if parent == "scope" else _fields())
    elif field == "type":
        todo = f"Use one of {', '.join(_types())}"
    elif field == "class":
        todo = f"Use one of {', '.join(AlarmClass)}"
    elif "Expected `object`" in why and not field:
        todo = "A rule is a mapping with type, id, class, severity, title, guidance and scope"
    return Problem(file=file, rule=rule, field=field or "rule", why=why[:1].lower() + why[1:], todo=todo)


def _kinds() -> tuple[Any, ...]:
    return (Threshold, DeviceVerdict, Supervision)


def _types() -> list[str]:
    return [str(kind.__struct_config__.tag) for kind in _kinds()]


def _fields() -> set[str]:
    return {"type"} | {name for kind in _kinds() for name in kind.__struct_encode_fields__}
