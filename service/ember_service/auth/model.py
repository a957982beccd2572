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
    """Who makes a request. `stamp` changes with the password: a token of before is none."""

    name: str
    role: Role
    area: str | None = None
    workshop: str | None = None
    language: str = "zh"
    stamp: str = ""
    cookie: bool = False


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """`expires_in` in s."""

    access_token: str
    token_type: str
    expires_in: int


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, and what they may see: an officer their area, an owner their workshop."""

    name: str
    role: Role
    area: str | None
    workshop: str | None
    language: str
