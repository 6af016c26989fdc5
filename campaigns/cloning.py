"""Cloning a campaign (C9): one copy, or a series of them, shifted by days in the campaign's own zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import IntegrityError, connection, models, transaction
from django.utils.translation import gettext_lazy as _

from campaigns.editing import save_campaign
from campaigns.models import (
    Campaign,
    CampaignChannel,
    CampaignGame,
    CampaignPlatform,
    CampaignReward,
    CampaignTester,
    ClonedSeries,
)
from campaigns.publishing import set_derived_times
from campaigns.rules.cloning import LONGEST_NAME, Moved, moved, next_name, series_names
from portal import audit
from portal.models import User
from portal.sentences import Sentence

MOST_COPIES = 12
MOST_DAYS = 366
"""From one copy to the next."""

NOT_COPIED = frozenset(
    {
        "id",
        "name",
        "starts_at",
        "ends_at",
        "announces_at",
        "closes_at",
        "status",
        "published_at",
        "cancelled_at",
        "deliveries_paused",
        "created_at",
    }
)
"""The columns of a campaign that a copy has of its own; all others come along, later ones too."""

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True)
class PlannedCopy:
    """What a copy will be called and when it is: ``campaign`` is unsaved and has its dates, ``notes`` tell of odd hours.

    ``twice``: one of its hours occurs twice; ``undecided``: and nobody said which of the two is meant.
    """

    campaign: Campaign
    notes: tuple[Sentence, ...] = ()
    twice: bool = False
    undecided: bool = False


class CannotClone(Exception):
    """No copy can be made so; the text says why, for people."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


class ClonedAlready(Exception):
    """The form with this key was carried out before: ``series`` is what it made."""

    def __init__(self, series: ClonedSeries) -> None:
        super().__init__(series.key)
        self.series = series


def name_for_copy(campaign: Campaign) -> str:
    """Return what a copy may be called: the campaign's name with the next number that no campaign of the organization has."""
    named = Campaign.objects.filter(organization_id=campaign.organization_id)
    stem = campaign.name.rstrip("0123456789").rstrip()
    return next_name(campaign.name, set(named.filter(name__startswith=stem).values_list("name", flat=True)[:10_000]))


