"""Importing codes into a pool (D8): read line by line, compared with what is there, shown, and only then stored.

What was read waits encrypted in a :class:`CodeImport` until somebody says yes. Storing goes in short transactions, so that
nothing else waits for a hundred thousand codes; killed at any moment, the same press goes on where it was.
"""

from __future__ import annotations

import csv
import hmac
import itertools
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TypeVar

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from fulfillment.models import CodeImport, CodeKey, CodePool, RewardCode
from fulfillment.rules.stock import problem_of, suffix_of
from fulfillment.waiting import let_waiting_go_on
from portal import audit
from portal.encryption import encrypt
from portal.models import Organization, User
from portal.sentences import Sentence

MOST_BYTES = 10 * 1024 * 1024
MOST_CODES = 1_000_000
"""So many codes a pool holds, all states together."""

LINES_NAMED = 50
_STORED_AT_ONCE = 2000
_COMPARED_AT_ONCE = 5000
_DELIMITERS = ("\t", ";")

T = TypeVar("T")


class ImportRefused(Exception):
    """Nothing was read; ``sentence`` says why."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(slots=True)
class Found:
    """What an import found. The lists name the first ``LINES_NAMED`` lines of their kind, counted from 1.

    ``twice``: the line, and the earlier one with the same code. ``bad``: the line, and a code of
    :class:`fulfillment.rules.stock.BadLine`. ``in_pool`` and ``elsewhere`` are known already: in this pool, and in others of
    the organization, whose names are in ``pools``.
    """

    new: int = 0
    twice_count: int = 0
    twice: list[tuple[int, int]] = field(default_factory=list)
    bad_count: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)
    in_pool_count: int = 0
    in_pool: list[int] = field(default_factory=list)
    elsewhere_count: int = 0
    elsewhere: list[int] = field(default_factory=list)
    pools: list[str] = field(default_factory=list)


def read_import(*, pool: CodePool, lines: Iterable[str], actor: User, now: datetime) -> CodeImport:
    """Read codes, one a line or in the column *code* of a CSV file, and keep what is new until it is confirmed.

    Raises:
        ImportRefused: there is no code in it, it is not UTF-8, or the pool would hold too many.
    """
    found = Found()
    codes = _codes(lines, pool.organization, found)
    if not codes and not found.bad_count:
        raise ImportRefused(Sentence(_("There is no code in it. Put one code on each line.")))
    fresh = _leave_out_known(codes, pool, found)
    found.new = len(fresh)
    if pool.codes.count() + found.new > MOST_CODES:
        raise ImportRefused(
            Sentence(_("A pool holds at most %(most)s codes. Make another pool."), {"most": f"{MOST_CODES:,}"})
        )
    return CodeImport.objects.create(
        pool=pool, codes="\n".join(fresh), found=asdict(found), actor=actor, created_at=now
    )


def confirm_import(*, waiting: CodeImport, actor: User, now: datetime) -> int:
    """Store the codes of an import and return how many are new. Doing it again, or twice at once, stores none twice.

    Claims that wait for a code go on by themselves with it.
    """
    pool = waiting.pool
    stored = sum(_store(pool, part, now=now) for part in _parts(waiting.codes.split("\n")))
    with transaction.atomic():
        if CodeImport.objects.filter(pk=waiting.pk).delete()[0]:
            audit.record(
                actor=actor,
                action="imported codes",
                obj=pool,
                organization=pool.organization,
                after={"codes": stored, **{name: waiting.found.get(name, 0) for name in _COUNTS}},
                now=now,
            )
        let_waiting_go_on(now=now, reward_id=pool.reward_id)
    return stored


_COUNTS = ("twice_count", "bad_count", "in_pool_count", "elsewhere_count")


def fingerprint_key(organization: Organization) -> bytes:
    """Return the key of an organization's hashes of codes, made at the first need."""
    row, _made = CodeKey.objects.get_or_create(
        organization=organization, defaults={"secret": secrets.token_urlsafe(32)}
    )
    return row.secret.encode()


