"""The part of the demo data that is codes: a pool for one reward, with few enough to see it run low."""

from __future__ import annotations

import secrets
from datetime import datetime

from campaigns.models import Reward
from fulfillment.code_import import confirm_import, read_import
from fulfillment.models import CodePool
from portal.models import User

CODES = 120
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without those that people take for others."""


def make_pool(reward: Reward, *, actor: User, now: datetime) -> CodePool:
    """Make the pool of a reward and import made-up codes into it."""
    pool = CodePool.objects.create(
        organization=reward.game.organization,
        reward=reward,
        name="Soundtrack keys",
        label="Any region",
        instructions="Made up for the demo: a real one would say where to enter it.",
        low_stock=100,
    )
    waiting = read_import(pool=pool, lines=[f"{_code()}\n" for _ in range(CODES)], actor=actor, now=now)
    confirm_import(waiting=waiting, actor=actor, now=now)
    return pool


def _code() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _part in range(3))
