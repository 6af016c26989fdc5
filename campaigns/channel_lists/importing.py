"""Taking a list of channels in: read, kept as a row, and looked up in the background (:mod:`.resolving`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple
from datetime import datetime
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_q.tasks import async_task

from campaigns.models import Campaign, Channel, ChannelImport
from campaigns.rules.channel_lines import ChannelShape, Line, read_lines
from campaigns.rules.channel_outcomes import Deed, Outcome, Result, keys_of
from portal import platforms
from portal.models import User
from portal.sentences import Sentence

LONGEST_LIST = 20_000
State = ChannelImport.State


class ListRefused(Exception):
    """A text is no list that can be taken; the sentence says why."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def shapes() -> dict[str, ChannelShape]:
    """Return how channels look on each platform, by its key."""
    return {key: _shape(platform) for key, platform in platforms.registry.items()}


def _shape(platform: platforms.Platform) -> ChannelShape:
    host = (urlsplit(platform.web_url).hostname or "").removeprefix("www.")
    return ChannelShape(name=platform.name, host=host, ids=platform.channel_ids, paths=platform.channel_paths)


def read_list(text: str, *, platform: str) -> list[Line]:
    """Read a pasted list or CSV. Raises :class:`ListRefused` where it names no channel, or more than are taken at once."""
    lines = read_lines(text, platform=platform, shapes=shapes())
    if not lines:
        raise ListRefused(Sentence(_("Paste at least one channel, or choose a file.")))
    if len(lines) > LONGEST_LIST:
        raise ListRefused(
            Sentence(
                _("These are %(count)s lines; at most %(most)s can be taken at once."),
                {"count": f"{len(lines):,}", "most": f"{LONGEST_LIST:,}"},
            )
        )
    return lines


def begin_import(
    *, campaign: Campaign, platform: str, deed: Deed, lines: list[Line], actor: User | None, now: datetime
) -> ChannelImport:
    """Keep a list that was read, and have it looked up. Nothing changes before it is applied (:mod:`.applying`)."""
    with transaction.atomic():
        made = ChannelImport.objects.create(
            campaign=campaign,
            platform=platform,
            deed=deed,
            actor=actor,
            actor_label=str(actor)[:150] if actor else "portal",
            lines=[astuple(line) for line in lines],
            line_count=len(lines),
            total=len(keys_of(lines)),
            created_at=now,
            due_at=now,
        )
        transaction.on_commit(lambda: kick(made.pk), robust=True)
    return made


def propose(
    *,
    campaign: Campaign,
    channels: Iterable[Channel],
    deed: Deed,
    source: str,
    actor: User | None,
    now: datetime,
    restores: int | None = None,
    missing: Iterable[str] = (),
) -> ChannelImport:
    """Keep a list of channels that are known, to be confirmed as any other; ``missing`` are those that are known no more."""
    found = [
        Outcome(number, str(one), Result.FOUND, one.platform, one.platform_channel_id, one.login, one.name)
        for number, one in enumerate(channels, start=1)
    ]
    gone = [Outcome(0, key, Result.UNKNOWN, "", code="deleted") for key in missing]
    return ChannelImport.objects.create(
        campaign=campaign,
        deed=deed,
        source=source,
        restores=restores,
        actor=actor,
        actor_label=str(actor)[:150] if actor else "portal",
        state=State.READY,
        outcome=[astuple(one) for one in (*found, *gone)],
        line_count=len(found) + len(gone),
        found_count=len(found),
        unknown_count=len(gone),
        asks=False,
        created_at=now,
        resolved_at=now,
    )


def drop_import(*, import_id: str, now: datetime) -> bool:
    """Drop a list that was not applied. Returns whether this call did."""
    open_ones = ChannelImport.objects.filter(pk=import_id, state__in=[State.RESOLVING, State.READY])
    return bool(open_ones.update(state=State.DROPPED, due_at=None, ended_at=now))


def ask_no_more(*, import_id: str, now: datetime) -> bool:
    """Have a list that waits for the platform go on with what is known here. Returns whether it was waiting."""
    waiting = ChannelImport.objects.filter(pk=import_id, state=State.RESOLVING, asks=True)
    if not waiting.update(asks=False, not_asked="chosen", due_at=now):
        return False
    kick(import_id)
    return True


def kick(import_id: str) -> None:
    """Have a background process take a list up. Should this be lost, the schedule finds it."""
    async_task("campaigns.tasks.resolve_channel_list", import_id)


def outcome_of(one: ChannelImport) -> list[Outcome]:
    """Return what became of each line of a list that is resolved."""
    return [Outcome(row[0], row[1], Result(row[2]), *row[3:]) for row in one.outcome]
