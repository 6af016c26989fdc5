"""What the tests of these pages share: a studio with people of every role, and claims in every state."""

from __future__ import annotations

from typing import Any

from campaigns.models import Campaign, CampaignReward, Game, Viewer
from fulfillment.models import Claim, Delivery, Endpoint
from fulfillment.rules.codes import Code
from fulfillment.rules.states import HOLDS_SLOT, State
from linking.models import Link, Player
from portal.models import Organization, User
from portal.roles import Role
from tests.factories import (
    NOW,
    make_campaign,
    make_category,
    make_claim,
    make_endpoint,
    make_game,
    make_link,
    make_organization,
    make_player,
    make_reward,
    make_staff,
    make_viewer,
)


class Studio:
    """One organization with a game, a campaign of one reward, and a member of each role."""

    def __init__(self, **fields: Any) -> None:
        self.organization: Organization = make_organization(**fields)
        self.members: dict[Role, User] = {role: make_staff(self.organization, role) for role in Role}
        self.game: Game = make_game(self.organization)
        make_category(self.game)
        self.reward = make_reward(self.game, name="Comet Cloak", external_id="item-cloak")
        self.campaign: Campaign = make_campaign(self.game, rewards=[self.reward])
        self.offer: CampaignReward = self.campaign.rewards.get()
        self.endpoint: Endpoint = make_endpoint(self.game)

    def viewer(self, **fields: Any) -> Viewer:
        return make_viewer(self.organization, **fields)

    def player(self, **fields: Any) -> Player:
        return make_player(self.game, **fields)

    def link(self, **fields: Any) -> Link:
        return make_link(self.game, viewer=self.viewer(), player=self.player(), **fields)

    def claim(self, state: str = State.FAILED, reason: str = "", **fields: Any) -> Claim:
        """Make a claim in ``state``, with the delivery that such a one has."""
        viewer = fields.pop("viewer", None) or self.viewer()
        known = state not in (State.RECEIVED, State.QUARANTINED)
        bound = state in HOLDS_SLOT
        player = fields.pop("player", None) or (self.player() if bound else None)
        values: dict[str, Any] = {
            "state": state,
            "reason": reason,
            "platform": viewer.platform,
            "platform_user_id": viewer.platform_user_id,
            "viewer": viewer,
            "resolve_at": None,
            "game": self.game if known else None,
            "campaign": self.campaign if known else None,
            "reward": self.reward if known else None,
            "campaign_reward": self.offer if known else None,
            "player": player,
            "player_slot": 1 if bound else None,
            "viewer_slot": 1 if bound else None,
            "delivered_at": NOW if state in (State.DELIVERED, State.CONFIRMED) else None,
            "attempted_at": NOW
            if state in (State.FAILED, State.DELIVERED, State.CONFIRMED, State.DELIVERING)
            else None,
            **fields,
        }
        claim = make_claim(self.organization, **values)
        if bound:
            Delivery.objects.create(
                claim=claim,
                game=self.game,
                created_at=NOW,
                due_at=NOW if state == State.READY else None,
                attempt=1 if claim.attempted_at else 0,
            )
        return claim


REASON_OF = {State.HELD: Code.LATE, State.QUARANTINED: Code.REWARD_UNKNOWN, State.FAILED: Code.REJECTED}
