"""Reminders before claiming closes (C10, F5): earned and not claimed yet, once 3 days and once 24 hours before.

What was claimed in time never expires for want of a link (C10), so a claim that waits for one is recalled only once, and says
that it is kept. Who is known is gone through in pages, not what was earned: that may be a whole audience.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from campaigns.models import Campaign, CampaignPlatform, EarnedReward, Viewer
from campaigns.rules.earning import open_requirements
from fulfillment.models import Claim
from fulfillment.notices.writing import Draft, write_notices
from fulfillment.rules.codes import Code
from fulfillment.rules.notices import REMIND_BEFORE, Kind, reminder_window
from fulfillment.rules.states import State
from linking.models import Player
from portal.platforms.studio import STUDIO

PAGE = 500


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a run stopped: in which campaign, going through whom, and after which row."""

    campaign_id: str
    source: str
    after: str


@dataclass(frozen=True, slots=True)
class _Closing:
    """A campaign that closes soon, with what the portal counts in it: which reward requires which."""

    campaign: Campaign
    window: str
    requires: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class _Page:
    """Some people's reminders, and after which row the next page begins; empty where there is none."""

    drafts: Sequence[Draft]
    after: str


def remind(
    *,
    now: datetime,
    seconds: float,
    cursor: Cursor | None = None,
    page_size: int = PAGE,
    timer: Callable[[], float] = time.monotonic,
) -> Cursor | None:
    """Write the reminders that are due, for at most so many ``seconds``; return where to go on, or None when done.

    Doing it again writes nothing twice.
    """
    until = timer() + seconds
    for closing, source in _steps(now, cursor):
        here = cursor is not None and (closing.campaign.pk, source) == (cursor.campaign_id, cursor.source)
        after = cursor.after if cursor is not None and here else ""
        while True:
            if timer() >= until:
                return Cursor(closing.campaign.pk, source, after)
            page = _SOURCES[source](closing, after, page_size)
            with transaction.atomic():
                write_notices(page.drafts, now=now)
            if not page.after:
                break
            after = page.after
    return None


def _steps(now: datetime, cursor: Cursor | None) -> list[tuple[_Closing, str]]:
    """Return what is to be gone through, in order, from the cursor's place on."""
    closing = _closing(now, start=cursor.campaign_id if cursor else "")
    steps = [(one, source) for one in closing for source in _SOURCES]
    if cursor is None or not closing or closing[0].campaign.pk != cursor.campaign_id:
        return steps
    return steps[list(_SOURCES).index(cursor.source) :]


def _closing(now: datetime, *, start: str) -> list[_Closing]:
    """Return the campaigns that close within the widest window, from ``start`` on in the order of their ids."""
    soon = Campaign.objects.filter(
        status=Campaign.Status.PUBLISHED,
        closes_at__gt=now,
        closes_at__lte=now + max(REMIND_BEFORE.values()),
        pk__gte=start,
    )
    found = []
    for campaign in soon.select_related("game").prefetch_related("rewards").order_by("pk"):
        window = reminder_window(campaign.closes_at - now) if campaign.closes_at else None
        if window is not None:
            requires = {row.pk: row.requires_id for row in campaign.rewards.all()}
            found.append(_Closing(campaign, window, requires))
    return found


def _viewers(closing: _Closing, after: str, size: int) -> _Page:
    """Go through the viewers of platforms who have an account here, linked for this very game or not (F5)."""
    user, _comma, viewer = after.partition(",")
    people = Viewer.objects.filter(organization=closing.campaign.organization_id, user__isnull=False)
    people = people.exclude(platform=STUDIO.key)
    if after:
        people = people.filter(user__gte=int(user)).filter(Q(user__gt=int(user)) | Q(pk__gt=viewer))
    rows = list(people.order_by("user_id", "pk").values_list("pk", "user_id")[:size])
    last = f"{rows[-1][1]},{rows[-1][0]}" if len(rows) == size else ""
    return _Page(_unclaimed(closing, {pk: account for pk, account in rows if account is not None}), last)


