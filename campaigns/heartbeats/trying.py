"""Testing a source with one's own channel (step 7 of Twitch's Drops guide): from *I am live* to the first credited minute.

What came is read from heartbeats and minutes, never kept beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from campaigns.hooks import member_accounts
from campaigns.models import Campaign, Heartbeat, HeartbeatSource, SourceTest, Viewer
from campaigns.watch.explaining import Verdict, report_of, verdicts
from campaigns.watch.progress import Minutes, minutes_of

LASTS = timedelta(hours=2)
"""A test is over by itself after that; what came is looked for no longer."""

CHECKLIST_AFTER = timedelta(minutes=10)
"""Twitch's guide: "After a short amount of time (5-10 minutes), you should start receiving heartbeats"."""

READS_AT_MOST = 100_000
"""So many of a source's newest heartbeats are looked through: two hours of 800 channels."""

Identifiers = HeartbeatSource.Identifiers


@dataclass(frozen=True, slots=True)
class Account:
    """A platform account of a member of the organization: the channel that has the same id."""

    user_id: str
    name: str


@dataclass(frozen=True, slots=True)
class CreditedIn:
    """A campaign in which the channel's first counted heartbeat counts, and the broadcaster's minutes there so far."""

    verdict: Verdict
    minutes: Minutes
    viewers_credited: bool

    @property
    def campaign(self) -> Campaign:
        """The campaign."""
        return self.verdict.campaign

    @property
    def credited(self) -> bool:
        """Whether somebody was credited a minute there: who streams, or who watched."""
        return bool(self.minutes.broadcast or self.minutes.watched or self.viewers_credited)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a test stands at a moment."""

    test: SourceTest
    broadcaster: str
    """What heartbeats of this channel name as broadcaster; empty where no viewer is known of that id."""
    viewer: Viewer | None
    first: Heartbeat | None
    latest: Heartbeat | None
    count: int
    counted: Heartbeat | None
    credited: tuple[CreditedIn, ...]

    @property
    def done(self) -> bool:
        """Whether a minute was credited, so that all works."""
        return any(one.credited for one in self.credited)


def accounts_of_members(source: HeartbeatSource) -> list[Account]:
    """Return the accounts that the organization's members have linked on the source's platform, each once, by name."""
    found = {
        user_id: Account(user_id, name)
        for tell in member_accounts
        for platform, user_id, name in tell(source.game.organization_id)
        if platform == source.platform
    }
    return sorted(found.values(), key=lambda account: (account.name.lower(), account.user_id))


def start_test(*, source: HeartbeatSource, platform_user_id: str, now: datetime) -> SourceTest:
    """Begin a test with a channel; one under way on the same source ends, unless it is of the same channel."""
    with transaction.atomic():
        HeartbeatSource.objects.select_for_update().get(pk=source.pk)
        under_way = SourceTest.objects.filter(source=source, ended_at=None)
        same = under_way.filter(platform_user_id=platform_user_id, started_at__gt=now - LASTS).order_by("-pk").first()
        if same is not None:
            return same
        for test in under_way:
            SourceTest.objects.filter(pk=test.pk).update(ended_at=max(now, test.started_at))
        return SourceTest.objects.create(source=source, platform_user_id=platform_user_id, started_at=now)


def end_test(*, source: HeartbeatSource, now: datetime) -> None:
    """End what is under way on a source."""
    for test in SourceTest.objects.filter(source=source, ended_at=None):
        SourceTest.objects.filter(pk=test.pk, ended_at=None).update(ended_at=max(now, test.started_at))


def current_test(source: HeartbeatSource, *, now: datetime) -> SourceTest | None:
    """Return the test that is under way on a source, if there is one."""
    rows = SourceTest.objects.filter(source=source, ended_at=None, started_at__gt=now - LASTS)
    return rows.order_by("-started_at", "-pk").first()


def standing_of(test: SourceTest, *, now: datetime) -> Standing:
    """Read how a test stands."""
    source = test.source
    viewer = Viewer.objects.filter(
        organization=source.game.organization_id,
        platform=source.platform,
        platform_user_id=test.platform_user_id,
    ).first()
    registered = source.identifiers == Identifiers.REGISTERED
    broadcaster = (viewer.pk if viewer else "") if registered else test.platform_user_id
    came = _came(test, broadcaster, now=now)
    first, latest = (came[0][0], came[-1][0]) if came else (None, None)
    counted = next((pk for pk, outcome in came if outcome == Heartbeat.Outcome.COUNTED), None)
    rows = Heartbeat.objects.select_related("source__game", "channel")
    found = rows.in_bulk({pk for pk in (first, latest, counted) if pk is not None})
    return Standing(
        test=test,
        broadcaster=broadcaster,
        viewer=viewer,
        first=found.get(first),
        latest=found.get(latest),
        count=len(came),
        counted=found.get(counted),
        credited=_credited(found[counted], viewer) if counted in found else (),
    )


def _came(test: SourceTest, broadcaster: str, *, now: datetime) -> list[tuple[int, str]]:
    """Return id and outcome of what came of this broadcaster since the test began, in order; one for each minute."""
    if not broadcaster:
        return []
    rows = since_start(test, now=now).filter(broadcaster=broadcaster).order_by("id")
    return list(rows.values_list("pk", "outcome"))


def since_start(test: SourceTest, *, now: datetime) -> QuerySet[Heartbeat]:
    """Return what came from the source since a test began, at most for as long as a test lasts."""
    rows = Heartbeat.objects.filter(source=test.source_id)
    # No index has the time of arrival; the newest so many are found through the one of the source.
    older = next(iter(rows.order_by("-id").values_list("pk", flat=True)[READS_AT_MOST : READS_AT_MOST + 1]), 0)
    end = min(test.ended_at or now, test.started_at + LASTS)
    return rows.filter(pk__gt=older, received_at__gte=test.started_at, received_at__lte=end)


def _credited(heartbeat: Heartbeat, viewer: Viewer | None) -> tuple[CreditedIn, ...]:
    judged = [
        verdict
        for verdict in verdicts(source=heartbeat.source, report=report_of(heartbeat), channel=heartbeat.channel)
        if verdict.counts
    ]
    known = (
        minutes_of(viewer_ids=[viewer.pk], campaign_ids=[verdict.campaign.pk for verdict in judged]) if viewer else {}
    )
    watched = heartbeat.listed > heartbeat.unknown
    return tuple(
        CreditedIn(
            verdict,
            known.get((viewer.pk, verdict.campaign.pk), Minutes()) if viewer else Minutes(),
            watched and not verdict.campaign.test_mode,
        )
        for verdict in judged
    )
