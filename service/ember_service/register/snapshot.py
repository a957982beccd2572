"""The register and the rules as a process holds them: from the database, or from its own disk while that is away."""

import logging
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncEngine

from ember_base.disk import atomic_write
from ember_base.schema import register_revision, rule
from ember_service.register.model import Register
from ember_service.register.repository import load_register
from ember_service.rules.load import load_pack
from ember_service.rules.model import Rule
from ember_service.rules.validate import RuleError, parse

log = logging.getLogger(__name__)


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What the evaluator goes by. `bad_rules`: why stored rules were left out."""

    register: Register = Register()
    rules: list[Rule] = []
    bad_rules: list[str] = []


_decoder: Final = msgspec.msgpack.Decoder(Config)


class Snapshot:
    """The newest configuration and its file. `fixed`: rules that stand in the place of the database's."""

    def __init__(self, path: Path, engine: AsyncEngine, fixed: list[Rule] | None = None) -> None:
        self._path = path
        self._engine = engine
        self._fixed = fixed

    def from_disk(self, known: Config | None = None) -> Config:
        """As it was last known, else as `known`, else an empty register and the default rules."""
        found = known or Config(rules=load_pack())
        try:
            found = _decoder.decode(self._path.read_bytes())
        except FileNotFoundError:
            pass
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("the register's snapshot %s cannot be read (%s); going on without", self._path.name, error)
        return found if self._fixed is None else msgspec.structs.replace(found, rules=self._fixed)

    async def load(self) -> Config:
        """From the database, kept on disk as well. Raises what the database raises."""
        async with self._engine.connect() as connection:
            register = await load_register(connection)
            newest = (
                select(rule.c.id, rule.c.body).ext(distinct_on(rule.c.id)).order_by(rule.c.id, rule.c.version.desc())
            )
            stored = (await connection.execute(newest)).all()
        rules, bad = _parse([row.body for row in stored])
        config = Config(register=register, rules=self._fixed or rules or load_pack(), bad_rules=bad)
        try:
            atomic_write(self._path, msgspec.msgpack.encode(config))
        except OSError as error:
            log.warning("the register's snapshot cannot be written: %s", error)
        return config

    async def revision(self) -> int:
        """The register's revision in the database: cheap to ask."""
        async with self._engine.connect() as connection:
            return int(await connection.scalar(select(register_revision.c.revision)) or 0)


def _parse(bodies: list[object]) -> tuple[list[Rule], list[str]]:
    """A stored rule that cannot be used is left out and named; the others count."""
    rules: list[Rule] = []
    bad: list[str] = []
    for body in bodies:
        try:
            rules.append(parse(body))
        except RuleError as error:
            log.warning("a stored rule is left out: %s", error)
            bad.append(str(error))
    return rules, bad
