"""What platforms report, in the portal's words, and the reading of their JSON. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

MAXIMUM_ID_LENGTH = 200
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class MessageInvalid(ValueError):
    """A message is not what its platform documents. The text says in one sentence what is wrong."""


@dataclass(frozen=True, kw_only=True)
class ClaimReceived:
    """One viewer has claimed one reward. Ids are the platform's, as text; an empty one was not told.

    ``granted_at`` is when the platform granted it, in UTC, or None where the message does not tell (C10).
    """

    platform_claim_id: str
    platform_user_id: str
    platform_reward_id: str
    platform_campaign_id: str = ""
    platform_user_name: str = ""
    external_id: str = ""
    category_id: str = ""
    organization_id: str = ""
    granted_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class StreamChanged:
    """A channel went live or stopped. ``started_at`` is None when it stopped, or where the message does not tell."""

    platform_channel_id: str
    live: bool
    started_at: datetime | None
    subscription_id: str = ""
    """The event subscription by which it came, where the signed message tells."""


@dataclass(frozen=True, kw_only=True)
class SubscriptionEnded:
    """The platform has ended an event subscription and sends nothing by it any more. ``detail`` is its word for why."""

    subscription_id: str
    detail: str


class Digits(str):
    """An integer of a JSON text, as it was written: an id may have more digits than any number type."""

    __slots__ = ()


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that ``body`` is, its integers as ``Digits``. Raises ``MessageInvalid``."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise MessageInvalid("The body is not UTF-8 text.") from None
    try:
        value = json.loads(text, parse_int=Digits, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise MessageInvalid(f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    except RecursionError:
        raise MessageInvalid("The body is not acceptable JSON: it is nested too deeply.") from None
    if not isinstance(value, dict):
        raise MessageInvalid(f"The body is {_kind(value)}, not a JSON object.")
    return value


def read_id(source: Mapping[str, Any], name: str, *, where: str = "") -> str:
    """Return the id called ``name`` as text. Raises ``MessageInvalid`` where it is missing or not an id.

    An id is a text or a non-negative integer, of 1 to ``MAXIMUM_ID_LENGTH`` characters that a database can store.
    """
    if source.get(name) is None:
        raise MessageInvalid(f"{where}{name} is missing.")
    text = read_optional_id(source, name, where=where)
    if not text:
        raise MessageInvalid(f"{where}{name} is empty.")
    return text


def read_optional_id(source: Mapping[str, Any], name: str, *, where: str = "") -> str:
    """Return the id called ``name`` as text, empty where it is missing, null or empty. Raises ``MessageInvalid``."""
    value = source.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or (isinstance(value, Digits) and value.startswith("-")):
        raise MessageInvalid(f"{where}{name} is {_kind(value)}, not an id.")
    if len(value) > MAXIMUM_ID_LENGTH:
        raise MessageInvalid(f"{where}{name} has {len(value)} characters; at most {MAXIMUM_ID_LENGTH} are possible.")
    if not is_storable(value):
        raise MessageInvalid(f"{where}{name} holds characters that cannot be stored.")
    return str(value)


def read_name(source: Mapping[str, Any], *names: str) -> str:
    """Return the first of the ``names`` that is a usable text, cut to length, else an empty text. Never raises.

    Names are for show: a strange one is no reason to lose a claim.
    """
    for name in names:
        value = source.get(name)
        if isinstance(value, str) and value and is_storable(value):
            return str(value[:MAXIMUM_ID_LENGTH])
    return ""


def read_part(source: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the object called ``name``. Raises ``MessageInvalid`` where it is missing or no object."""
    value = source.get(name)
    if value is None:
        raise MessageInvalid(f"{name} is missing.")
    if not isinstance(value, dict):
        raise MessageInvalid(f"{name} is {_kind(value)}, not an object.")
    return value


def is_storable(text: str) -> bool:
    """Tell whether a database takes ``text``: no NUL and no half of a surrogate pair."""
    return _UNSTORABLE.search(text) is None


def _refuse_constant(name: str) -> NoReturn:
    raise MessageInvalid(f"The body is not JSON: {name} is no JSON value.")


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, Digits):
        return "a negative number" if value.startswith("-") else "a number"
    kinds = {str: "a text", float: "a fraction", list: "a list", dict: "an object"}
    return next(name for kind, name in kinds.items() if isinstance(value, kind))
