"""What the portal has seen of each step of setting up, read from the real state: six queries, however much there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, CampaignPlatform, HeartbeatSource, RegisteredIdentifier, RewardPlatformId
from fulfillment.health.among import count_among
from fulfillment.models import Claim, PlatformSubscription, WebhookTally
from fulfillment.rules.states import DONE
from fulfillment.webhooks.outcomes import TAKEN_IN
from linking.models import Link
from portal import platforms
from portal.models import Organization, PlatformCredential
from portal.platforms.base import Platform
from portal.platforms.guide import Sign
from portal.platforms.problems import explain
from portal.platforms.studio import STUDIO
from portal.sentences import Sentence

_LOOKED_AT = 500
"""Of so many of a platform's last claims it is looked whether one was delivered."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Whether a sign is there, when it was seen last where that is known, and what is wrong where it is not there."""

    done: bool
    at: datetime | None = None
    problem: Sentence | str = ""


@dataclass(frozen=True, slots=True)
class PlatformSeen:
    """What was seen of one platform. ``begun``: somebody has entered something of it."""

    platform: Platform
    credential: PlatformCredential | None
    signs: Mapping[Sign, Seen]

    @property
    def begun(self) -> bool:
        """Whether setting it up has begun: a credential, or a heartbeat source of it, is there."""
        return self.credential is not None or self.signs[Sign.SOURCE].done


@dataclass(frozen=True, slots=True)
class _Rows:
    """What was read, by platform."""

    sources: Mapping[str, list[dict[str, Any]]]
    reward_ids: frozenset[str]
    campaigns: frozenset[str]
    subscriptions: Mapping[str, tuple[int, int]]


def read_platforms(organization: Organization, games: Sequence[str]) -> list[PlatformSeen]:
    """Return what was seen of every platform that the portal knows, in the order in which pages list them.

    ``games`` are the ids of the organization's games.
    """
    credentials = {row.platform: row for row in _credentials(organization, games)}
    rows = _Rows(
        sources=_sources(games),
        reward_ids=frozenset(
            RewardPlatformId.objects.filter(organization=organization).order_by().values_list("platform", flat=True)
        ),
        campaigns=_campaigns(organization),
        subscriptions=_subscriptions(organization),
    )
    studio = _studio_claims(organization)
    found = []
    for platform in platforms.registry.values():
        credential = credentials.get(platform.key)
        signs = {
            **_heartbeat_signs(rows.sources.get(platform.key, [])),
            Sign.REWARD_IDS: Seen(platform.key in rows.reward_ids),
            Sign.CAMPAIGN: Seen(platform.key in rows.campaigns),
            **_credential_signs(credential, rows.subscriptions.get(platform.key, (0, 0))),
        }
        if platform.key == STUDIO.key:
            signs |= studio
        found.append(PlatformSeen(platform, credential, signs))
    return found


def _credentials(organization: Organization, games: Sequence[str]) -> Iterable[Any]:
    """Return the organization's credentials, each with what an index tells of its platform."""
    messages = WebhookTally.objects.filter(credential=OuterRef("pk"), outcome__in=TAKEN_IN, count__gt=0)
    registered = RegisteredIdentifier.State.REGISTERED
    identifiers = RegisteredIdentifier.objects.filter(credential=OuterRef("pk"), state=registered)
    links = Link.objects.filter(game__in=games, platform=OuterRef("platform"))
    return (
        PlatformCredential.objects.filter(organization=organization)
        .select_related("api_standing")
        .annotate(
            message_at=Subquery(messages.order_by("-hour").values("last_at")[:1]),
            registers=Exists(identifiers),
            links=Exists(links),
            claims=Exists(Claim.objects.filter(organization=organization, platform=OuterRef("platform"))),
            delivered=_delivered(organization, OuterRef("platform")),
        )
    )


def _delivered(organization: Organization, platform: Any) -> Subquery:
    last = Claim.objects.filter(organization=organization, listed_as=platform, listed_no__isnull=False)
    done = ", ".join(f"'{state.value}'" for state in sorted(DONE))
    return count_among(last.order_by("-listed_no").values("state")[:_LOOKED_AT], condition=f"state IN ({done})")


def _studio_claims(organization: Organization) -> dict[Sign, Seen]:
    """Return the signs of claims on the studio's own player, which has no credential that could lead to them."""
    mine = Claim.objects.filter(organization=organization, platform=STUDIO.key)
    states = set(mine.order_by("platform_user_id").values_list("state", flat=True)[:_LOOKED_AT])
    return {Sign.CLAIM: Seen(bool(states)), Sign.DELIVERED: Seen(bool(states & DONE))}