def _players(closing: _Closing, after: str, size: int) -> _Page:
    """Go through the game accounts of the game, where viewers of the studio's own player are these (I2)."""
    own = CampaignPlatform.objects.filter(campaign=closing.campaign, platform=STUDIO.key)
    if not own.exists():
        return _Page([], "")
    players = Player.objects.filter(game=closing.campaign.game_id, user__isnull=False, pk__gt=int(after or 0))
    rows = list(players.order_by("pk").values_list("pk", "player_id", "user_id")[:size])
    accounts = {player_id: account for _pk, player_id, account in rows}
    viewers = Viewer.objects.filter(
        organization=closing.campaign.organization_id, platform=STUDIO.key, platform_user_id__in=list(accounts)
    )
    readers = {pk: accounts[player_id] for pk, player_id in viewers.values_list("pk", "platform_user_id")}
    known = {pk: account for pk, account in readers.items() if account is not None}
    return _Page(_unclaimed(closing, known), str(rows[-1][0]) if len(rows) == size else "")


def _waiting(closing: _Closing, after: str, size: int) -> _Page:
    """Go through the claims that wait for a link and whose viewer has an account here."""
    claims = Claim.objects.filter(campaign=closing.campaign, state=State.WAITING, viewer__user__isnull=False)
    rows = list(claims.filter(pk__gt=after).select_related("viewer").order_by("pk")[:size])
    drafts = [
        Draft(
            user_id=claim.viewer.user_id,
            kind=Kind.ATTENTION,
            about=f"{claim.pk}:closing",
            organization_id=claim.organization_id,
            game_id=claim.game_id,
            campaign_id=claim.campaign_id,
            campaign_reward_id=claim.campaign_reward_id,
            viewer_id=claim.viewer_id,
            claim_id=claim.pk,
            parameters={"state": State.WAITING.value, "reason": Code.NOT_LINKED.value, "reminder": closing.window},
        )
        for claim in rows
        if claim.viewer is not None and claim.viewer.user_id is not None
    ]
    return _Page(drafts, rows[-1].pk if len(rows) == size else "")


_SOURCES: dict[str, Callable[[_Closing, str, int], _Page]] = {
    "viewers": _viewers,
    "players": _players,
    "claims": _waiting,
}


def _unclaimed(closing: _Closing, readers: Mapping[str, int]) -> list[Draft]:
    """Return the reminders of these viewers, by reader: what they can claim and have on no way claimed yet.

    Two queries, however many they are. Somebody who has the reward already through another platform is not reminded (R4).
    """
    places = list(closing.requires)
    earned: dict[str, set[str]] = {}
    rows = EarnedReward.objects.filter(viewer__in=list(readers), campaign_reward__in=places)
    for viewer_id, place in rows.values_list("viewer_id", "campaign_reward_id"):
        earned.setdefault(viewer_id, set()).add(place)
    if not earned:
        return []
    accounts = {readers[viewer_id] for viewer_id in earned}
    theirs = Q(viewer__in=list(earned)) | Q(player__user__in=accounts)
    claims = Claim.objects.filter(theirs, campaign_reward__in=places).exclude(state=State.ABANDONED)
    by_viewer: set[tuple[str, str]] = set()
    by_reader: set[tuple[int, str]] = set()
    for viewer, account, claimed in claims.values_list("viewer_id", "player__user_id", "campaign_reward_id"):
        by_viewer.add((viewer, claimed))
        by_reader.add((account, claimed))
    return [
        _reminder(closing, viewer_id, place, readers[viewer_id])
        for viewer_id, places_earned in sorted(earned.items())
        for place in sorted(places_earned)
        if not open_requirements(place, requires=closing.requires, earned=places_earned)
        and (viewer_id, place) not in by_viewer
        and (readers[viewer_id], place) not in by_reader
    ]


def _reminder(closing: _Closing, viewer_id: str, place: str, reader: int) -> Draft:
    campaign = closing.campaign
    return Draft(
        user_id=reader,
        kind=Kind.EXPIRING,
        about=f"{viewer_id}:{place}:{closing.window}",
        organization_id=campaign.organization_id,
        game_id=campaign.game_id,
        campaign_id=campaign.pk,
        campaign_reward_id=place,
        viewer_id=viewer_id,
        parameters={"window": closing.window},
    )
