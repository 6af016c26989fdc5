"""What would become of a group's claims if they were mapped: counted before anything is done.

Worked out by the very functions that work claims out, of claims in memory that are given what the mapping would give
them. Nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Q

from campaigns.models import Campaign, Reward, Viewer
from fulfillment.drift.groups import Group
from fulfillment.mapping import Known, learn_about, user_key
from fulfillment.models import Claim
from fulfillment.rules.codes import Code
from fulfillment.rules.decision import Decision, decide
from fulfillment.rules.states import State
from fulfillment.slots import NO_SLOTS, Contender, assign_slots

CLAIMS_LOOKED_AT = 1_000
"""So many claims of a group are worked out; of a larger one they stand for all."""

_NEW_PLACE = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What a mapping would say: the claims' reward, their campaign; ``placed``: that the campaign has the reward then."""

    reward: Reward | None = None
    campaign: Campaign | None = None
    placed: bool = False


@dataclass(slots=True)
class Forecast:
    """How many of the claims looked at would come into which state, for which reason."""

    looked_at: int = 0
    outcomes: Counter[tuple[State, Code]] = field(default_factory=Counter)

    def of(self, *states: State) -> int:
        """Return how many would come into one of these states."""
        return sum(count for (state, _code), count in self.outcomes.items() if state in states)


def forecast(organization_id: str, group: Group, assumed: Assumed) -> Forecast:
    """Return what would become of a group's claims. The number of queries does not depend on theirs."""
    claims = list(Claim.objects.filter(group.claims_in(organization_id)).defer("raw")[:CLAIMS_LOOKED_AT])
    for claim in claims:
        if assumed.reward is not None:
            claim.assigned_reward_id = assumed.reward.pk
        if assumed.campaign is not None:
            claim.assigned_campaign_id = assumed.campaign.pk
    known = learn_about(claims, _viewers(claims))
    if assumed.placed:
        known = {pk: _placed(facts) for pk, facts in known.items()}
    return Forecast(len(claims), Counter((made.state, made.reason) for made in _decisions(claims, known)))


def _viewers(claims: Sequence[Claim]) -> dict[tuple[str, str, str], str]:
    known = {user_key(claim): claim.viewer_id for claim in claims if claim.viewer_id}
    strangers = [claim for claim in claims if not claim.viewer_id]
    if strangers:
        rows = Viewer.objects.filter(
            Q(organization__in={claim.organization_id for claim in strangers}),
            platform__in={claim.platform for claim in strangers},
            platform_user_id__in={claim.platform_user_id for claim in strangers},
        ).values_list("organization", "platform", "platform_user_id", "pk")
        known |= {(organization, platform, user): pk for organization, platform, user, pk in rows}
    return known


def _placed(known: Known) -> Known:
    if known.columns.campaign_reward_id is not None:
        return known
    return replace(
        known,
        facts=replace(known.facts, reward_in_campaign=True),
        columns=replace(known.columns, campaign_reward_id=_NEW_PLACE),
    )


def _decisions(claims: Sequence[Claim], known: dict[str, Known]) -> list[Decision]:
    made = {claim.pk: decide(known[claim.pk].facts) for claim in claims}
    ready = [Contender(claim, known[claim.pk]) for claim in claims if made[claim.pk].state is State.READY]
    for pk, slots in (assign_slots(ready, admit=lambda _one: True) if ready else {}).items():
        if slots == NO_SLOTS:
            made[pk] = decide(replace(known[pk].facts, slot_free=False))
    return list(made.values())
