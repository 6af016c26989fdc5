"""Looking the channels of a list up at their platform, in the background. Killed at any moment, the next run goes on.

Each answer is kept with the checkpoint in one transaction; no call is made inside one. Where the platform asks for a pause or
does not answer, the list waits and goes on by itself. Where it cannot be asked at all, what is known here has to do.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from campaigns.channel_lists.importing import kick
from campaigns.models import CampaignChannel, Channel, ChannelImport, ChannelImportPart
from campaigns.rules.channel_lines import Line
from campaigns.rules.channel_outcomes import Deed, Index, Outcome, Result, Who, judge, keys_of, second_keys
from portal import platforms
from portal.calling import call_platform, problem_of
from portal.encryption import DecryptionFailed
from portal.models import PlatformCredential
from portal.platforms.calls import PlatformError
from portal.platforms.directory import Directory

logger = logging.getLogger(__name__)

BATCH = 50
"""As many as a directory asks for in one call: after each the checkpoint moves, and is looked whether there is time."""

BUDGET_SECONDS = 12.0
"""So long one task begins calls: the last may take a while more, and a background task is ended after 30 seconds."""

LEASE = timedelta(seconds=90)
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=20), timedelta(minutes=10)

State = ChannelImport.State
Asked = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who asks where."""

    credential: PlatformCredential
    directory: Directory

    def ask(self, asked: Asked, *, now: datetime) -> list[Who]:
        """Return the channels that have these ids and logins. Raises ``PlatformError``."""
        ids = [value for kind, value in asked if kind == "id"]
        logins = [value for kind, value in asked if kind == "login"]
        users = call_platform(
            self.credential,
            lambda token: self.directory.users(
                self.credential.api_base,
                client_id=self.credential.client_id,
                access_token=token,
                ids=ids,
                logins=logins,
            ),
            now=now,
        )
        return [Who(user.id, user.login[:200], user.name[:200]) for user in users]


def work_off(import_id: str, *, clock: Callable[[], datetime] = timezone.now, seconds: float = BUDGET_SECONDS) -> bool:
    """Look up a list for a while. Returns whether nothing is left to do now; if something is, another task goes on."""
    until = time.monotonic() + seconds
    one = _leased(import_id, now=clock())
    if one is None:
        return True
    lines = [Line(*row) for row in one.lines]
    here = _known_here(one)
    asker = _asker(one) if one.asks else one.not_asked
    if isinstance(asker, str):
        _finish(one, lines, here, None, not_asked=asker, now=clock())
        return True
    keys = keys_of(lines)
    for start in range(one.position, len(keys), BATCH):
        if time.monotonic() >= until:
            ChannelImport.objects.filter(pk=import_id, state=State.RESOLVING).update(due_at=clock())
            kick(import_id)
            return False
        if not _step(one, asker, here, keys[start : start + BATCH], start, clock):
            return True
    parts = one.parts.order_by("position").values_list("found", flat=True)
    there = Index.of([Who(*row) for found in parts.iterator(chunk_size=100) for row in found])
    _finish(one, lines, here, there, not_asked="", now=clock())
    return True


def take_up_due(*, now: datetime) -> int:
    """Kick the lists that nobody works on. Returns how many."""
    due = list(ChannelImport.objects.filter(due_at__lte=now).order_by("due_at").values_list("pk", flat=True)[:100])
    for import_id in due:
        kick(import_id)
    return len(due)


def _leased(import_id: str, *, now: datetime) -> ChannelImport | None:
    """Return the list if it is this process's to work on: nobody else takes it up for a while."""
    due = ChannelImport.objects.filter(pk=import_id, state=State.RESOLVING, due_at__lte=now)
    if not due.update(due_at=now + LEASE):
        return None
    return ChannelImport.objects.defer("outcome").select_related("campaign").filter(pk=import_id).first()


def _asker(one: ChannelImport) -> _Asker | str:
    """Return who asks the platform, or as a code why nobody can."""
    directory = platforms.get(one.platform).directory
    if directory is None:
        return "no_directory"
    try:
        credential = PlatformCredential.objects.filter(
            organization=one.campaign.organization_id, platform=one.platform
        ).first()
    except DecryptionFailed:
        return "unreadable"
    if credential is None or not credential.client_id:
        return "no_credential"
    return _Asker(credential, directory) if credential.enabled else "disabled"


def _step(
    one: ChannelImport, asker: _Asker, here: Index, keys: Asked, start: int, clock: Callable[[], datetime]
) -> bool:
    """Ask for some and keep the answer; return whether to go on."""
    try:
        found = asker.ask(keys, now=clock())
        second = second_keys(keys, Index.of(found), here)
        if second:
            found += asker.ask(second, now=clock())
    except PlatformError as error:
        logger.warning("Imported list %s waits for %s: %s.", one.pk, one.platform, problem_of(error))
        _wait(one, error, now=clock())
        return False
    with transaction.atomic():
        # Only who finds the checkpoint where it was moves it: one whose lease ran out meanwhile stops here.
        mine = ChannelImport.objects.filter(pk=one.pk, state=State.RESOLVING, asks=True, position=start)
        if not mine.update(position=start + len(keys), due_at=clock() + LEASE, problem="", failures=0):
            return False
        ChannelImportPart.objects.create(channel_import=one, position=start, found=[astuple(who) for who in found])
    one.failures = 0
    return True


def _wait(one: ChannelImport, error: PlatformError, *, now: datetime) -> None:
    wait = error.retry_after or min(SHORTEST_WAIT * 2 ** min(one.failures, 10), LONGEST_WAIT)
    ChannelImport.objects.filter(pk=one.pk, state=State.RESOLVING, asks=True).update(
        due_at=now + wait, problem=problem_of(error)[:60], failures=one.failures + 1
    )


def _known_here(one: ChannelImport) -> Index:
    rows = Channel.objects.filter(organization=one.campaign.organization_id, platform=one.platform)
    return Index.of([Who(*row) for row in rows.order_by("pk").values_list("platform_channel_id", "login", "name")])


def _finish(
    one: ChannelImport, lines: list[Line], here: Index, there: Index | None, *, not_asked: str, now: datetime
) -> None:
    listed = CampaignChannel.objects.filter(campaign=one.campaign_id, removed_at=None, channel__platform=one.platform)
    kept = None if one.deed == Deed.REMOVE else set(listed.values_list("channel__platform_channel_id", flat=True))
    any_id = not platforms.get(one.platform).channel_ids
    outcome = judge(lines, platform=one.platform, there=there, here=here, kept=kept, any_id=any_id)
    with transaction.atomic():
        ChannelImport.objects.filter(pk=one.pk, state=State.RESOLVING).update(
            state=State.READY,
            outcome=[astuple(row) for row in outcome],
            **_counts(outcome),
            lines=[],
            asks=there is not None,
            not_asked=not_asked,
            problem="",
            due_at=None,
            resolved_at=now,
        )
        ChannelImportPart.objects.filter(channel_import=one.pk).delete()


def _counts(outcome: Sequence[Outcome]) -> dict[str, int]:
    results = [row.result for row in outcome]
    return {f"{result.value}_count": results.count(result) for result in Result}
