"""The shipped console: whole, small, and at home under a strict content security policy. `make check` rebuilds it."""

import gzip
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest

STATIC: Final = Path(__file__).parents[3] / "service" / "ember_service" / "web" / "static"
FILES: Final = sorted(path for path in STATIC.rglob("*") if path.is_file())
TEXTS: Final = [path for path in FILES if path.suffix in {".html", ".js", ".css", ".svg"}]
HOST: Final = re.compile(r"(?:https?|wss?)://[\w.-]+")
NAMESPACES: Final = {"http://www.w3.org"}
MOST_JS_KB: Final = 75
"""Gzipped, both languages and uPlot; uPlot is a third of it and comes after the queue stands."""


class Page(HTMLParser):
    """What index.html loads, and what the policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.refused: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.loads += [value for name in ("src", "href") if (value := given.get(name))]
        self.refused += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in {"script", "style"} and data.strip():
            self.refused.append(f"{self._inside}: {data.strip()[:40]}")


@pytest.fixture(scope="module")
def page() -> Page:
    page = Page()
    page.feed((STATIC / "index.html").read_text(encoding="utf-8"))
    return page


def test_the_page_loads_only_hashed_files_that_are_there(page: Page) -> None:
    assert page.loads
    for address in page.loads:
        assert re.fullmatch(r"\./assets/[\w-]+-[\w-]{8}\.(js|css|svg)", address), address
        assert (STATIC / address).is_file(), address


def test_the_page_holds_no_inline_script_style_or_handler(page: Page) -> None:
    assert page.refused == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name.split("-")[0] + path.suffix)
def test_no_file_names_another_host_or_makes_code_of_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert set(HOST.findall(text)) <= NAMESPACES
    assert not re.search(r"\beval\(|new Function\(", text)
    assert not re.search(r"url\(\s*[\"']?data:", text), "the policy lets no data: into style sheets' fonts"


def test_every_file_is_used(page: Page) -> None:
    everything = "".join(path.read_text(encoding="utf-8") for path in TEXTS)
    unused = [path.name for path in FILES if path.name != "index.html" and path.name not in everything]
    assert unused == []


def test_it_is_small() -> None:
    scripts = [path for path in FILES if path.suffix == ".js"]
    assert scripts
    size = sum(len(gzip.compress(path.read_bytes())) for path in scripts)
    assert size < MOST_JS_KB * 1024, f"{size / 1024:.0f} kB of script, gzipped"