def planned_copies(
    campaign: Campaign, *, name: str, days: int, copies: int, occurrence: str | None = None
) -> list[PlannedCopy]:
    """Say what the copies will be, each ``days`` later than the one before it; nothing is stored.

    ``occurrence`` (first or second) decides hours that occur twice. Raises ``CannotClone`` for numbers out of range, an empty
    name, and dates past the calendar.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise CannotClone(Sentence(_("Give a name of 1 to %(most)s characters."), {"most": LONGEST_NAME}))
    if not 1 <= copies <= MOST_COPIES or not 0 <= days <= MOST_DAYS:
        raise CannotClone(
            Sentence(
                _("Make 1 to %(copies)s copies, each at most %(days)s days after the one before."),
                {"copies": MOST_COPIES, "days": MOST_DAYS},
            )
        )
    try:
        return [
            _planned(campaign, own_name, days=days * number, occurrence=occurrence)
            for number, own_name in enumerate(series_names(name, copies), start=1)
        ]
    except OverflowError as error:
        raise CannotClone(Sentence(_("These dates are too far away."))) from error


def _planned(campaign: Campaign, name: str, *, days: int, occurrence: str | None) -> PlannedCopy:
    copy = _copied(campaign, leave=NOT_COPIED, name=name)
    found: list[Moved] = []
    for field in ("starts_at", "ends_at"):
        moment = getattr(campaign, field)
        if moment is not None:
            found.append(moved(moment, days=days, zone_name=campaign.time_zone, occurrence=occurrence))
            setattr(copy, field, found[-1].moment)
    set_derived_times(copy)
    notes = tuple(one.note for one in found if one.note)
    twice = any(one.twice for one in found)
    return PlannedCopy(copy, notes, twice, undecided=twice and occurrence is None)


def clone_campaign(
    *,
    campaign_id: str,
    key: str,
    name: str,
    days: int,
    copies: int,
    actor: User | None,
    now: datetime,
    occurrence: str | None = None,
) -> list[Campaign]:
    """Make drafts that have everything of a campaign but its ids, its dates and what came of it; all of them or none.

    Rewards with their rules, further games, platforms, the open allow-list, testers and texts come along; a platform's id
    of the campaign does not, since a platform gives each campaign its own. Dates are shifted as :func:`planned_copies` says.
    ``key`` is the form's own: the same key makes copies once, whoever sends it again and when.

    Raises:
        ClonedAlready: the key was used before.
        CannotClone: see :func:`planned_copies`; or an hour occurs twice and nobody said which is meant.
    """
    with transaction.atomic():
        source = Campaign.objects.select_for_update(of=("self",)).select_related("organization").get(pk=campaign_id)
        planned = planned_copies(source, name=name, days=days, copies=copies, occurrence=occurrence)
        if any(copy.undecided for copy in planned):
            raise CannotClone(
                Sentence(_("An hour happens twice on one of these days: choose the first or the second."))
            )
        series = _use(key, source, copies, now)
        rewards, further = list(source.rewards.all()), list(source.further_games.all())
        platforms, testers = list(source.platforms.all()), list(source.testers.all())
        made = []
        for copy in planned:
            rows = [
                *_rewards(rewards, copy.campaign),
                *(_copied(row, campaign_id=copy.campaign.pk) for row in (*further, *testers)),
                *(_copied(row, campaign_id=copy.campaign.pk, platform_campaign_id="") for row in platforms),
            ]
            made.append(_store(source, copy.campaign, rows, actor=actor, now=now, days=days))
        series.first = made[0]
        series.save(update_fields=["first"])
    return made


def _use(key: str, source: Campaign, copies: int, now: datetime) -> ClonedSeries:
    used = {"organization": source.organization, "key": key}
    try:
        with transaction.atomic():
            return ClonedSeries.objects.create(**used, made_at=now, copies=copies)
    except IntegrityError as error:
        raise ClonedAlready(ClonedSeries.objects.get(**used)) from error


def _copied(row: M, *, leave: frozenset[str] = frozenset(), **changes: Any) -> M:
    """Return an unsaved row with the same values, its key and what ``leave`` names by default, and with these changes."""
    kept = [field for field in row._meta.concrete_fields if not field.primary_key and field.name not in leave]
    return type(row)(**{**{field.attname: getattr(row, field.attname) for field in kept}, **changes})


def _rewards(rewards: list[CampaignReward], copy: Campaign) -> list[CampaignReward]:
    """Return the rewards for a copy; what each requires is the copy of what it required."""
    of = {row.pk: _copied(row, campaign_id=copy.pk) for row in rewards}
    for row in rewards:
        of[row.pk].requires = of.get(row.requires_id or "")
    return list(of.values())


def _store(
    source: Campaign, copy: Campaign, rows: list[models.Model], *, actor: User | None, now: datetime, days: int
) -> Campaign:
    def write_lists() -> None:
        lists: tuple[type[Any], ...] = (CampaignReward, CampaignGame, CampaignPlatform, CampaignTester)
        for model in lists:
            model.objects.bulk_create([row for row in rows if isinstance(row, model)])

    reason = f"Cloned from {source.name} ({source.pk})"
    stored = save_campaign(campaign=copy, changed=(), actor=actor, now=now, write_lists=write_lists, reason=reason)
    listed = _copy_channels(source, stored, now)
    if listed:
        audit.record(
            actor=actor,
            action="changed channels",
            obj=stored,
            organization=source.organization,
            after={"listed": f"{listed} channels, the allow-list of {source.name} ({source.pk})"},
            now=now,
        )
    return stored


def _copy_channels(source: Campaign, copy: Campaign, now: datetime) -> int:
    """List for a copy, from now on, what is listed for the source now, and return how many: in the database, for there may be many."""
    table = CampaignChannel._meta.db_table
    own = {"campaign": copy.pk, "listed_at": now, "removed_at": None}
    named = [field for field in CampaignChannel._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in named)
    values = ", ".join("%s" if field.name in own else connection.ops.quote_name(str(field.column)) for field in named)
    given = [field.get_db_prep_save(own[field.name], connection) for field in named if field.name in own]
    statement = (
        f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table} "  # noqa: S608 - names of columns alone
        "WHERE campaign_id = %s AND removed_at IS NULL ORDER BY id"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*given, source.pk])
        return cursor.rowcount
