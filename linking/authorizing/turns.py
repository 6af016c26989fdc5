"""The background job: each credential's platform in turn, the one first that has waited longest (L9).

A turn is leased by moving its ``due_at`` forward by compare-and-set, so that two processes never ask for one credential at
the same time; killed at any moment, the lease runs out and the same viewers are asked for again. A platform that does not
answer, or does not take the app, is left alone for a growing time: it costs the others little, and its viewers nothing.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef

from linking.authorizing.asking import Answers, Asked, ask, asked_of
from linking.authorizing.recording import record
from linking.authorizing.watching import askable_platforms
from linking.models import AuthorizationTurn, ViewerAuthorization
from linking.rules.authorizing import TAKEN_ALONG, TURN_EVERY, VIEWERS_PER_TURN, is_doubted, rest_after
from portal import platforms
from portal.calling import PAUSED
from portal.encryption import DecryptionFailed
from portal.models import PlatformCredential
from portal.outliving import outliving
from portal.platforms.authorizations import Authorizations
from portal.platforms.calls import PlatformError

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)
"""Longer than a turn, with the last of its calls and what it writes, can last."""

BUDGET_SECONDS = 10.0
"""So long one run begins calls: the last may take 20 seconds more, and a background job has 30."""

TURN_SECONDS = 5.0
"""So long one turn begins calls: a slow platform leaves time to the others."""

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Run:
    """What a run did: for how many viewers each verdict came, and how many turns failed."""

    verdicts: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    finished: bool = True

    def __str__(self) -> str:
        """Tell it in words for the job's result."""
        told = [f"{verdict}: {count}" for verdict, count in sorted(self.verdicts.items())]
        told += [f"{self.failed} turns failed"] if self.failed else []
        told += [] if self.finished else ["to be continued"]
        return ", ".join(told) or "nobody was due"


def check_due(*, clock: Clock, seconds: float = BUDGET_SECONDS) -> Run:
    """Ask for the viewers who are due, for at most so many ``seconds``, and return what came of it.

    No call is made inside a transaction, and any number of processes may run this at the same time.
    """
    run, ends = Run(), time.monotonic() + seconds
    _ensure_turns(clock())
    for credential_id, due_at in _due(clock()):
        if time.monotonic() >= ends:
            run.finished = False
            break
        began = clock()
        mine = AuthorizationTurn.objects.filter(pk=credential_id, due_at=due_at)
        if mine.update(due_at=began + LEASE, began_at=began):
            failure = _take(credential_id, run, clock=clock, until=min(ends, time.monotonic() + TURN_SECONDS))
            _end_turn(credential_id, failure, began=began, now=clock())
    return run


def _ensure_turns(now: datetime) -> None:
    without = PlatformCredential.objects.filter(platform__in=askable_platforms(), authorization_turn=None)
    rows = [
        AuthorizationTurn(credential_id=key, due_at=now) for key in without.order_by("pk").values_list("pk", flat=True)
    ]
    if rows:
        AuthorizationTurn.objects.bulk_create(rows, ignore_conflicts=True)


def _due(now: datetime) -> list[tuple[str, datetime]]:
    waiting = ViewerAuthorization.objects.filter(credential=OuterRef("credential"), due_at__lte=now)
    turns = AuthorizationTurn.objects.filter(
        Exists(waiting),
        due_at__lte=now,
        credential__enabled=True,
        credential__platform__in=askable_platforms(),
    ).exclude(credential__client_id="")
    order = (F("began_at").asc(nulls_first=True), "pk")
    return list(turns.order_by(*order).values_list("pk", "due_at"))


def _take(credential_id: str, run: Run, *, clock: Clock, until: float) -> PlatformError | None:
    """Have one credential's turn and return what ended it early. Whatever goes wrong with it is this credential's alone."""
    failure: PlatformError | None = None
    with outliving(logger, "The viewers of credential %s could not be asked for.", credential_id) as turn:
        try:
            failure = _ask_and_record(credential_id, run, clock=clock, until=until)
        except DecryptionFailed:
            logger.error(
                "The secrets of credential %s cannot be decrypted: nobody is asked for with it.", credential_id
            )
            failure = PlatformError("undecryptable")
    if turn.fault:
        failure = PlatformError("internal")
    run.failed += failure is not None and failure.reason != PAUSED
    return failure


