"""Before a campaign is published that rewards game events: can each happen, would it count, and was it tried (C5, G4, W3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.game_state.trials import mark_of
from campaigns.models import Campaign, CampaignPlatform, CampaignReward, EventTrial, GameSession
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
    if usable and not _was_seen(campaign):
        yield Finding(
            Level.WARNING,
            "game_state_never_seen",
            Sentence(_("The server of %(game)s has never streamed game state."), {"game": campaign.game.name}),
            Sentence(_("Game events happen only in what the game's own server streams: have it connect once before.")),
            field="rewards",
        )
    yield from _crowded(campaign, len(events))
    yield from _tried(usable)


def _crowded(campaign: Campaign, events: int) -> Iterator[Finding]:
    """Refuse more events of a game at a time than a gateway can look for without keeping others waiting."""
    if campaign.starts_at is None or campaign.ends_at is None:
        return  # a draft without times, of which another check tells, runs beside nothing yet
    games = {campaign.game_id: campaign.game.name}
    games |= {further.game_id: further.game.name for further in campaign.further_games.select_related("game")}
    others = CampaignReward.objects.filter(
        Q(campaign__game__in=games) | Q(campaign__further_games__game__in=games),
        rule=CampaignReward.Rule.GAME_EVENT,
        campaign__status=Campaign.Status.PUBLISHED,
        campaign__starts_at__lt=campaign.ends_at,
        campaign__ends_at__gt=campaign.starts_at,
    ).exclude(campaign=campaign)
    rows = others.distinct().values_list("pk", "campaign__game", "campaign__further_games__game")
    found: dict[str, set[str]] = {game: set() for game in games}
    for reward, *of in rows:
        for game in found.keys() & set(of):
            found[game].add(reward)
    for game, rewards in found.items():
        if events + len(rewards) > MOST_AT_ONCE:
            yield Finding(
                Level.ERROR,
                "game_events_too_many",
                Sentence(
                    _(
                        "With this campaign %(game)s would have %(events)s game events at a time; %(most)s are looked for."
                    ),
                    {"game": games[game], "events": events + len(rewards), "most": MOST_AT_ONCE},
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


def _was_seen(campaign: Campaign) -> bool:
    games = [campaign.game_id, *(row.game_id for row in campaign.further_games.all())]
    return GameSession.objects.filter(game__in=games, authoritative=True).exists()


def _tried(events: Sequence[CampaignReward]) -> Iterator[Finding]:
    """Warn of events that were not tried as they are now, and of those that a trial did not find."""
    trials = {
        one.campaign_reward_id: one for one in EventTrial.objects.filter(campaign_reward__in=[e.pk for e in events])
    }
    for row in events:
        trial = trials.get(row.pk)
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
