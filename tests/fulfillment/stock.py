"""A world with a reward that draws codes and one with limits, for tests of stock (D8)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count

from campaigns.models import CampaignReward
from fulfillment.code_import import fingerprint, fingerprint_key
from fulfillment.models import Claim, CodePool, RewardCode, RewardFreed, RewardGiven
from fulfillment.resolve import resolve_due
from fulfillment.rules.stock import suffix_of
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.test_resolve import World

LATER = NOW + timedelta(minutes=5)


class StockWorld(World):
    """The world of resolving with players of their own and, where wanted, a pool for its reward."""

    @property
    def place(self) -> CampaignReward:
        return CampaignReward.objects.get(campaign=self.campaign, reward=self.reward)

    def limit(self, **limits: object) -> None:
        CampaignReward.objects.filter(pk=self.place.pk).update(**limits)

    def pool(self, codes: int = 0, **fields: object) -> CodePool:
        values = {"name": "Steam keys", "low_stock": 2, **fields}
        pool = CodePool.objects.create(organization=self.organization, reward=self.reward, **values)
        make_codes(pool, codes)
        return pool

    def claimed(self, number: int, *, minutes: int = 0, account: bool = True, **fields: object) -> Claim:
        """Return a claim of user ``number``, who is linked to a player of their own, with or without an account here."""
        user = f"user-{number}"
        if not self.game.links.filter(viewer__platform_user_id=user).exists():
            self.link(user, player=make.make_player(self.game, user=make.make_user() if account else None))
        return self.claim(platform_user_id=user, granted_at=NOW - timedelta(minutes=minutes), **fields)


def make_codes(pool: CodePool, count: int, *, start: int = 0) -> list[RewardCode]:
    key = fingerprint_key(pool.organization)
    values = [f"CODE-{pool.pk[-4:]}-{number:06}" for number in range(start, start + count)]
    return RewardCode.objects.bulk_create(
        RewardCode(
            pool=pool,
            organization=pool.organization,
            value=value,
            fingerprint=fingerprint(key, value),
            suffix=suffix_of(value),
            imported_at=NOW,
        )
        for value in values
    )


def settle(now: datetime = LATER) -> None:
    for _ in range(20):
        if not resolve_due(now=now):
            return
    raise AssertionError("resolving does not come to rest")


def state_of(claim: Claim) -> tuple[str, str]:
    claim.refresh_from_db()
    return claim.state, claim.reason


def check_books() -> None:
    """Hold the counts of what was given against the claims themselves."""
    counted: dict[tuple[str, int], int] = {}
    for place, day, given in RewardGiven.objects.values_list("campaign_reward_id", "day", "given"):
        counted[place, day] = given
    for place, day, claims in RewardFreed.objects.values_list("campaign_reward_id", "day", "claims"):
        counted[place, 0] = counted.get((place, 0), 0) - claims
        counted[place, day] = counted.get((place, day), 0) - claims
    held: dict[tuple[str, int], int] = {}
    rows = Claim.objects.filter(given_day__isnull=False).values("campaign_reward_id", "given_day")
    for row in rows.annotate(n=Count("pk")):
        held[row["campaign_reward_id"], row["given_day"]] = row["n"]
        held[row["campaign_reward_id"], 0] = held.get((row["campaign_reward_id"], 0), 0) + row["n"]
    assert {key: n for key, n in counted.items() if n} == held
    holders = Claim.objects.filter(player_slot__isnull=False).exclude(reason="fulfilled_elsewhere")
    assert not holders.filter(given_day=None).exists()
    assert not Claim.objects.filter(given_day__isnull=False, player_slot=None).exists()