def _ask_and_record(credential_id: str, run: Run, *, clock: Clock, until: float) -> PlatformError | None:
    """Return the failure that ended the turn early, if any; what was answered before it counts."""
    credential = PlatformCredential.objects.get(pk=credential_id)
    api = platforms.get(credential.platform).authorizations
    if api is None:
        return None
    some = viewers_due(credential, now=clock())
    answers, failure = _ask_all(credential, api, some, clock=clock, until=until)
    now = clock()
    doubted = _judge(credential, some, answers, now=now)
    run.verdicts.update(record(credential, some, answers, doubted=doubted, now=now))
    return failure


def viewers_due(credential: PlatformCredential, *, now: datetime) -> list[Asked]:
    """Return for whom a turn asks: who is due, the longest first, and with them who soon will be."""
    rows = ViewerAuthorization.objects.filter(credential=credential).select_related("viewer").order_by("due_at", "pk")
    due = list(rows.filter(due_at__lte=now)[:VIEWERS_PER_TURN])
    if due and len(due) < VIEWERS_PER_TURN:
        soon = rows.filter(due_at__gt=now, due_at__lte=now + TAKEN_ALONG, missing_since=None)
        due += soon[: VIEWERS_PER_TURN - len(due)]
    return [asked_of(row) for row in due]


def _ask_all(
    credential: PlatformCredential, api: Authorizations, some: list[Asked], *, clock: Clock, until: float
) -> tuple[Answers, PlatformError | None]:
    answers = Answers()
    for start in range(0, len(some), api.users_per_call):
        if start and time.monotonic() >= until:
            break
        try:
            answers.add(ask(credential, api, some[start : start + api.users_per_call], now=clock()))
        except PlatformError as error:
            logger.warning("Credential %s could not ask for its viewers: %s", credential.pk, error)
            return answers, error
    return answers, None


def _judge(credential: PlatformCredential, some: list[Asked], answers: Answers, *, now: datetime) -> bool:
    """Return whether the platform's silence in this turn is not to be believed, and keep it for people to see."""
    turn = AuthorizationTurn.objects.get(pk=credential.pk)
    before = turn.doubted_since is not None
    known_missing = {one.viewer_id for one in some if one.missing_since is not None}
    newly = sum(viewer_id not in known_missing for viewer_id in answers.missing)
    asked, named = len(answers), len(answers.named)
    doubted = is_doubted(asked=asked, named=named, newly_missing=newly, doubted_before=before)
    if doubted and asked:
        AuthorizationTurn.objects.filter(pk=credential.pk).update(
            doubted_since=turn.doubted_since or now, asked=asked, missing=asked - named
        )
        logger.error(
            "The platform of credential %s named %d of %d viewers: it is not believed, and no link ends by it.",
            credential.pk,
            named,
            asked,
        )
    elif before and not doubted:
        AuthorizationTurn.objects.filter(pk=credential.pk).update(doubted_since=None)
        logger.warning("The platform of credential %s names its viewers again: it is believed.", credential.pk)
    return doubted


def _end_turn(credential_id: str, failure: PlatformError | None, *, began: datetime, now: datetime) -> None:
    """Say when the credential's next turn is."""
    turns = AuthorizationTurn.objects.filter(pk=credential_id)
    if failure is None:
        turns.update(due_at=began + TURN_EVERY, failures=0)
        return
    wait = failure.retry_after or timedelta(0)
    if failure.reason == PAUSED:  # no call was made: the pause is not about these calls
        turns.update(due_at=now + max(wait, TURN_EVERY))
        return
    turns.update(failures=F("failures") + 1)
    failures = turns.values_list("failures", flat=True).first() or 1
    turns.update(due_at=now + max(wait, rest_after(failures)))
