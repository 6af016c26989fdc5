"""An organization of which all that the health page knows is there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from fulfillment.models import (
    ArrivalCount,
    Delivery,
    DeliveryTally,
    PlatformSubscription,
    ReportGrant,
    Sweep,
    SweepPart,
    WebhookTally,
    Worker,
)
from linking.models import ViewerAuthorization
from portal.models import ApiStanding, ApiTally, AppAccessToken, Organization, PlatformCredential
from tests.factories import (
    NOW,
    make_campaign,
    make_claim,
    make_credential,
    make_endpoint,
    make_game,
    make_organization,
    make_viewer,
    number,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
THIS_HOUR = NOW.replace(minute=0)


def called(credential: PlatformCredential, **fields: Any) -> ApiStanding:
    values = {"succeeded_at": NOW - MINUTE, **fields}
    return ApiStanding.objects.update_or_create(credential=credential, defaults=values)[0]


def swept(credential: PlatformCredential, ago: timedelta, *, took: timedelta = MINUTE, **fields: Any) -> Sweep:
    """Make a sweep that ended so long ago."""
    ended = NOW - ago
    return Sweep.objects.create(credential=credential, **{"started_at": ended - took, "finished_at": ended, **fields})


def arrived(credential: PlatformCredential, source: str, claims: int, hour: datetime = THIS_HOUR) -> None:
    ArrivalCount.objects.create(
        organization=credential.organization, platform=credential.platform, source=source, hour=hour, claims=claims
    )


def heard(credential: PlatformCredential, ago: timedelta, *, outcome: str = "accepted", count: int = 1) -> WebhookTally:
    at = NOW - ago
    hour = at.replace(minute=0, second=0, microsecond=0)
    return WebhookTally.objects.create(credential=credential, hour=hour, outcome=outcome, count=count, last_at=at)


def subscribed(credential: PlatformCredential, state: str = "enabled", **fields: Any) -> PlatformSubscription:
    values = {"type": "drop.entitlement.grant", "subject": f"subject-{number()}", "created_at": NOW - DAY, **fields}
    return PlatformSubscription.objects.create(credential=credential, state=state, **values)


def untold(credential: PlatformCredential, ago: timedelta, **fields: Any) -> None:
    """Make a claim of which its platform has been to be told for so long."""
    values = {"resolve_at": None, "write_back_at": NOW - ago, "state_changed_at": NOW - ago, **fields}
    make_claim(credential.organization, credential.platform, state="duplicate", **values)


def lapsed(credential: PlatformCredential) -> None:
    viewer = make_viewer(credential.organization, credential.platform)
    ViewerAuthorization.objects.create(viewer=viewer, credential=credential, missing_since=NOW - HOUR)


def in_step(organization: Organization, platform: str = "kick", **fields: Any) -> PlatformCredential:
    """Make a credential of a platform with which all is well."""
    credential = make_credential(organization, platform, **fields)
    called(credential)
    AppAccessToken.objects.create(
        credential=credential, client_id=credential.client_id, access_token="t", expires_at=NOW + DAY
    )
    ApiTally.objects.create(credential=credential, hour=THIS_HOUR, outcome="ok", count=12)
    swept(credential, 3 * DAY, full=True)
    swept(credential, 5 * MINUTE)
    heard(credential, MINUTE, count=40)
    arrived(credential, "webhook", 40)
    subscribed(credential)
    return credential


def everything(organization: Organization, times: int = 1) -> None:
    """Make so many of all that is counted, for one organization."""
    credential = in_step(organization, "twitch")
    game = make_game(organization)
    make_endpoint(game)
    for _ in range(times):
        make_campaign(game, platform_ids={"twitch": f"C{number()}"})
        make_campaign(game, status="draft")
        subscribed(credential, "ended", ended_at=NOW - HOUR)
        untold(credential, HOUR)
        untold(credential, HOUR, write_back_refused=True, write_back_at=NOW + HOUR)
        lapsed(credential)
        claim = make_claim(organization, game=game)
        Delivery.objects.create(claim=claim, game=game, due_at=NOW - MINUTE, created_at=NOW)
        unknown = f"R{number()}"
        make_claim(
            organization,
            "twitch",
            state="quarantined",
            reason="reward_unknown",
            platform_reward_id=unknown,
            resolve_at=None,
        )
        sweep = Sweep.objects.filter(credential=credential).latest("started_at")
        SweepPart.objects.create(
            sweep=sweep, narrowed="user", value=str(number()), size=1, outcome="unreadable", problem="status:500"
        )
        ApiTally.objects.create(credential=credential, hour=THIS_HOUR, outcome=f"status:{number()}", count=1)
        WebhookTally.objects.create(credential=credential, hour=THIS_HOUR, outcome=f"o{number()}", count=1)
        DeliveryTally.objects.create(game=make_game(organization), hour=THIS_HOUR, outcome="delivered", count=1)
        Worker.objects.create(place="here", pid=number(), started_at=NOW, beat_at=NOW)
    ReportGrant.objects.create(credential=credential, granted_at=NOW, access_token="t")


def organization_in_step(*platforms: str) -> Organization:
    organization = make_organization()
    for platform in platforms or ("kick", "twitch"):
        in_step(organization, platform)
    return organization
