"""Who is told something in these tests: a person with an account, a linked viewer, a campaign, claims on their way."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress

from campaigns.hooks import Earned
from campaigns.models import CampaignReward, EarnedReward, Viewer
from fulfillment.models import Claim, Delivery, Notice, NoticePreference
from fulfillment.resolve import resolve_due
from fulfillment.rules.notices import Group
from fulfillment.rules.states import State
from linking.links import make_link
from portal.models import User
from tests.factories import (
    NOW,
    make_campaign,
    make_claim,
    make_endpoint,
    make_game,
    make_organization,
    make_player,
    make_reward,
    make_user,
    make_viewer,
    number,
)


class Person:
    """Somebody with an account on the portal and a game account in a game that has a live campaign with two rewards."""

    def __init__(self, **user: Any) -> None:
        self.organization = make_organization()
        self.game = make_game(self.organization, where_rewards_arrive="Look into your mailbox.")
        make_endpoint(self.game)
        self.rewards = [
            make_reward(self.game, name=name, platform_ids={"kick": f"{name}-{number()}"}, image=False)
            for name in ("Comet banner", "Dawn blade")
        ]
        self.campaign = make_campaign(
            self.game, rewards=self.rewards, platform_ids={"kick": f"c{number()}"}, name="First light"
        )
        self.user: User = make_user(**user)
        self.player = make_player(self.game, user=self.user)
        self.viewer: Viewer = make_viewer(self.organization)

    def link(self, *, now: datetime = NOW, **values: Any) -> Any:
        made = make_link(game=self.game, scopes=[], now=now, **{"viewer": self.viewer, "player": self.player, **values})
        self.viewer.refresh_from_db()
        return made

    def claim(self, reward: int = 0, **fields: Any) -> Claim:
        """A claim of this person as a webhook brings it: due to be resolved."""
        return make_claim(
            self.organization,
            **{
                "platform_user_id": self.viewer.platform_user_id,
                "platform_campaign_id": self.campaign.platforms.get().platform_campaign_id,
                "platform_reward_id": self.rewards[reward].platform_ids.get().platform_reward_id,
                **fields,
            },
        )

    def place(self, reward: int = 0) -> CampaignReward:
        return self.campaign.rewards.get(reward=self.rewards[reward])

    def earn(self, reward: int = 0, *, viewer: Viewer | None = None, at: datetime = NOW) -> Earned:
        viewer = viewer or self.viewer
        EarnedReward.objects.create(viewer=viewer, campaign_reward=self.place(reward), earned_at=at)
        return Earned(viewer.pk, self.place(reward).pk, self.campaign.pk, at)

    def notices(self) -> list[Notice]:
        return list(Notice.objects.filter(user=self.user).order_by("pk"))

    def kinds(self) -> list[str]:
        return [notice.kind for notice in self.notices()]

    def unread(self) -> list[str]:
        return [notice.kind for notice in self.notices() if notice.read_at is None]


def by_mail(user: User, *groups: Group, verified: bool | None = True, **fields: Any) -> NoticePreference:
    """Let a person have these groups by e-mail, to a verified address, an unverified one, or (None) to none at all."""
    if verified is not None:
        EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    chosen = {group.value: True for group in groups or tuple(Group)}
    return NoticePreference.objects.create(user=user, **chosen, **fields)


def settle(now: datetime = NOW) -> None:
    while resolve_due(now=now):
        pass


def ready_claims(people: list[Person]) -> list[Claim]:
    claims = [person.claim() for person in people]
    settle()
    assert set(Claim.objects.values_list("state", flat=True)) == {State.READY}
    assert Delivery.objects.count() == len(claims)
    return claims
