"""The allow-list of a campaign, and entering it by pasting ids, logins or CSV (C7).

A listing is an interval. In a draft a removed channel simply goes; once the campaign was published its interval is
ended and kept, so that what was true at a minute can be told later.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from io import StringIO

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, CampaignChannel, Channel
from campaigns.rules.edits import is_locked
from portal import audit, platforms
from portal.models import User
from portal.sentences import Sentence

LONGEST_LIST = 20_000
_HEADINGS = frozenset({"id", "channel id", "channel_id", "user id", "user_id", "login", "channel", "name"})


class Deed(StrEnum):
    """What is done with the pasted channels."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


@dataclass(frozen=True)
class PastedRow:
    """One line that was pasted: an id, a login, or both, and a name for people."""

    line: int
    channel_id: str = ""
    login: str = ""
    name: str = ""

    def __str__(self) -> str:
        return self.channel_id or self.login


@dataclass
class ChannelPlan:
    """What a pasted list would change; nothing has been stored.

    ``unknown`` are rows that name no channel that can be stored, with the reason; they are left out.
    """

    platform: str
    deed: Deed
    to_add: list[PastedRow] = field(default_factory=list)
    to_remove: list[Channel] = field(default_factory=list)
    unchanged: list[PastedRow] = field(default_factory=list)
    duplicates: list[PastedRow] = field(default_factory=list)
    unknown: list[tuple[PastedRow, Sentence]] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Whether applying the plan would change the list."""
        return bool(self.to_add or self.to_remove)


def parse_channels(text: str) -> list[PastedRow]:
    """Read one channel a line: an id, a login (with or without @), an address of the channel, or CSV ``id,login,name``.

    Separators may be commas, semicolons or tabs; a heading line and blank lines are skipped.
    """
    rows: list[PastedRow] = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        separator = next((s for s in ("\t", ";", ",") if s in line), ",")
        cells = [cell.strip() for cell in next(csv.reader(StringIO(line), delimiter=separator), [])]
        if not any(cells) or (not rows and cells[0].lower() in _HEADINGS):
            continue
        rows.append(_row(number, cells))
    return rows


def _row(number: int, cells: list[str]) -> PastedRow:
    first, login, name = [*cells, "", ""][:3]
    first = first.rstrip("/").rsplit("/", 1)[-1] if "/" in first else first
    if first.isdigit() or login:
        return PastedRow(number, channel_id=first, login=login.removeprefix("@"), name=name)
    return PastedRow(number, login=first.removeprefix("@"))


def plan_channels(*, campaign: Campaign, platform: str, deed: Deed, text: str) -> ChannelPlan:
    """Say what pasting this list would change, row by row."""
    plan = ChannelPlan(platform=platform, deed=deed)
    known = _known(campaign, platform)
    listed = {
        row.channel.platform_channel_id: row.channel
        for row in campaign.channels.filter(removed_at=None, channel__platform=platform).select_related("channel")
    }
    seen: set[str] = set()
    for row in parse_channels(text):
        resolved, problem = _resolve(row, known, platform)
        if problem:
            plan.unknown.append((row, problem))
        elif resolved.channel_id in seen:
            plan.duplicates.append(row)
        else:
            seen.add(resolved.channel_id)
            _place(plan, resolved, listed)
    if deed is Deed.REPLACE:
        plan.to_remove = [channel for key, channel in listed.items() if key not in seen]
    return plan


def _place(plan: ChannelPlan, row: PastedRow, listed: dict[str, Channel]) -> None:
    is_listed = row.channel_id in listed
    if plan.deed is Deed.REMOVE:
        if is_listed:
            plan.to_remove.append(listed[row.channel_id])
        else:
            plan.unknown.append((row, Sentence(_("This channel is not on the list."))))
    elif is_listed:
        plan.unchanged.append(row)
    else:
        plan.to_add.append(row)


def _known(campaign: Campaign, platform: str) -> dict[str, str]:
    """Return the ids of the organization's channels on a platform, by id and by lower-case login."""
    known: dict[str, str] = {}
    rows = Channel.objects.filter(organization_id=campaign.organization_id, platform=platform)
    for key, login in rows.values_list("platform_channel_id", "login"):
        known.setdefault(key, key)
        if login:
            known.setdefault(login.lower(), key)
    return known


