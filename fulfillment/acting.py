"""How staff act on claims (F3, S5): the rows are locked, what fits is taken, and history and audit trail are written with it.

:mod:`fulfillment.claims` has the operations that are made of this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fulfillment.ledger import lock_claims
from fulfillment.models import Claim, ClaimEvent
from fulfillment.rules.codes import Action
from fulfillment.wake import announce_work
from portal import audit
from portal.models import Organization, User
from portal.sentences import Sentence


class NotPossible(Exception):
    """The claim is not in a state in which this can be done, or something is missing; the text says why, for people."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


@dataclass(slots=True)
class Outcome:
    """What became of each claim: the ids of those that were changed, and why the others were not."""

    done: list[str] = field(default_factory=list)
    refused: dict[str, Sentence] = field(default_factory=dict)


def demanded(reason: str) -> str:
    """Return a reason without the blanks around it.

    Raises:
        NotPossible: there is none.
    """
    if not reason.strip():
        raise NotPossible(Sentence(_("Give a reason: it is kept in the claim's history.")))
    return reason.strip()


@contextmanager
def acting(
    claim_ids: Iterable[str], action: Action, *, actor: User | None, now: datetime, reason: str
) -> Iterator[Act]:
    """Lock the claims for one operation, and when it is through write the audit trail, all in one transaction."""
    with transaction.atomic():
        act = Act(lock_claims(set(claim_ids)), action, actor=actor, now=now, reason=reason)
        yield act
        act.audit()


class Act:
    """One operation of one person on some claims: which fit, and what is written about it."""

    def __init__(self, claims: list[Claim], action: Action, *, actor: User | None, now: datetime, reason: str) -> None:
        self.outcome = Outcome()
        self._rest = claims
        self._action, self._actor, self._now, self._reason = action, actor, now, reason
        self._taken: list[tuple[Claim, dict[str, Any]]] = []

    def take(self, fits: Callable[[Claim], bool]) -> list[Claim]:
        """Return those of the claims not taken yet that fit."""
        taken = [claim for claim in self._rest if fits(claim)]
        self._rest = [claim for claim in self._rest if not fits(claim)]
        self._taken += [(claim, audit.snapshot(claim)) for claim in taken]
        self.outcome.done += [claim.pk for claim in taken]
        return taken

    def refuse_rest(self, why: Any) -> None:
        """Say of the claims that did not fit why."""
        self.outcome.refused |= {claim.pk: Sentence(why) for claim in self._rest}

    def demand(self, claims: Sequence[Claim], why: Any) -> None:
        """Raise ``NotPossible`` unless there is a claim."""
        if not claims:
            raise NotPossible(Sentence(why))

    def write(self, claims: Sequence[Claim], **values: Any) -> None:
        """Write these columns of the locked rows."""
        Claim.objects.filter(pk__in=[claim.pk for claim in claims]).update(**values)
        for claim in claims:
            for name, value in values.items():
                setattr(claim, name, value)

    def mark(self, claims: Sequence[Claim]) -> None:
        """Have these claims worked out."""
        self.write(claims, resolve_at=self._now)
        announce_work()

    def note(self, claims: Sequence[Claim]) -> None:
        """Write into the history of claims that did not move what was done about them."""
        ClaimEvent.objects.bulk_create(
            [
                ClaimEvent(
                    claim=claim,
                    at=self._now,
                    from_state=claim.state,
                    to_state=claim.state,
                    reason=claim.reason,
                    detail=f"{self._action}: {self._reason}"[:500] if self._reason else str(self._action),
                    actor=self._actor,
                    actor_label=str(self._actor)[:150] if self._actor else "portal",
                )
                for claim in claims
            ]
        )

    def audit(self) -> None:
        """Write what a person did into the audit trail."""
        if self._actor is None:
            return
        organizations = Organization.objects.in_bulk({claim.organization_id for claim, _before in self._taken})
        for claim, before in self._taken:
            audit.record(
                actor=self._actor,
                action=self._action.value,
                obj=claim,
                organization=organizations[claim.organization_id],
                before=before,
                after=audit.snapshot(claim),
                reason=self._reason,
                now=self._now,
            )