def fingerprint(key: bytes, code: str) -> str:
    """Return the hash by which a code is known without being readable: 128 bits."""
    return hmac.digest(key, code.encode(), "sha256")[:16].hex()


def _codes(lines: Iterable[str], organization: Organization, found: Found) -> dict[str, tuple[str, int]]:
    """Return the codes by their hashes, each with its line; note what is no code and what comes twice."""
    key = fingerprint_key(organization)
    codes: dict[str, tuple[str, int]] = {}
    for line, code in _cells(lines):
        problem = problem_of(code)
        if problem is not None:
            found.bad_count += 1
            _name(found.bad, (line, problem.value))
            continue
        print_ = fingerprint(key, code)
        if print_ in codes:
            found.twice_count += 1
            _name(found.twice, (line, codes[print_][1]))
        else:
            codes[print_] = (code, line)
    return codes


def _cells(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield what stands in the column of codes, with its line. Empty lines are passed over."""
    source = iter(lines)
    try:
        first = next(source, "").removeprefix("\ufeff")
        delimiter = next((one for one in _DELIMITERS if one in first), ",")
        rows = csv.reader(itertools.chain([first], source), delimiter=delimiter)
        column = 0
        for number, row in enumerate(rows, start=1):
            names = [cell.strip().casefold() for cell in row]
            if number == 1 and "code" in names:
                column = names.index("code")
                continue
            if any(names):
                yield rows.line_num, row[column].strip() if column < len(row) else ""
    except UnicodeDecodeError:
        raise ImportRefused(Sentence(_("This is not text in UTF-8. Save the file as CSV in UTF-8."))) from None
    except csv.Error:
        raise ImportRefused(Sentence(_("This is no CSV: a line or a cell of it is far too long."))) from None


def _leave_out_known(codes: dict[str, tuple[str, int]], pool: CodePool, found: Found) -> list[str]:
    known: dict[str, str] = {}
    for part in _parts(list(codes), _COMPARED_AT_ONCE):
        rows = RewardCode.objects.filter(organization=pool.organization_id, fingerprint__in=part)
        known.update(rows.values_list("fingerprint", "pool_id"))
    others = set()
    for print_ in (one for one in codes if one in known):
        if known[print_] == pool.pk:
            found.in_pool_count += 1
            _name(found.in_pool, codes[print_][1])
        else:
            others.add(known[print_])
            found.elsewhere_count += 1
            _name(found.elsewhere, codes[print_][1])
    found.pools = sorted(CodePool.objects.filter(pk__in=others).values_list("name", flat=True))
    return [code for print_, (code, _line) in codes.items() if print_ not in known]


def _store(pool: CodePool, codes: Sequence[str], *, now: datetime) -> int:
    """Store so many codes, those that are there already left out; return how many were new.

    By a statement of our own: instances would cost more than the encryption.
    """
    key = fingerprint_key(pool.organization)
    moment = connection.ops.adapt_datetimefield_value(now)
    columns = ("pool_id", "organization_id", "value", "fingerprint", "suffix", "state", "imported_at", "shown_times")
    row = f"({', '.join(['%s'] * len(columns))})"
    values = [
        value
        for code in codes
        for value in (
            *(pool.pk, pool.organization_id, encrypt(code), fingerprint(key, code), suffix_of(code)),
            *(RewardCode.State.FREE.value, moment, 0),
        )
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {RewardCode._meta.db_table} ({', '.join(columns)}) "  # noqa: S608 - names of our own only
            f"VALUES {', '.join([row] * len(codes))} ON CONFLICT (organization_id, fingerprint) DO NOTHING",
            values,
        )
        return int(cursor.rowcount)


def _parts(codes: Sequence[str], size: int = _STORED_AT_ONCE) -> Iterator[Sequence[str]]:
    """Yield the codes part by part; nothing where there is none."""
    full = [code for code in codes if code]
    for start in range(0, len(full), size):
        yield full[start : start + size]


def _name(named: list[T], one: T) -> None:
    if len(named) < LINES_NAMED:
        named.append(one)
