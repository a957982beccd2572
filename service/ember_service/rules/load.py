"""Rules from YAML files: the default pack that comes with the product, and a folder of the user's own."""

from collections.abc import Hashable, Iterable
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from ember_service.rules.model import Rule
from ember_service.rules.validate import Problem, RuleError, parse


def load_pack() -> list[Rule]:
    """The default rules, by file and place."""
    folder = resources.files("ember_service.rules") / "pack"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return load_texts((file.name, file.read_text(encoding="utf-8")) for file in files)


def load_dir(path: Path) -> list[Rule]:
    """The rules of a folder's `*.yaml` and `*.yml`, by name of file. Raises RuleError with all that is wrong."""
    if not path.is_dir():
        raise RuleError([Problem(file=str(path), field="file", why="there is no such folder", todo="Make it")])
    texts, problems = [], []
    for file in sorted(f for f in path.iterdir() if f.suffix in {".yaml", ".yml"}):
        try:
            texts.append((file.name, file.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            why, todo = f"it cannot be read: {error}", "Make it a readable UTF-8 file"
            problems.append(Problem(file=file.name, field="file", why=why, todo=todo))
    return load_texts(texts, problems)


def load_rules(path: Path | None) -> list[Rule]:
    """The default pack; rules of a folder come on top, and in the place of those whose id they have."""
    rules = {rule.id: rule for rule in load_pack()}
    if path is not None:
        rules |= {rule.id: rule for rule in load_dir(path)}
    return list(rules.values())


def load_texts(texts: Iterable[tuple[str, str]], problems: list[Problem] | None = None) -> list[Rule]:
    """Rules from (file's name, YAML text) pairs; all problems are collected before RuleError is raised."""
    problems = list(problems or ())
    rules: dict[str, Rule] = {}
    where: dict[str, str] = {}
    for file, text in texts:
        for data in _documents(file, text, problems):
            try:
                rule = parse(data, file)
            except RuleError as error:
                problems += error.problems
                continue
            if rule.id in rules:
                why, todo = f"the id is taken by a rule in {where[rule.id]}", "Give each rule an id of its own"
                problems.append(Problem(file=file, rule=rule.id, field="id", why=why, todo=todo))
            rules[rule.id], where[rule.id] = rule, file
    if problems:
        raise RuleError(problems)
    return list(rules.values())


def _documents(file: str, text: str, problems: list[Problem]) -> list[Any]:
    """The list of a file: at its top, or under `rules`."""
    try:
        data = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader that also refuses a key given twice
    except (yaml.YAMLError, RecursionError) as error:
        why = " ".join(str(error).split()) or "it is nested too deep"
        problems.append(Problem(file=file, field="file", why=f"it is no YAML: {why}", todo="Correct it there"))
        return []
    if isinstance(data, dict) and set(data) == {"rules"}:
        data = data["rules"]
    if data is None:
        return []
    if not isinstance(data, list):
        why, todo = "it holds no list of rules", "Begin each rule with a dash, at the top or under rules:"
        problems.append(Problem(file=file, field="file", why=why, todo=todo))
        return []
    return data


class _Loader(yaml.SafeLoader):
    """YAML's last of two equal keys would win in silence: here it is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            name = getattr(key, "value", None)
            if isinstance(name, str) and name in seen and name != "<<":
                raise yaml.constructor.ConstructorError(None, None, f"the key {name!r} is given twice", key.start_mark)
            seen.add(name if isinstance(name, str) else None)
        return super().construct_mapping(node, deep)
