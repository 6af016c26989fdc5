"""What a campaign file would make here: what is new, what is reused, what is refused. Nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, CampaignReward, Game, Reward, RewardPlatformId
from campaigns.publishing import set_derived_times
from campaigns.rules.campaign_file import CampaignDocument, Entry, EventWanted, GameNamed, Item
from campaigns.rules.game_state.events import Condition, path_problem, read_value
from campaigns.rules.strict import Problem
from portal import platforms
from portal.sentences import Sentence

_UNKNOWN_PLATFORM = _("This portal knows no platform “%(platform)s”. It knows: %(known)s.")


@dataclass(frozen=True)
class PlannedReward:
    """A reward of the file: the one it is here, or the new one that it would become. ``row`` is unsaved, without ``requires``."""

    entry: Entry
    reward: Reward
    row: CampaignReward
    is_new: bool
    matched_by: str | Promise = ""
    notices: tuple[str, ...] = ()


@dataclass
class ImportPlan:
    """What importing would make. With ``problems`` nothing can be made."""

    document: CampaignDocument
    game: Game
    campaign: Campaign
    rewards: list[PlannedReward] = field(default_factory=list)
    further_games: list[Game] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, place: str, template: str | Promise, **params: object) -> None:
        """Note why it cannot be made."""
        self.problems.append(Problem(place, Sentence(template, params)))


def plan_import(document: CampaignDocument, *, game: Game, games: models.QuerySet[Game]) -> ImportPlan:
    """Say what a document would make in a game; ``games`` are those that whoever asks may use.

    A reward is the game's with the same external id, else the one of the same name where at most one of the two has an
    external id. Other games are found by their short name, else by their name.
    """
    plan = ImportPlan(document, game, _campaign(document, game))
    _check(plan, "", plan.campaign, leave={"organization", "game"})
    set_derived_times(plan.campaign)
    if document.starts_at and document.ends_at and document.ends_at <= document.starts_at:
        plan.refuse("campaign.ends_at", _("The end must be after the start."))
    _find_games(plan, games)
    _check_platforms(plan)
    _find_rewards(plan)
    return plan


def _campaign(document: CampaignDocument, game: Game) -> Campaign:
    return Campaign(
        organization=game.organization,
        game=game,
        name=document.name,
        description=document.description,
        info_url=document.info_url,
        connection_url=document.connection_url,
        time_zone=document.time_zone,
        starts_at=document.starts_at,
        ends_at=document.ends_at,
        announcement_days=document.announcement_days,
        grace_days=document.grace_days,
        scope=document.scope,
        per_player_limit=document.per_player_limit,
        test_mode=document.test_mode,
    )


def _check(plan: ImportPlan, place: str, row: models.Model, *, leave: set[str]) -> None:
    """Have the fields of the model judge a row: addresses, lengths, pictures. What concerns several the document's reader saw."""
    try:
        row.clean_fields(exclude=leave)
    except ValidationError as error:
        base = f"campaign.{place}" if place else "campaign"
        for name, messages in error.message_dict.items():
            where = base if name == "__all__" else f"{base}.{name}"
            for message in messages:
                plan.refuse(where, "%(message)s", message=message)


def _find_games(plan: ImportPlan, games: models.QuerySet[Game]) -> None:
    wanted = plan.document.further_games
    if not wanted:
        return
    names, slugs = [one.name for one in wanted], [one.slug for one in wanted if one.slug]
    known = list(games.filter(Q(name__in=names) | Q(slug__in=slugs)))
    for number, one in enumerate(wanted, start=1):
        found = game_named(one, known)
        place = f"campaign.further_games[{number}]"
        if found is None:
            plan.refuse(
                place, _("There is no game “%(name)s” here. Add it, or take it out of the file."), name=one.name
            )
        elif found == plan.game or found in plan.further_games:
            plan.refuse(place, _("“%(name)s” counts in this campaign already."), name=found.name)
        else:
            plan.further_games.append(found)


def game_named(wanted: GameNamed, games: Iterable[Game]) -> Game | None:
    """Return the game that a file names: by its short name, else by its name; None where there is none."""
    known = list(games)
    by_slug = (game for game in known if wanted.slug and game.slug == wanted.slug)
    return next(by_slug, None) or next((game for game in known if game.name == wanted.name), None)


def _check_platforms(plan: ImportPlan) -> None:
    known = ", ".join(platforms.keys())
    for number, one in enumerate(plan.document.platforms, start=1):
        if not platforms.is_known(one.platform):
            plan.refuse(f"campaign.platforms[{number}]", _UNKNOWN_PLATFORM, platform=one.platform, known=known)
        elif one.counted_by == "platform" and not platforms.get(one.platform).counts_watch_time:
            name = capfirst(platforms.get(one.platform).name)
            plan.refuse(f"campaign.platforms[{number}]", _("%(name)s does not count itself: choose portal."), name=name)
    strangers = {one.platform for one in plan.document.channels if not platforms.is_known(one.platform)}
    for platform in sorted(strangers):
        plan.refuse("campaign.channels", _UNKNOWN_PLATFORM, platform=platform, known=known)


