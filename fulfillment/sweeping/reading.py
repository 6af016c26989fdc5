"""Reading the pages of sweeps that are due (F7): lease, ask the platform outside any transaction, enter.

Killed at any moment, the lease runs out and the same page is read again. What can never be read is gone round by narrower
lists, so that one poisoned page or user keeps nothing else back (see :mod:`fulfillment.rules.sweeping`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from campaigns.models import CampaignPlatform, GameCategory
from fulfillment.models import SweepPart
from fulfillment.rules.sweeping import OUTAGE_WAIT, Failure, Next, after, says_nothing_of_the_page, wait_after
from fulfillment.sweeping.entering import Leased, enter_page, finish_if_over
from fulfillment.sweeping.request import add_parts
from linking.models import Link
from portal import platforms
from portal.calling import call_platform, problem_of
from portal.models import PlatformCredential
from portal.outliving import outliving
from portal.platforms.calls import PlatformError
from portal.platforms.claims_api import ClaimsApi, ClaimsPage, Narrowed

LEASE = timedelta(minutes=2)
NOBODY = "1"
"""The id of a user whose claims are asked for to see whether the platform answers at all."""

MOST_USERS = 10_000
"""Of so many linked viewers claims are read one by one where nothing else helps, the latest links first."""

MOST_ATTEMPTS = 1000

Clock = Callable[[], datetime]

log = logging.getLogger(__name__)


def read_due_pages(*, seconds: float, clock: Clock = timezone.now) -> int:
    """Read pages that are due, each credential in its turn; return how many. No call is begun after ``seconds``.

    One that fails for a reason of ours keeps no other from its turn: its lease runs out, and it is tried again.
    """
    until, read = time.monotonic() + seconds, 0
    turns = _with_work(clock())
    while turns and time.monotonic() < until:
        turns = [turn for turn in turns if time.monotonic() < until and _take_turn(turn, clock)]
        read += len(turns)
    return read


def has_due_pages(*, now: datetime) -> bool:
    """Tell whether a page is to be read now."""
    return SweepPart.objects.filter(due_at__lte=now, sweep__credential__enabled=True).exists()


def _with_work(now: datetime) -> list[str]:
    """Return the credentials with something to read, the one first that has waited longest."""
    due = SweepPart.objects.filter(due_at__lte=now, sweep__credential__enabled=True).values("sweep__credential")
    return list(due.annotate(first=Min("due_at")).order_by("first").values_list("sweep__credential", flat=True))


def _take_turn(credential_id: str, clock: Clock) -> bool:
    with outliving(log, "The claims of credential %s could not be read.", credential_id):
        return _read_one(credential_id, clock)
    return False  # secrets that cannot be decrypted, say: the next credential has its turn


def _read_one(credential_id: str, clock: Clock) -> bool:
    """Read one page of a credential's sweep; return whether there was one and the platform answers."""
    now = clock()
    leased = _lease(credential_id, now=now)
    api = platforms.get(leased.credential.platform).claims_api if leased else None
    if leased is None or api is None:
        return False
    part, credential = leased.part, leased.credential
    try:
        page = _ask(
            api,
            credential,
            narrowed=Narrowed(part.narrowed),
            value=part.value,
            only_open=not leased.sweep.full,
            cursor=part.cursor,
            size=part.size,
            now=now,
        )
    except PlatformError as error:
        return _failed(leased, api, error, clock)
    for fault in page.faults:
        log.warning("A claim that credential %s lists cannot be read: %s", credential.pk, fault)
    return enter_page(leased, page, now=clock())


def _lease(credential_id: str, *, now: datetime) -> Leased | None:
    """Take the part that is due first. Its row is not locked while the platform is asked: the time is the lease."""
    with transaction.atomic():
        part = (
            SweepPart.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(sweep__credential=credential_id, due_at__lte=now)
            .select_related("sweep__credential__organization")
            .order_by("due_at", "pk")
            .first()
        )
        if part is None:
            return None
        until = now + LEASE
        SweepPart.objects.filter(pk=part.pk).update(due_at=until)
    return Leased(part, part.sweep, part.sweep.credential, until)


def _ask(
    api: ClaimsApi,
    credential: PlatformCredential,
    *,
    narrowed: Narrowed,
    value: str,
    only_open: bool,
    cursor: str,
    size: int,
    now: datetime,
) -> ClaimsPage:
    return call_platform(
        credential,
        lambda token: api.list_claims(
            credential.api_base,
            client_id=credential.client_id,
            access_token=token,
            narrowed=narrowed,
            value=value,
            only_open=only_open,
            cursor=cursor,
            size=size,
        ),
        now=now,
    )


