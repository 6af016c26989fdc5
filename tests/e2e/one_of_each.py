"""Beside the demo's, one of each thing that has pages of its own in the admin and that the demo lacks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from campaigns.channel_lists.applying import apply_import, state_of_list
from campaigns.channel_lists.importing import ask_no_more, begin_import, read_list
from campaigns.channel_lists.resolving import work_off
from campaigns.cloning import clone_campaign
from campaigns.files.exporting import document_of
from campaigns.files.importing import keep_file
from campaigns.models import Campaign, CampaignTester, Channel
from campaigns.rules.campaign_written import written
from campaigns.rules.channel_outcomes import Deed
from campaigns.rules.document_text import as_json
from fulfillment.bulk import choose_claims
from fulfillment.code_import import read_import
from fulfillment.models import Alert, AlertChannel, Claim, CodePool
from fulfillment.previews.links import make_link
from fulfillment.rules.simulated import Scenario
from fulfillment.simulating import simulate
from linking.models import Link
from portal.invitations import invite
from portal.models import Organization, User
from portal.roles import Role
from tests.e2e.each_state import make_states
from tests.factories import make_campaign, make_event, make_subscription


def make(username: str) -> None:
    """Make them all in the demo's organization, as that member of staff."""
    actor, now = User.objects.get(username=username), timezone.now()
    campaign = Campaign.objects.select_related("organization", "game").order_by("pk")[0]
    organization = campaign.organization
    _draft(campaign, actor, now)
    _tried(campaign, actor, now)
    _around(organization, actor, now)
    make_link(campaign, days=1, actor=actor, now=now)
    keep_file(data=as_json(written(document_of(campaign))).encode(), game=campaign.game, actor=actor, now=now)
    make_states(campaign, actor, now)


def _draft(campaign: Campaign, actor: User, now: datetime) -> None:
    """A draft with an allow-list that was imported, and a list that waits to be applied."""
    made = {"campaign_id": campaign.pk, "key": "one-of-each", "days": 7, "copies": 1}
    (draft,) = clone_campaign(**made, name="A draft", actor=actor, now=now)  # type: ignore[arg-type]
    Campaign.objects.filter(pk=draft.pk).update(scope=Campaign.Scope.ALLOW_LIST)
    draft.refresh_from_db()
    known = Channel.objects.filter(organization=draft.organization_id, platform="kick").order_by("pk")[0]
    for text in (f"{known.platform_channel_id}\n", "900003\nno one, here\n"):
        lines = read_list(text, platform="kick")
        listed = begin_import(campaign=draft, platform="kick", deed=Deed.ADD, lines=lines, actor=actor, now=now)
        ask_no_more(import_id=listed.pk, now=now)
        work_off(listed.pk)
        if "no one" not in text:
            seen = state_of_list(draft)
            apply_import(import_id=listed.pk, seen=seen, reason="Partners", actor=actor, now=now)


def _tried(campaign: Campaign, actor: User, now: datetime) -> None:
    """A test campaign with claims that were delivered, wait, are too late and are of nothing known."""
    rewards = [place.reward for place in campaign.rewards.select_related("reward")]
    test = make_campaign(
        campaign.game, rewards=rewards, platform_ids={"twitch": "a-try"}, now=now, name="A try", test_mode=True
    )
    player = Link.objects.filter(game=campaign.game, platform="twitch", ended_at=None).select_related("viewer")[0]
    tester = CampaignTester.objects.create(
        campaign=test, platform="twitch", platform_user_id=player.viewer.platform_user_id, note="Tester"
    )
    for scenario in (Scenario.UNLINKED, Scenario.LATE, Scenario.UNMAPPED, Scenario.BAD_SIGNATURE, Scenario.SINGLE):
        whom = None if scenario is Scenario.UNLINKED else tester  # who has linked is not taken for somebody unlinked
        simulate(campaign=test, platform="twitch", scenario=scenario, tester=whom, reward=None, actor=actor, now=now)


def _around(organization: Organization, actor: User, now: datetime) -> None:
    invited: dict[str, Any] = {
        "email": "one@northwind.example",
        "role": Role.ANALYST,
        "all_games": True,
        "game_ids": [],
    }
    invite(organization=organization, **invited, actor=actor, now=now)
    read_import(pool=CodePool.objects.order_by("pk")[0], lines=["ONE-OF-EACH-1"], actor=actor, now=now)
    Alert.objects.create(organization=organization, rule="silence", subject="twitch", opened_at=now, seen_at=now)
    AlertChannel.objects.create(organization=organization, name="Desk", kind="email", address="desk@northwind.example")
    claims = Claim.objects.filter(organization=organization)
    choose_claims(organization=organization, action="hold", claims=claims, actor=actor, now=now)
    make_event(make_subscription(organization, enabled=False), at=now)
