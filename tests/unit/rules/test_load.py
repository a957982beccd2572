"""Rules from YAML: what is wrong is told with file, rule, field, why, and what to do; and nothing of it is taken."""

from pathlib import Path
from typing import Any

import pytest

from ember_service.alarms.engine.products import PRODUCTS
from ember_service.rules.load import load_dir, load_rules, load_texts
from ember_service.rules.model import PRODUCT_IDS, Threshold
from ember_service.rules.validate import Problem, RuleError, parse


def good(**changes: Any) -> dict[str, Any]:
    """A threshold as YAML gives it, with changes; None takes a field out."""
    text = {"en": "Look there.", "zh": "请查看。"}
    rule: dict[str, Any] = {
        "type": "threshold",
        "id": "hot",
        "class": "fire",
        "severity": 900,
        "title": text,
        "guidance": text,
        "scope": {"kinds": ["temperature"]},
        "above": 60,
    }
    return {name: value for name, value in (rule | changes).items() if value is not None}


def supervision(**changes: Any) -> dict[str, Any]:
    base = {"type": "supervision", "above": None, "scope": None, "intervals": {"radio": 180}, "class": "trouble"}
    return good(**base | changes)


def verdict(**changes: Any) -> dict[str, Any]:
    base = {"type": "verdict", "above": None, "scope": {"kinds": ["smoke_alarm"]}}
    return good(**base | changes)


def refused(data: object) -> Problem:
    with pytest.raises(RuleError) as error:
        parse(data, "mine.yaml")
    (problem,) = error.value.problems
    return problem


def test_a_good_rule_is_taken() -> None:
    rule = parse(good(reset=55, delay_on=5))
    assert isinstance(rule, Threshold)
    assert (rule.above, rule.reset, rule.delay_on, rule.class_, rule.version) == (60, 55, 5, "fire", 1)
    assert parse(supervision()).id == parse(verdict()).id == "hot"


@pytest.mark.parametrize(
    ("data", "field", "why", "todo"),
    [
        (good(above=None), "above", "one limit", "exactly one"),
        (good(below=3), "above", "one limit", "exactly one"),
        (good(above=float("nan")), "above", "no limit", "number"),
        (good(reset=61), "reset", "61 is above the limit 60", "at or below"),
        (good(above=None, below=10, reset=9), "reset", "9 is below the limit 10", "at or above"),
        (good(delay_on=-1), "delay_on", "not within", "seconds"),
        (good(delay_off=1e9), "delay_off", "not within", "seconds"),
        (good(severity=0), "severity", "not within 1 to 1000", "1000 is the worst"),
        (good(severity=1001), "severity", "not within", "number"),
        (good(severity="high"), "severity", "expected `int`", "Correct"),
        (good(version=0), "version", "count from 1", "Write 1"),
        (good(id="a/b"), "id", "'/'", "name"),
        (good(id="gateway_silent"), "id", "product itself", "another"),
        (good(title={"en": "x", "zh": " "}), "title.zh", "empty", "Write it"),
        (good(title={"en": "x"}), "title.zh", "missing", "Add it"),
        (good(guidance=None), "guidance", "missing", "Add it"),
        (good(**{"class": "panic"}), "class", "panic", "fire, prewarning"),
        (good(scope={"kinds": ["temprature"]}), "scope.kinds", "not known", "Did you mean temperature?"),
        (good(scope={"kinds": ["smoke"], "zone_kinds": ["oven"]}), "scope.zone_kinds", "not known", "curing"),
        (good(scope={"kinds": ["smoke"], "devices": ["a#"]}), "scope.devices", "'#'", "register"),
        (good(scope={"kind": ["smoke"]}), "scope.kind", "unknown field", "kinds"),
        (good(scope=None), "scope.kinds", "means nothing", "temperature"),
        (good(abov=3), "abov", "unknown field", "Did you mean above?"),
        (good(type=None), "type", "missing", "threshold, verdict, supervision"),
        (good(type="trend"), "type", "trend", "threshold, verdict, supervision"),
        (good(above="60"), "above", "expected", "Correct"),
        (good(above=True), "above", "expected", "Correct"),
        (verdict(scope={"kinds": ["smoke"]}), "scope.kinds", "measured value", "threshold"),
        (verdict(scope=None), "scope.kinds", "which verdicts", "smoke_alarm"),
        (supervision(**{"class": "fire"}), "class", "no fire", "trouble"),
        (supervision(intervals={}), "intervals", "no interval", "radio"),
        (supervision(intervals={"radoi": 5}), "intervals.radoi", "no such class", "radio"),
        (supervision(intervals={"radio": 0}), "intervals.radio", "not within", "180"),
        (supervision(scope={"kinds": ["smoke"]}), "scope.kinds", "not channels", "Leave it out"),
        ("hot", "rule", "expected `object`", "mapping"),
        (None, "rule", "expected `object`", "mapping"),
    ],
)
def test_a_bad_rule_is_refused_with_field_why_and_what_to_do(data: object, field: str, why: str, todo: str) -> None:
    problem = refused(data)
    assert problem.field == field
    assert why.lower() in problem.why.lower()
    assert todo in problem.todo
    assert str(problem).startswith("mine.yaml: ")


def test_all_problems_of_all_files_are_told_at_once() -> None:
    texts = [("a.yaml", "- 5\n- 6\n"), ("b.yaml", "rules: {}"), ("c.yaml", "x: [")]
    with pytest.raises(RuleError) as error:
        load_texts(texts)
    assert [problem.file for problem in error.value.problems] == ["a.yaml", "a.yaml", "b.yaml", "c.yaml"]
    assert str(error.value).count("\n") == 3


RULE = """
- type: supervision
  id: silent
  class: trouble
  severity: 10
  title: {en: a, zh: b}
  guidance: {en: a, zh: b}
  intervals: {mains: 60}
"""


def test_an_id_is_given_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(RULE, "utf-8")
    assert [rule.id for rule in load_dir(tmp_path)] == ["silent"]
    (tmp_path / "b.yml").write_text(RULE, "utf-8")
    with pytest.raises(RuleError, match=r"rule silent: id: the id is taken by a rule in a\.yaml"):
        load_dir(tmp_path)


def test_a_key_given_twice_is_an_error_and_not_the_last_one(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(RULE + "  severity: 20\n", "utf-8")
    with pytest.raises(RuleError, match="'severity' is given twice"):
        load_dir(tmp_path)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "rules:\n"])
def test_an_empty_file_has_no_rules(text: str) -> None:
    assert load_texts([("a.yaml", text)]) == []


@pytest.mark.parametrize("text", ["[" * 5_000, "!!python/object/apply:os.system ['true']", "\x00", "- &a [*a]"])
def test_hostile_yaml_is_refused(text: str) -> None:
    with pytest.raises(RuleError):
        load_texts([("a.yaml", text)])


def test_a_missing_folder_and_an_unreadable_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no such folder"):
        load_dir(tmp_path / "none")
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(RuleError, match=r"a\.yaml: file: it cannot be read"):
        load_dir(tmp_path)


def test_a_folders_rules_stand_in_the_place_of_the_packs(tmp_path: Path) -> None:
    pack = load_rules(None)
    (tmp_path / "a.yaml").write_text(RULE.replace("id: silent", "id: device-silent"), "utf-8")
    mine = load_rules(tmp_path)
    assert [rule.id for rule in mine] == [rule.id for rule in pack]
    assert {rule.id: rule for rule in mine}["device-silent"].severity == 10


def test_the_products_own_ids_are_those_that_are_refused() -> None:
    assert set(PRODUCTS) == PRODUCT_IDS
