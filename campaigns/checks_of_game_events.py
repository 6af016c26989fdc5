"""Before a campaign is published that rewards game events: can each happen, would it count, and was it tried (C5, G4, W3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from campaigns.game_state.trials import mark_of
from campaigns.models import Campaign, CampaignPlatform, CampaignReward, EventTrial, Game, GameSession
from campaigns.preflight import Finding, Level, check
from campaigns.rules.game_state.events import path_problem
from portal import platforms
from portal.sentences import Sentence

MOST_AT_ONCE = 60
"""So many game events are looked for in one game at a time: each is, in every message of every match, before the next one's turn."""


@check
def game_events(campaign: Campaign, now: datetime) -> Iterator[Finding]:
    """Each event says where and when, the portal counts somewhere, the game's server was seen, and each was found in a trial."""
    events = [row for row in campaign.rewards.all() if row.rule == CampaignReward.Rule.GAME_EVENT]
    if not events:
        return
    yield from _counted(campaign)
    usable = []
    for row in events:
        problem = path_problem(row.event_path) if row.event_path else None
        if not row.event_path:
            yield _incomplete(row)
        elif problem is not None:
            yield _unusable(row, problem)
        else:
            usable.append(row)
    games = _games_of(campaign)
    if usable and not any(game.was_seen for game in games):
        yield Finding(
            Level.WARNING,
            "game_state_never_seen",
            Sentence(_("The server of %(game)s has never streamed game state."), {"game": campaign.game.name}),
            Sentence(_("Game events happen only in what the game's own server streams: have it connect once before.")),
            field="rewards",
        )
    yield from _crowded(campaign, games, len(events))
    yield from _tried(usable)


def _games_of(campaign: Campaign) -> list[Any]:
    """Read the campaign's games, its own first: whether a server of each was seen, and its game events beside these."""
    ids = [campaign.game_id, *(row.game_id for row in campaign.further_games.all())]
    seen = GameSession.objects.filter(game=OuterRef("pk"), authoritative=True)
    games: QuerySet[Any] = Game.objects.filter(pk__in=ids).annotate(was_seen=Exists(seen))
    if campaign.starts_at is not None and campaign.ends_at is not None:
        beside = CampaignReward.objects.filter(
            rule=CampaignReward.Rule.GAME_EVENT,
            campaign__status=Campaign.Status.PUBLISHED,
            campaign__starts_at__lt=campaign.ends_at,
            campaign__ends_at__gt=campaign.starts_at,
        ).exclude(campaign=campaign)
        own = beside.filter(campaign__game=OuterRef("pk"))
        # One that has the game as its own and names it as a further one too is counted once.
        further = beside.filter(campaign__further_games__game=OuterRef("pk")).exclude(campaign__game=OuterRef("pk"))
        games = games.annotate(
            events_of_own=_number_of(own, "campaign__game"),
            events_of_further=_number_of(further, "campaign__further_games__game"),
            events_beside=F("events_of_own") + F("events_of_further"),
        )
    return sorted(games, key=lambda game: ids.index(game.pk))


def _number_of(rows: QuerySet[Any], game: str) -> Coalesce:
    return Coalesce(Subquery(rows.order_by().values(game).annotate(number=Count("pk")).values("number")), 0)


def _crowded(campaign: Campaign, games: Sequence[Any], events: int) -> Iterator[Finding]:
    """Refuse more events of a game at a time than a gateway can look for without keeping others waiting."""
    if campaign.starts_at is None or campaign.ends_at is None:
        return  # a draft without times, of which another check tells, runs beside nothing yet
    for game in games:
        if events + game.events_beside > MOST_AT_ONCE:
            yield Finding(
                Level.ERROR,
                "game_events_too_many",
                Sentence(
                    _(
                        "With this campaign %(game)s would have %(events)s game events at a time; %(most)s are looked for."
                    ),
                    {"game": game.name, "events": events + game.events_beside, "most": MOST_AT_ONCE},
                ),
                Sentence(_("Have the campaign run when others of this game do not, or reward fewer game events.")),
                field="rewards",
            )


def _counted(campaign: Campaign) -> Iterator[Finding]:
    """What a game event earns is counted only where the portal counts: it claims there, and knows who watched (W3)."""
    rows = list(campaign.platforms.all())
    elsewhere = [row.platform for row in rows if row.counted_by == CampaignPlatform.CountedBy.PLATFORM]
    if rows and len(elsewhere) == len(rows):
        yield Finding(
            Level.ERROR,
            "game_event_not_counted",
            Sentence(_("A game event is rewarded, but the portal counts on none of the campaign's platforms.")),
            Sentence(
                _(
                    "Choose that the portal counts on one of them, or give the reward for minutes. Platforms know no game events."
                )
            ),
            field="platforms",
        )
        return
    for platform in elsewhere:
        yield Finding(
            Level.WARNING,
            "game_event_not_counted_there",
            Sentence(
                _(
                    "On %(platform)s nobody gets what a game event earns: the platform counts there, and knows no game events."
                ),
                {"platform": platforms.get(platform).name},
            ),
            Sentence(_("Choose that the portal counts there too, or leave it so and tell your viewers.")),
            field="platforms",
        )


def _incomplete(row: CampaignReward) -> Finding:
    return Finding(
        Level.ERROR,
        "game_event_incomplete",
        Sentence(
            _("“%(reward)s” is earned by the game event “%(event)s”, which says neither where nor when it happens."),
            {"reward": row.reward.name, "event": row.event_name},
        ),
        Sentence(_("Enter where in the game state to look, the condition and the value.")),
        field="rewards",
    )


def _unusable(row: CampaignReward, problem: Sentence) -> Finding:
    return Finding(
        Level.ERROR,
        "game_event_path",
        Sentence(_("The path of the game event “%(event)s” cannot be used."), {"event": row.event_name}),
        problem,
        field="rewards",
    )


def _tried(events: Sequence[CampaignReward]) -> Iterator[Finding]:
    """Warn of events that were not tried as they are now, and of those that a trial did not find."""
    for row in events:
        trial: EventTrial | None = getattr(row, "trial", None)
        if trial is None or trial.tried != mark_of(row):
            yield Finding(
                Level.WARNING,
                "game_event_untried",
                Sentence(_("The game event “%(event)s” was not tried as it is now."), {"event": row.event_name}),
                Sentence(_("“Try game events” above tells when it would have happened in a recorded session.")),
                field="rewards",
            )
        elif not trial.happened:
            yield Finding(
                Level.WARNING,
                "game_event_never_found",
                Sentence(
                    _("The game event “%(event)s” did not happen in the recorded session that it was tried against."),
                    {"event": row.event_name},
                ),
                Sentence(_("“Try game events” above tells what was found instead. Or try another recording.")),
                field="rewards",
            )
