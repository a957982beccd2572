"""The documents name only what is there: files, commands, settings."""

import re
import shlex
from pathlib import Path

import pytest

from ember_base.settings import table
from ember_host.cli import parser

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("migrations/*.md")])
DEMO_VARIABLES = {"EMBERWATCH_DEMO_BROKER", "EMBERWATCH_TEST_DATABASE_URL"}
IDS = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


def code_blocks(text: str) -> list[str]:
    """Lines of the shell blocks, continued lines joined."""
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", text, re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=IDS)
def test_every_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", path.read_text("utf-8"))
    dead = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert not dead, f"{path.name} links to what is not there: {dead}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=IDS)
def test_every_setting_named_is_one(path: Path) -> None:
    known = {name for name, _, _ in table()} | DEMO_VARIABLES
    named = set(re.findall(r"EMBERWATCH_[A-Z][A-Z_]*[A-Z]", path.read_text("utf-8")))
    assert named <= known, f"{path.name} names what is no setting: {named - known}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=IDS)
def test_every_emberwatch_command_parses(path: Path) -> None:
    for line in code_blocks(path.read_text("utf-8")):
        for command in re.findall(r"(?:^|[|;&] *|-T? ?\w+ )emberwatch ([^|;&#<>]+)", line):
            words = shlex.split(command)
            if words[0] != "sim":  # has a parser of its own, tested with it
                parser().parse_args(words)


@pytest.mark.parametrize("path", DOCUMENTS, ids=IDS)
def test_every_make_target_named_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(
        re.findall(r"\bmake ([a-z]+)\b", " ".join(re.findall(r"`[^`]+`|```.*?```", path.read_text("utf-8"), re.DOTALL)))
    )
    assert named <= targets, f"{path.name} names targets that are not there: {named - targets}"
