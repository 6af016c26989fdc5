"""Trying what follows from a platform's messages: made as the platform makes them, taken by the webhook itself (C8, users' #18).

Only a published campaign in test mode can be tried, so that no figure and no player of a real one is touched. Deliveries go to
the game as for every test claim, marked as a test; the platform is told nothing of claims that it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import BytesIO
from secrets import randbelow
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from campaigns.models import (
    Campaign,
    CampaignPlatform,
    CampaignReward,
    CampaignTester,
    GameCategory,
    RewardPlatformId,
    Viewer,
)
from fulfillment.claims import NotPossible
from fulfillment.models import Simulation
from fulfillment.rules.simulated import Scenario, simulated_id
from fulfillment.webhooks.base import WebhookView, meta_name
from fulfillment.webhooks.registry import webhooks
from fulfillment.webhooks.tally import uncounted
from linking.models import Link
from portal import audit, platforms
from portal.ids import new_ulid
from portal.models import PlatformCredential, User
from portal.platforms.messages import MessageInvalid
from portal.platforms.simulating import SimulatedGrant, SimulatedMessage, Simulator
from portal.sentences import Sentence

_LATE_BY = timedelta(hours=1)
_UNKNOWN_REWARD = "simulated-unknown-reward"


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where a try is made: all that its messages name."""

    campaign: Campaign
    there: CampaignPlatform
    credential: PlatformCredential
    simulator: Simulator
    places: Sequence[CampaignReward]
    ids: dict[str, str]
    category: str


def simulate(
    *,
    campaign: Campaign,
    platform: str,
    scenario: Scenario,
    tester: CampaignTester | None,
    reward: CampaignReward | None,
    actor: User,
    now: datetime,
) -> Simulation:
    """Send the scenario's messages to the portal's own webhook and return what it answered.

    ``tester`` claims, where the scenario needs somebody who is linked; ``reward`` is what is claimed, the first where it is
    None. A made-up viewer who is not linked becomes a tester, or would be held as one who may not take part.

    Raises:
        NotPossible: the campaign is not a published test, the platform does not count in it or its credential cannot take
            messages, an id is missing, a tester is needed and was not given, or one who has linked claims unlinked.
    """
    stage = _stage(campaign, platform)
    if tester is None and scenario not in (Scenario.UNLINKED, Scenario.BAD_SIGNATURE):
        raise NotPossible(_asking_for_tester(campaign, platform))
    if tester and scenario is Scenario.UNLINKED and _has_linked(stage, tester):
        raise NotPossible(
            Sentence(_("This tester has linked. Choose nobody, so that somebody is made up, or a tester who has not."))
        )
    user_id, name = _somebody(tester) if tester else _nobody(stage, scenario)
    grants = _grants(stage, scenario, reward, user_id=user_id, user_name=name, now=now)
    with uncounted():
        told = [_send(stage, scenario, message, now=now) for message in _messages(stage, scenario, grants, now=now)]
    made = Simulation.objects.create(
        organization=campaign.organization,
        campaign=campaign,
        platform=platform,
        scenario=scenario.value,
        made_at=now,
        actor=actor,
        actor_label=str(actor)[:150],
        messages=told,
    )
    audit.record(
        actor=actor,
        action="simulated messages",
        obj=campaign,
        organization=campaign.organization,
        after={"scenario": scenario.value, "platform": platform, "messages": len(told)},
        now=now,
    )
    return made


def _asking_for_tester(campaign: Campaign, platform: str) -> Sentence:
    if campaign.testers.filter(platform=platform).exists():
        return Sentence(_("Choose who claims: a tester of the campaign on this platform."))
    return Sentence(_("The campaign has no tester on this platform. Name one on its page, among the testers."))


def _stage(campaign: Campaign, platform: str) -> _Stage:
    if not campaign.test_mode or campaign.status != Campaign.Status.PUBLISHED:
        raise NotPossible(Sentence(_("Only a published campaign in test mode can be tried.")))
    there = campaign.platforms.filter(platform=platform, counted_by=CampaignPlatform.CountedBy.PLATFORM).first()
    simulator = platforms.get(platform).simulator if platform in platforms.registry else None
    if there is None or simulator is None or platform not in webhooks:
        raise NotPossible(Sentence(_("This platform does not count in the campaign, so it sends no claims of it.")))
    credential = PlatformCredential.objects.filter(organization=campaign.organization_id, platform=platform).first()
    if credential is None or not credential.enabled:
        raise NotPossible(
            Sentence(_("The platform's credential is missing or switched off: its webhook takes nothing."))
        )
    if simulator.signs and not credential.webhook_secret:
        raise NotPossible(Sentence(_("The credential has no webhook secret: no message can be signed.")))
    places = list(campaign.rewards.select_related("reward").order_by("position", "pk"))
    ids = dict(
        RewardPlatformId.objects.filter(
            platform=platform, reward__in=[place.reward_id for place in places]
        ).values_list("reward_id", "platform_reward_id")
    )
    if not there.platform_campaign_id or not ids:
        raise NotPossible(Sentence(_("The campaign or its rewards have no id on this platform yet.")))
    category = GameCategory.objects.filter(game=campaign.game_id, platform=platform).order_by("pk").first()
    return _Stage(
        campaign, there, credential, simulator, places, ids, category.platform_category_id if category else ""
    )