def _resolve(row: PastedRow, known: dict[str, str], platform: str) -> tuple[PastedRow, Sentence | None]:
    if row.channel_id:
        if len(row.channel_id) > 200 or len(row.login) > 200 or len(row.name) > 200:
            return row, Sentence(_("This is too long to be a channel: at most 200 characters."))
        if platforms.get(platform).web_url and not row.channel_id.isdigit():
            return row, Sentence(
                _("The first column must be the channel's id. %(hint)s"),
                {"hint": platforms.get(platform).id_hints.get("channel", "")},
            )
        return row, None
    found = known.get(row.login.lower())
    if found:
        return PastedRow(row.line, channel_id=found, login=row.login), None
    if not platforms.get(platform).web_url and len(row.login) <= 200:
        return PastedRow(row.line, channel_id=row.login), None
    return row, Sentence(
        _("No channel with this login is known yet. Write its id before it, like: 12345,%(login)s"),
        {"login": row.login[:100]},
    )


def apply_plan(
    *, campaign_id: str, platform: str, deed: Deed, text: str, actor: User | None, now: datetime
) -> ChannelPlan:
    """Work the plan out again beneath the campaign's lock and carry it out; unknown channels rows are left out.

    Raises:
        ListLocked: the campaign is closed or cancelled, or the allow-list of a running campaign would get empty.
    """
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update(of=("self",)).select_related("organization").get(pk=campaign_id)
        plan = plan_channels(campaign=campaign, platform=platform, deed=deed, text=text)
        channels = [*_ensure(campaign, platform, plan.to_add)]
        change_listing(campaign=campaign, add=channels, remove=plan.to_remove, actor=actor, now=now)
    return plan


class ListLocked(Exception):
    """The allow-list cannot be changed so; the text says why, for people."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


def change_listing(
    *, campaign: Campaign, add: Iterable[Channel], remove: Iterable[Channel], actor: User | None, now: datetime
) -> None:
    """List and unlist channels, beneath the lock that the caller holds on the campaign; with an audit entry.

    Raises:
        ListLocked: see :func:`apply_plan`.
    """
    open_rows = dict(campaign.channels.filter(removed_at=None).values_list("channel_id", "pk"))
    adding = [channel for channel in add if channel.pk not in open_rows]
    removing = [channel for channel in remove if channel.pk in open_rows]
    if not adding and not removing:
        return
    if is_locked("channels", phase=campaign.phase(now), ends_at=campaign.ends_at, now=now):
        raise ListLocked(Sentence(_("The campaign is over: its channels can no longer be changed.")))
    CampaignChannel.objects.bulk_create(
        [CampaignChannel(campaign=campaign, channel=channel, listed_at=now) for channel in adding], batch_size=500
    )
    _end(campaign, [open_rows[channel.pk] for channel in removing], now)
    if campaign.status != Campaign.Status.DRAFT:
        _refuse_empty(campaign)
    audit.record(
        actor=actor,
        action="changed channels",
        obj=campaign,
        organization=campaign.organization,
        before={"removed": ", ".join(str(channel) for channel in removing)} if removing else {},
        after={"listed": ", ".join(str(channel) for channel in adding)} if adding else {},
        now=now,
    )


def _end(campaign: Campaign, listings: list[int], now: datetime) -> None:
    for start in range(0, len(listings), 500):
        rows = CampaignChannel.objects.filter(pk__in=listings[start : start + 500])
        if campaign.status == Campaign.Status.DRAFT:
            rows.delete()
        else:
            rows.update(removed_at=now)


def _refuse_empty(campaign: Campaign) -> None:
    """Emptying a list never makes a campaign global (C5): a published one keeps at least one channel."""
    if campaign.scope == Campaign.Scope.ALLOW_LIST and not campaign.channels.filter(removed_at=None).exists():
        raise ListLocked(
            Sentence(_("Only listed channels count in this campaign: at least one must stay on the list."))
        )


def _ensure(campaign: Campaign, platform: str, rows: list[PastedRow]) -> list[Channel]:
    """Return a channel for each row, those that the organization did not know yet newly stored."""
    rows_of = {"organization_id": campaign.organization_id, "platform": platform}
    Channel.objects.bulk_create(
        [Channel(**rows_of, platform_channel_id=row.channel_id, login=row.login, name=row.name) for row in rows],
        ignore_conflicts=True,
        batch_size=500,
    )
    found: dict[str, Channel] = {}
    ids = [row.channel_id for row in rows]
    for start in range(0, len(ids), 500):
        for channel in Channel.objects.filter(**rows_of, platform_channel_id__in=ids[start : start + 500]):
            found[channel.platform_channel_id] = channel
    return [found[key] for key in ids]
