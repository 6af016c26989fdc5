"""Beginning sweeps (F7): by themselves some minutes after the last, when somebody asks, and for viewers who just linked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery

from fulfillment.models import Sweep, SweepPart
from fulfillment.rules.sweeping import EVERY, LONGEST
from linking.models import Link
from portal import audit, platforms
from portal.models import PlatformCredential, User
from portal.platforms.claims_api import Narrowed


class CannotSweep(Exception):
    """There is nothing to sweep: the credential is switched off, or its platform has no claims of its own."""


def sweepable() -> list[str]:
    """Return the platforms whose claims can be read."""
    return [platform.key for platform in platforms.registry.values() if platform.claims_api is not None]


def request_sweep(*, credential: PlatformCredential, full: bool, actor: User | None, now: datetime) -> Sweep:
    """Begin a sweep because somebody asks for one, and return it; one that runs already and reads as much is returned.

    ``full`` reads also what was told as delivered. One that runs and reads less is stopped, and begun anew.
    Raises ``CannotSweep``.
    """
    if not credential.enabled or credential.platform not in sweepable():
        raise CannotSweep
    with transaction.atomic():
        if _turn_of(credential.pk) is None:
            raise CannotSweep
        running = Sweep.objects.filter(credential=credential, finished_at=None).first()
        if running is not None and not running.narrow and (running.full or not full):
            return running
        if running is not None:
            stop(running, now=now)
        sweep = _begin(credential, full=full or _is_first(credential), actor=actor, now=now)
        if actor is not None:
            audit.record(
                actor=actor,
                action="asked for a sweep",
                obj=credential,
                organization=credential.organization,
                after={"full": sweep.full},
                now=now,
            )
    return sweep


def begin_due_sweeps(*, now: datetime) -> int:
    """Begin a sweep for every credential whose last one ended a while ago; return how many were begun.

    The first of a credential is full: what was delivered before the portal came is entered as such (F1).
    """
    last = Sweep.objects.filter(credential=OuterRef("pk"), narrow=False).order_by("-started_at")
    rows = PlatformCredential.objects.filter(enabled=True, platform__in=sweepable()).annotate(
        last_ended=Subquery(last.values("finished_at")[:1]), last_began=Subquery(last.values("started_at")[:1])
    )
    due = rows.filter(Q(last_began=None) | Q(last_ended__lte=now - EVERY)).order_by("pk")
    return sum(_begin_if_due(key, now=now) for key in due.values_list("pk", flat=True))


def _begin_if_due(credential_id: str, *, now: datetime) -> bool:
    with transaction.atomic():
        credential = _turn_of(credential_id)
        sweeps = Sweep.objects.filter(credential=credential_id)
        lately = Q(finished_at=None) | Q(finished_at__gt=now - EVERY, narrow=False)
        if credential is None or sweeps.filter(lately).exists():
            return False
        _begin(credential, full=_is_first(credential), actor=None, now=now)
        return True


def look_for_claims_of(link: Link, now: datetime) -> None:
    """Have the claims of a viewer who just linked read from the platform, where viewers may claim before they link (L7).

    A listener of ``linking.hooks.link_changed``, so within its transaction: it writes rows and calls nobody.
    """
    platform = platforms.registry.get(link.platform)
    if link.ended_at is not None or platform is None or platform.links_before_claims:
        return
    if platform.claims_api is None or Narrowed.USER not in platform.claims_api.ways_round:
        return
    organization = link.game.organization_id
    credential = PlatformCredential.objects.filter(
        organization=organization, platform=link.platform, enabled=True
    ).first()
    if credential is None or _is_first(credential):
        return
    user_id = link.viewer.platform_user_id
    with transaction.atomic():
        running = _running(credential)
        if running is None:
            if _turn_of(credential.pk) is None:
                return
            # Another one may have been begun while this one waited for its turn.
            running = _running(credential)
        running = running or Sweep.objects.create(credential=credential, narrow=True, started_at=now)
        add_parts(running, Narrowed.USER, [user_id], now=now)


def _running(credential: PlatformCredential) -> Sweep | None:
    """Return the sweep that runs, locked: it does not end before this transaction does."""
    rows = Sweep.objects.select_for_update(of=("self",), no_key=True)
    return rows.filter(credential=credential, finished_at=None).first()


def _turn_of(credential_id: str) -> PlatformCredential | None:
    """Lock a credential, and return it if it is switched on. Whoever begins a sweep has its turn first: one runs at a time.

    Without its secrets: one that cannot be decrypted is to be told by who calls with it, and to keep no other waiting.
    """
    rows = PlatformCredential.objects.select_for_update(of=("self",), no_key=True)
    plain = ("organization", "platform", "enabled")
    return rows.filter(pk=credential_id, enabled=True).only(*plain).first()


def add_parts(sweep: Sweep, narrowed: Narrowed, values: Iterable[str], *, now: datetime) -> int:
    """Have these lists read in the sweep too, each once; return how many there are."""
    api = platforms.get(sweep.credential.platform).claims_api
    size = api.page_size if api is not None else 1
    parts = [
        SweepPart(sweep=sweep, narrowed=narrowed.value, value=value, size=size, due_at=now)
        for value in dict.fromkeys(values)
    ]
    SweepPart.objects.bulk_create(parts, ignore_conflicts=True, batch_size=500)
    return len(parts)


def stop(sweep: Sweep, *, now: datetime) -> None:
    """End a sweep before its end: what it has entered stays."""
    SweepPart.objects.filter(sweep=sweep, due_at__isnull=False).update(due_at=None, outcome=SweepPart.Outcome.STOPPED)
    Sweep.objects.filter(pk=sweep.pk, finished_at=None).update(finished_at=now, stopped=True)


def stop_hopeless(*, now: datetime) -> int:
    """Stop the sweeps of credentials that were switched off meanwhile, and those that find no end; return how many.

    A platform's cursors may lead round in a circle: what is listed was entered all the same, and the next sweep begins anew.
    """
    hopeless = Q(credential__enabled=False) | Q(started_at__lte=now - LONGEST)
    running = list(Sweep.objects.filter(hopeless, finished_at=None))
    for sweep in running:
        with transaction.atomic():
            stop(sweep, now=now)
    return len(running)


def _is_first(credential: PlatformCredential) -> bool:
    """Whether no full sweep of the credential has come to its end yet."""
    return not Sweep.objects.filter(credential=credential, full=True, stopped=False, finished_at__isnull=False).exists()


def _begin(credential: PlatformCredential, *, full: bool, actor: User | None, now: datetime) -> Sweep:
    sweep = Sweep.objects.create(credential=credential, full=full, asked_by=actor, started_at=now)
    add_parts(sweep, Narrowed.ALL, [""], now=now)
    return sweep
