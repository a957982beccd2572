"""Accounts and those who act."""

from enum import StrEnum

import msgspec


class Role(StrEnum):
    """Roles of contract "Who may"."""

    ADMIN = "admin"
    OPERATOR = "operator"
    OFFICER = "officer"
    OWNER = "owner"
    VIEWER = "viewer"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """As stored. `area`: what an officer or viewer sees; `workshop`: what an owner sees."""

    name: str
    role: Role
    password_hash: str
    area: str | None = None
    workshop: str | None = None
    language: str = "zh"
    disabled: bool = False


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a request."""

    name: str
    role: Role
    area: str | None = None
    workshop: str | None = None
    language: str = "zh"
    cookie: bool = False
