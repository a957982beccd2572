"""Tables of documents that are made of the code; `python -m tests.integration.deploy.documents` writes them anew."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import yaml

from ember_base.settings import table
from ember_service.rules.load import load_pack
from ember_service.rules.model import DeviceVerdict, Rule, Supervision, Threshold
from ember_wire.kinds import unit_of
from tests.integration.deploy.site import DEPLOY, ROOT


def rules() -> str:
    """The default pack, fires first."""
    order = ("fire", "prewarning", "supervisory", "trouble")
    pack = sorted(load_pack(), key=lambda rule: (order.index(rule.class_), rule.scope.kinds, -rule.severity))
    rows = [f"| {_named(rule)} | {rule.class_} | {_zones(rule)} | {_raised(rule)} | {_over(rule)} |" for rule in pack]
    return _table("alarm", "class", "zones", "when", "over when", rows=rows)


def settings() -> str:
    """Every setting."""
    rows = [f"| `{name}` | {f'`{default}`' if default else '–'} | {what} |" for name, default, what in table()]
    return _table("variable", "default", "what", rows=rows)


def alerts() -> str:
    """Every alert rule."""
    groups = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text("utf-8"))["groups"]
    rows = [
        f"| `{rule['alert']}` | {rule['labels']['severity']} | {_plain(rule['annotations']['summary'])} |"
        for group in groups
        for rule in group["rules"]
    ]
    return _table("alert", "severity", "says", rows=rows)


TABLES: Final[dict[str, tuple[Path, Callable[[], str]]]] = {
    "rules": (ROOT / "docs" / "alarm-semantics.md", rules),
    "settings": (ROOT / "docs" / "operations.md", settings),
    "alerts": (ROOT / "docs" / "operations.md", alerts),
}


def replaced(text: str, name: str, made: str) -> str:
    """The document with what stands between its marks `<!-- name -->` made anew."""
    head, rest = text.split(f"<!-- {name} -->\n")
    tail = rest[rest.index(f"<!-- /{name} -->") :]
    return f"{head}<!-- {name} -->\n{made}\n{tail}"


def _table(*heads: str, rows: list[str]) -> str:
    return "\n".join([f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}", *rows])


def _named(rule: Rule) -> str:
    return f"{rule.title.en} {rule.title.zh} `{rule.id}`"


def _zones(rule: Rule) -> str:
    return ", ".join(rule.scope.zone_kinds).replace("_", " ") or "all"


def _raised(rule: Rule) -> str:
    if isinstance(rule, DeviceVerdict):
        return f"`{rule.scope.kinds[0]}` is true"
    if isinstance(rule, Supervision):
        return "nothing heard: " + ", ".join(f"{name} {_time(s)}" for name, s in rule.intervals.items())
    side, limit = ("above", rule.above) if rule.above is not None else ("below", rule.below)
    text = f"`{rule.scope.kinds[0]}` {side} {_figure(limit, rule)}"
    return f"{text} for {_time(rule.delay_on)}" if rule.delay_on else text


def _over(rule: Rule) -> str:
    if isinstance(rule, DeviceVerdict):
        return "false"
    if isinstance(rule, Supervision):
        return "heard again"
    limit = next(value for value in (rule.reset, rule.above, rule.below) if value is not None)
    text = f"{'at most' if rule.above is not None else 'at least'} {_figure(limit, rule)}"
    text = f"{text} for {_time(rule.delay_off)}" if rule.delay_off else text
    return f"{text}, and reset by hand" if rule.latch else text


def _figure(value: float | None, rule: Threshold) -> str:
    unit = unit_of(rule.scope.kinds[0])
    return f"{value:g} {'°C' if unit == 'Cel' else unit}"


def _time(seconds: float) -> str:
    if seconds >= 3600:
        return f"{seconds / 3600:g} h"
    return f"{seconds / 60:g} min" if seconds >= 120 else f"{seconds:g} s"


def _plain(template: str) -> str:
    """An alert's summary with its figures as `…`."""
    return re.sub(r"\{\{.*?\}\}", "…", template)


def main() -> None:
    for name, (path, make) in TABLES.items():
        path.write_text(replaced(path.read_text("utf-8"), name, make()), "utf-8")


if __name__ == "__main__":
    main()
