"""What ``test_refusals.py`` needs to know of a platform: a module ``refusals_<key>.py`` for each says it as ``REFUSALS``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast

from portal import platforms
from portal.platforms.claims_api import Narrowed

Call = Callable[[str], object]

OURS: dict[str, Any] = {"client_id": "C", "access_token": "t0ken-s3cret"}
LIST: dict[str, Any] = {
    "narrowed": Narrowed.ALL, "value": "", "only_open": True, "cursor": "", "size": 100,
}  # fmt: skip
MADE: dict[str, Any] = {"callback": "https://d.example/", "secret": "s3cret-s3cret"}

ENDED = "has ended: a success"
CONSENT = "only a new consent helps"
THERE = "is there already"


@dataclass(frozen=True, kw_only=True)
class Calls:
    """A platform's calls by name. ``own`` has what is not simply a refusal, by call and status."""

    calls: dict[str, Call]
    own: dict[tuple[str, int], str] = field(default_factory=dict)
    without_an_answer: tuple[str, ...] = ()
    """Of whose success nothing but the status is read."""


def of_every_platform() -> dict[str, Calls]:
    """Return the calls of all platforms that are called at all."""
    called = [platform.key for platform in platforms.registry.values() if platform.api_url]
    return {key: cast(Calls, import_module(f"{__package__}.refusals_{key}").REFUSALS) for key in called}