def _failed(leased: Leased, api: ClaimsApi, error: PlatformError, clock: Clock) -> bool:
    """Decide what to do about the page, and keep it; return whether the platform answers, as far as is known."""
    part, credential = leased.part, leased.credential
    log.warning("A page of the sweep of credential %s could not be read: %s", credential.pk, error)
    failure = Failure(
        reason=error.reason,
        status=error.status,
        attempts=part.attempts + 1,
        size=part.size,
        page_size=api.page_size,
        at_start=not part.cursor,
        whole=part.narrowed == Narrowed.ALL,
    )
    decided, wait = after(failure), wait_after(failure, asked_for=error.retry_after)
    answers = not says_nothing_of_the_page(failure)
    if decided is Next.PROBE:
        answers = _answers(api, credential, clock)
        decided, wait = (Next.GO_ROUND, wait) if answers else (Next.AGAIN, OUTAGE_WAIT)
    now = clock()
    # Whatever keeps the platform from answering at all says nothing about the page: it is not counted against it.
    attempts = min(failure.attempts, MOST_ATTEMPTS) if answers else part.attempts
    changes: dict[Next, dict[str, Any]] = {
        Next.AGAIN: {"attempts": attempts, "due_at": now + wait},
        Next.FROM_THE_START: {"attempts": attempts, "cursor": "", "due_at": now + wait},
        Next.HALVE: {"attempts": 0, "size": max(part.size // 2, 1), "due_at": now},
    }
    problem = problem_of(error)[:60]
    if decided is Next.GO_ROUND:
        _go_round(leased, api, problem, now=now)
    else:
        row = SweepPart.objects.filter(pk=part.pk, due_at=leased.lease_until)
        row.update(problem=problem, **changes[decided])
    return answers


def _answers(api: ClaimsApi, credential: PlatformCredential, clock: Clock) -> bool:
    """Find out whether the platform answers anything: the claims of nobody in particular."""
    try:
        _ask(
            api,
            credential,
            narrowed=api.ways_round[-1] if api.ways_round else Narrowed.ALL,
            value=NOBODY,
            only_open=True,
            cursor="",
            size=1,
            now=clock(),
        )
    except PlatformError:
        return False
    return True


def _go_round(leased: Leased, api: ClaimsApi, problem: str, *, now: datetime) -> None:
    """End a part that cannot be read to its end, and have narrower lists read in its place."""
    part = leased.part
    ways = (Narrowed.ALL, *api.ways_round)
    narrower = ways[ways.index(Narrowed(part.narrowed)) + 1 :]
    with transaction.atomic():
        gone = SweepPart.objects.filter(pk=part.pk, due_at=leased.lease_until).update(
            due_at=None, outcome=SweepPart.Outcome.UNREADABLE, problem=problem
        )
        if not gone:
            return
        if narrower:
            add_parts(leased.sweep, narrower[0], _values(leased, narrower[0]), now=now)
        finish_if_over(leased.sweep.pk, now=now)
    log.error(
        "A list of claims of credential %s cannot be read to its end; %s.",
        leased.credential.pk,
        f"it is read by {narrower[0]} instead" if narrower else "what it holds besides is missing",
    )


def _values(leased: Leased, narrowed: Narrowed) -> list[str]:
    """Return what can be asked for one by one in place of ``leased.part``."""
    credential, value = leased.credential, leased.part.value
    own = {"organization": credential.organization_id, "platform": credential.platform}
    if narrowed is Narrowed.CATEGORY:
        return list(GameCategory.objects.filter(**own).values_list("platform_category_id", flat=True))
    if narrowed is Narrowed.CAMPAIGN:
        named = CampaignPlatform.objects.filter(**own).exclude(platform_campaign_id="")
        return list(named.values_list("platform_campaign_id", flat=True))
    links = Link.objects.filter(
        game__organization=credential.organization_id, platform=credential.platform, ended_at=None
    )
    if leased.part.narrowed == Narrowed.CATEGORY:
        links = links.filter(game__categories__platform_category_id=value)
    return list(links.order_by("-started_at").values_list("viewer__platform_user_id", flat=True)[:MOST_USERS])