def _sources(games: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    mine = HeartbeatSource.objects.filter(game__in=games).annotate(tried_at=Max("tests__started_at"))
    found: dict[str, list[dict[str, Any]]] = {}
    for row in mine.order_by("pk").values("platform", "enabled", "last_heartbeat_at", "tried_at"):
        found.setdefault(row["platform"], []).append({**row})
    return found


def _campaigns(organization: Organization) -> frozenset[str]:
    whole = Q(counted_by=CampaignPlatform.CountedBy.PORTAL) | ~Q(platform_campaign_id="")
    rows = CampaignPlatform.objects.filter(whole, organization=organization, campaign__status=Campaign.Status.PUBLISHED)
    return frozenset(rows.order_by().values_list("platform", flat=True).distinct())


def _subscriptions(organization: Organization) -> dict[str, tuple[int, int]]:
    """Return by platform how many subscriptions are wanted, and how many of them are at work."""
    at_work = Count("pk", filter=Q(state=PlatformSubscription.State.ENABLED))
    rows = PlatformSubscription.objects.filter(credential__organization=organization, wanted=True).order_by()
    counted = rows.values("credential__platform").annotate(wanted_count=Count("pk"), at_work=at_work)
    return {row["credential__platform"]: (row["wanted_count"], row["at_work"]) for row in counted}


def _heartbeat_signs(sources: Iterable[Mapping[str, Any]]) -> dict[Sign, Seen]:
    rows = list(sources)
    heard = max((row["last_heartbeat_at"] for row in rows if row["last_heartbeat_at"]), default=None)
    tried = max(
        (
            row["tried_at"]
            for row in rows
            if row["tried_at"] and _heard_since(row["last_heartbeat_at"], row["tried_at"])
        ),
        default=None,
    )
    return {
        Sign.SOURCE: Seen(
            any(row["enabled"] for row in rows),
            problem=Sentence(_("The source is switched off.")) if rows else "",
        ),
        Sign.HEARTBEAT: Seen(heard is not None, heard),
        Sign.TESTED: Seen(tried is not None, tried),
    }


def _heard_since(heard: datetime | None, began: datetime) -> bool:
    return heard is not None and heard >= began


def _credential_signs(credential: Any, subscriptions: tuple[int, int]) -> dict[Sign, Seen]:
    if credential is None:
        absent = (Sign.APP, Sign.ANSWERS, Sign.SECRET, Sign.WEBHOOK, Sign.SUBSCRIBED, Sign.REGISTERED, Sign.LINK)
        return dict.fromkeys((*absent, Sign.CLAIM, Sign.DELIVERED), Seen(False))
    platform = platforms.get(credential.platform)
    wanted, at_work = subscriptions
    waiting = _("%(at_work)s of %(wanted)s are at work.")
    return {
        Sign.APP: Seen(
            bool(credential.client_id and credential.client_secret and credential.enabled),
            problem="" if credential.enabled else Sentence(_("The credential is switched off.")),
        ),
        Sign.ANSWERS: _answers(credential),
        Sign.SECRET: Seen(
            bool(credential.webhook_secret if platform.signs_with_shared_secret else credential.public_key),
            credential.webhook_secret_set_at if platform.signs_with_shared_secret else credential.public_key_fetched_at,
        ),
        Sign.WEBHOOK: Seen(credential.message_at is not None, credential.message_at),
        Sign.SUBSCRIBED: Seen(
            0 < wanted == at_work,
            problem=Sentence(waiting, {"at_work": at_work, "wanted": wanted}) if wanted else "",
        ),
        Sign.REGISTERED: Seen(credential.registers),
        Sign.LINK: Seen(credential.links),
        Sign.CLAIM: Seen(credential.claims),
        Sign.DELIVERED: Seen(bool(credential.delivered)),
    }


def _answers(credential: Any) -> Seen:
    """Return whether the last call to the platform succeeded, and what became of it where not."""
    standing = getattr(credential, "api_standing", None)
    if standing is None:
        return Seen(False)
    if standing.failures:
        happened, _advice = explain(standing.problem)
        return Seen(False, standing.failed_at, happened)
    return Seen(standing.succeeded_at is not None, standing.succeeded_at)
