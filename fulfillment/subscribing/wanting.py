"""What the portal wants to be told of by webhook, as rows: what the platform's app itself is about, and known channels."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When

from campaigns.models import Campaign, CampaignChannel, Channel, ChannelFigures, GameSessionChannel
from fulfillment.models import PlatformSubscription
from fulfillment.subscribing.setting import Setting, api_of, setting_of
from linking.models import Link
from portal.models import PlatformCredential
from portal.platforms.subscriptions import Subscriptions, Topic
from portal.tombstones import is_tombstone

SOON = timedelta(days=1)
"""The channels of a campaign are known so long before it starts, if it is not announced earlier."""

REMEMBERED = timedelta(days=30)
"""A channel that came or went within this time is known."""

_CHUNK = 500

State = PlatformSubscription.State


def want_topics(credential: PlatformCredential, *, now: datetime) -> int:
    """Make the credential's rows what is wanted of its platform now, and what changed due; return how much that is.

    Rows also become due whose subscription was made with another secret or address than today's. One that keeps failing
    is left its wait, unless what it was refused with has changed. Safe to run twice, and beside itself.
    """
    api = api_of(credential)
    if api is None or not credential.enabled:
        return 0
    wanted = wanted_topics(credential, api, now=now)
    rows = PlatformSubscription.objects.filter(credential=credential)
    with transaction.atomic():
        known = {Topic(kind, subject): (pk, is_wanted) for pk, kind, subject, is_wanted in _columns(rows)}
        new = [topic for topic in wanted if topic not in known]
        chosen = set(wanted)
        back = [pk for topic, (pk, is_wanted) in known.items() if topic in chosen and not is_wanted]
        gone = [pk for topic, (pk, is_wanted) in known.items() if topic not in chosen and is_wanted]
        PlatformSubscription.objects.bulk_create(
            [
                PlatformSubscription(credential=credential, type=topic.type, subject=topic.subject, due_at=now)
                for topic in new
            ],
            ignore_conflicts=True,
            batch_size=_CHUNK,
        )
        _turn(back, wanted=True, now=now)
        _turn(gone, wanted=False, now=now)
        outdated = _mark_outdated(rows, setting_of(credential, api), now=now)
    return len(new) + len(back) + len(gone) + outdated


def wanted_topics(credential: PlatformCredential, api: Subscriptions, *, now: datetime) -> list[Topic]:
    """Return what to be told of under a credential, the most important first, and no more than the platform allows."""
    topics = api.topics(
        organization_id=credential.platform_organization_id,
        client_id=credential.client_id,
        channel_ids=known_channels(credential, now=now, most=api.most),
    )
    return list(dict.fromkeys(topics))[: api.most]


def managed_types(credential: PlatformCredential, api: Subscriptions) -> set[str]:
    """Return the kinds of events that the portal asks for under a credential, as far as the credential is filled in.

    Subscriptions of other kinds are not the portal's, whoever made them.
    """
    topics = api.topics(
        organization_id=credential.platform_organization_id, client_id=credential.client_id, channel_ids=["1"]
    )
    return {topic.type for topic in topics}


def lacks_organization_id(credential: PlatformCredential) -> bool:
    """Tell whether the credential lacks the organization's id there, without which some events cannot be asked for."""
    api = api_of(credential)
    if api is None or credential.platform_organization_id:
        return False
    with_id = api.topics(organization_id="1", client_id=credential.client_id, channel_ids=[])
    return len(with_id) > len(api.topics(organization_id="", client_id=credential.client_id, channel_ids=[]))


def known_channels(credential: PlatformCredential, *, now: datetime, most: int) -> list[str]:
    """Return the platform's ids of the channels that matter, the most important first, at most so many.

    First those that the campaigns of today and tomorrow list, then those that game servers stream for just now, then
    linked broadcasters', then those that heartbeats tell of in a running campaign, or that came or went lately.
    """
    channels = Channel.objects.filter(organization=credential.organization_id, platform=credential.platform)
    links = Link.objects.filter(
        ended_at=None,
        viewer__organization=credential.organization_id,
        viewer__platform=credential.platform,
        viewer__platform_user_id=OuterRef("platform_channel_id"),
    )
    heard = ChannelFigures.objects.filter(channel=OuterRef("pk"), campaign__in=_current(credential, now=now))
    lately = Q(presence__changed_at__gte=now - REMEMBERED) | Q(presence__seen_at__gte=now - REMEMBERED)
    streamed = GameSessionChannel.objects.filter(channel=OuterRef("pk"), session__ended_at=None)
    sources = (
        _listed(credential, now=now),
        _ids(channels.filter(Exists(streamed))),
        _ids(channels.filter(Exists(links))),
        _ids(channels.filter(Q(Exists(heard)) | lately)),
    )
    known: dict[str, None] = {}
    for source in sources:
        # An erased person's channel is nobody's at the platform.
        known |= dict.fromkeys(key for key in source if not is_tombstone(key))
    return list(known)[:most]


def _current(credential: PlatformCredential, *, now: datetime) -> QuerySet[Campaign]:
    """Return the campaigns that are live, announced or about to start."""
    near = Q(announces_at__lte=now) | Q(starts_at__lte=now + SOON)
    return Campaign.objects.filter(
        near, organization=credential.organization_id, status=Campaign.Status.PUBLISHED, ends_at__gt=now
    )


def _listed(credential: PlatformCredential, *, now: datetime) -> Iterable[str]:
    rows = CampaignChannel.objects.filter(
        campaign__in=_current(credential, now=now).filter(scope=Campaign.Scope.ALLOW_LIST),
        removed_at=None,
        channel__platform=credential.platform,
    )
    live_first = Case(When(campaign__starts_at__lte=now, then=Value(0)), default=Value(1))
    ordered = rows.order_by(live_first, "campaign__starts_at", "pk")
    return ordered.values_list("channel__platform_channel_id", flat=True)


def _ids(channels: QuerySet[Channel]) -> Iterable[str]:
    return channels.order_by("pk").values_list("platform_channel_id", flat=True)


def _columns(rows: QuerySet[PlatformSubscription]) -> Iterable[tuple[int, str, str, bool]]:
    return rows.order_by().values_list("pk", "type", "subject", "wanted")


def _turn(keys: list[int], *, wanted: bool, now: datetime) -> None:
    for start in range(0, len(keys), _CHUNK):
        rows = PlatformSubscription.objects.filter(pk__in=keys[start : start + _CHUNK], wanted=not wanted)
        rows.update(wanted=wanted, due_at=now, attempts=0)


def _mark_outdated(rows: QuerySet[PlatformSubscription], setting: Setting, *, now: datetime) -> int:
    """Make due what was made, or refused, with another secret or address."""
    secret, callback = setting.digests
    other = ~Q(secret_digest=secret, callback_digest=callback)
    at_work = Q(state__in=(State.PENDING, State.ENABLED), attempts=0)
    outdated = rows.filter(other, at_work | Q(state=State.REFUSED), wanted=True)
    return outdated.filter(Q(due_at__gt=now) | Q(due_at=None)).update(due_at=now, attempts=0)