def _has_linked(stage: _Stage, tester: CampaignTester) -> bool:
    links = Link.objects.filter(game=stage.campaign.game_id, ended_at=None, viewer__platform=tester.platform)
    return links.filter(viewer__platform_user_id=tester.platform_user_id).exists()


def _somebody(tester: CampaignTester) -> tuple[str, str]:
    """Return a tester's id and name on the platform: the name that is known, so that no note of staff becomes theirs."""
    known = Viewer.objects.filter(
        organization=tester.campaign.organization_id,
        platform=tester.platform,
        platform_user_id=tester.platform_user_id,
    )
    return tester.platform_user_id, known.values_list("name", flat=True).first() or tester.note or "tester"


def _nobody(stage: _Stage, scenario: Scenario) -> tuple[str, str]:
    """Return the id and name of somebody who is not there; who claims unlinked becomes a tester."""
    user_id = str(10**18 + randbelow(10**17))
    if scenario is Scenario.UNLINKED:
        CampaignTester.objects.create(
            campaign=stage.campaign,
            platform=stage.there.platform,
            platform_user_id=user_id,
            note=str(_("simulated viewer")),
        )
    return user_id, "simulated viewer"


def _grants(
    stage: _Stage, scenario: Scenario, reward: CampaignReward | None, *, user_id: str, user_name: str, now: datetime
) -> list[SimulatedGrant]:
    chosen = [place for place in stage.places if place.reward_id in stage.ids]
    if scenario is not Scenario.BATCH:
        chosen = [place for place in chosen if reward is None or place.pk == reward.pk][:1]
    if not chosen:
        raise NotPossible(Sentence(_("This reward has no id on the platform yet.")))
    granted_at = (stage.campaign.closes_at or now) + _LATE_BY if scenario is Scenario.LATE else now
    grants = [
        SimulatedGrant(
            claim_id=simulated_id(new_ulid()),
            user_id=user_id,
            user_name=user_name,
            campaign_id=stage.there.platform_campaign_id,
            reward_id=stage.ids[place.reward_id],
            external_id=place.reward.external_id,
            category_id=stage.category,
            organization_id=stage.credential.platform_organization_id,
            granted_at=granted_at,
        )
        for place in chosen
    ]
    if scenario is Scenario.UNMAPPED:
        return [replace(grant, reward_id=_UNKNOWN_REWARD, external_id="") for grant in grants]
    return grants


def _messages(
    stage: _Stage, scenario: Scenario, grants: list[SimulatedGrant], *, now: datetime
) -> Iterator[tuple[list[SimulatedGrant], SimulatedMessage]]:
    """Yield what is sent, in order: a duplicate as the same message again, and as another message about the same claim."""
    groups = [grants] if stage.simulator.batches else [[grant] for grant in grants]
    for group in groups:
        message = _made(stage, group, now=now)
        yield group, message
        if scenario is Scenario.DUPLICATE:
            yield group, message
            yield group, _made(stage, group, now=now)


def _made(stage: _Stage, group: list[SimulatedGrant], *, now: datetime) -> SimulatedMessage:
    secret = stage.credential.webhook_secret
    return stage.simulator.message(group, secret=secret, message_id=new_ulid().lower(), now=now)


def _send(
    stage: _Stage, scenario: Scenario, sent: tuple[list[SimulatedGrant], SimulatedMessage], *, now: datetime
) -> dict[str, Any]:
    group, message = sent
    view = webhooks[stage.there.platform]
    checked = stage.simulator.signs or scenario is Scenario.BAD_SIGNATURE
    if scenario is Scenario.BAD_SIGNATURE:
        message = replace(message, body=message.body + b" ")
    answer = _through_the_door(view, stage, message) if checked else _behind_the_check(view, stage, message, now=now)
    return {
        "status": answer.status_code,
        "answer": answer.content.decode("utf-8", "replace")[:300],
        "claims": [grant.claim_id for grant in group],
        "signed": checked,
        "bytes": len(message.body),
    }


def _through_the_door(view: type[WebhookView], stage: _Stage, message: SimulatedMessage) -> HttpResponse:
    """Have the webhook itself take the message, from the first check to the answer."""
    request = WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(message.body)),
            "wsgi.input": BytesIO(message.body),
            **_environment(message),
        }
    )
    answer: HttpResponse = view.as_view()(request, token=stage.credential.url_token)
    return answer


def _behind_the_check(
    view: type[WebhookView], stage: _Stage, message: SimulatedMessage, *, now: datetime
) -> HttpResponse:
    """Have the webhook read and store what only the platform itself could have signed."""
    webhook = view()
    signed = webhook.signed(_environment(message))
    try:
        return webhook.receive(stage.credential, signed, message.body, now=now)
    except MessageInvalid as error:
        return HttpResponse(str(error), status=400)


def _environment(message: SimulatedMessage) -> dict[str, Any]:
    return {meta_name(name): value for name, value in message.headers.items()}