def _find_rewards(plan: ImportPlan) -> None:
    items = [entry.item for entry in plan.document.rewards]
    wanted = Q(name__in=[item.name for item in items])
    wanted |= Q(external_id__in=[item.external_id for item in items if item.external_id])
    known = list(Reward.objects.filter(wanted, game=plan.game).order_by("pk"))
    taken: dict[str, int] = {}
    for number, entry in enumerate(plan.document.rewards, start=1):
        place = f"rewards[{number}]"
        found, by = _matching(plan, place, entry.item, known)
        planned = _reused(plan, number, found, by) if found else _new(plan, number)
        if found and found.pk in taken:
            plan.refuse(
                f"campaign.{place}",
                _("“%(name)s” is the same reward here as number %(number)s of the list."),
                name=found.name,
                number=taken[found.pk],
            )
        elif found:
            taken[found.pk] = number
        _check(plan, place, planned.row, leave={"campaign", "reward", "requires"})
        if entry.event:
            _check_event(plan, f"campaign.{place}.event", entry.event)
        plan.rewards.append(planned)
    _refuse_foreign_ids(plan)


def _matching(plan: ImportPlan, place: str, item: Item, known: list[Reward]) -> tuple[Reward | None, str | Promise]:
    if item.external_id:
        by_id = next((reward for reward in known if reward.external_id == item.external_id), None)
        if by_id is not None:
            return by_id, _("the same external id")
    named = [reward for reward in known if reward.name == item.name and not (item.external_id and reward.external_id)]
    if len(named) > 1:
        plan.refuse(
            f"campaign.{place}.item.name",
            _("%(count)s rewards of %(game)s are called “%(name)s”. Give the external id of the one that is meant."),
            count=len(named),
            game=plan.game.name,
            name=item.name,
        )
    return (named[0], _("the same name")) if named else (None, "")


def _reused(plan: ImportPlan, number: int, reward: Reward, by: str | Promise) -> PlannedReward:
    entry = plan.document.rewards[number - 1]
    return PlannedReward(entry, reward, _row(plan, number, reward), is_new=False, matched_by=by)


def _new(plan: ImportPlan, number: int) -> PlannedReward:
    entry = plan.document.rewards[number - 1]
    item = entry.item
    reward = Reward(
        game=plan.game,
        name=item.name,
        description=item.description,
        external_id=item.external_id,
        alt_text=item.alt_text,
    )
    if item.image is not None:
        reward.image = item.image
    _check(plan, f"rewards[{number}].item", reward, leave={"game"})
    # What of the picture was left out, the check has noted on the file.
    noted = getattr(reward.image.file, "notices", ()) if item.image else ()
    return PlannedReward(
        entry, reward, _row(plan, number, reward), is_new=True, notices=tuple(str(notice) for notice in noted)
    )


def _row(plan: ImportPlan, number: int, reward: Reward) -> CampaignReward:
    entry = plan.document.rewards[number - 1]
    event = entry.event or EventWanted(name="")
    return CampaignReward(
        campaign=plan.campaign,
        reward=reward,
        position=number - 1,
        rule=entry.rule,
        minutes=entry.minutes,
        event_name=event.name,
        event_path=event.path,
        event_condition=event.condition,
        event_value=event.value,
        event_cool_down_seconds=event.cool_down_seconds,
        event_per_session=event.per_session,
        limit_total=entry.limit_total,
        limit_per_day=entry.limit_per_day,
        at_limit=entry.at_limit,
    )


def _check_event(plan: ImportPlan, place: str, event: EventWanted) -> None:
    problem = path_problem(event.path) if event.path else None
    if problem is not None:
        plan.problems.append(Problem(f"{place}.path", problem))
    if event.condition:
        try:
            read_value(event.value, Condition(event.condition))
        except ValueError as error:
            plan.problems.append(Problem(f"{place}.value", error.args[0]))


def _refuse_foreign_ids(plan: ImportPlan) -> None:
    """Refuse a platform's id that another reward of the organization has: one id is one reward (R1)."""
    wanted: dict[tuple[str, str], str] = {}
    for number, planned in enumerate(plan.rewards, start=1):
        place = f"campaign.rewards[{number}].item.platform_ids"
        for platform, own in planned.entry.item.platform_ids if planned.is_new else ():
            if not platforms.is_known(platform):
                plan.refuse(place, _UNKNOWN_PLATFORM, platform=platform, known=", ".join(platforms.keys()))
            elif (platform, own) in wanted:
                plan.refuse(place, _("The id %(id)s stands at two rewards of this file."), id=own)
            wanted[platform, own] = place
    rows = RewardPlatformId.objects.filter(
        organization=plan.game.organization, platform_reward_id__in=[own for _platform, own in wanted]
    ).select_related("reward")
    for row in rows:
        if (row.platform, row.platform_reward_id) in wanted:
            plan.refuse(
                wanted[row.platform, row.platform_reward_id],
                _("The id %(id)s on %(platform)s belongs to the reward “%(name)s” here."),
                id=row.platform_reward_id,
                platform=platforms.get(row.platform).name,
                name=row.reward.name,
            )
