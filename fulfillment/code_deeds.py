"""What is done with a code once it is in a pool (D8): looked at by its player or by staff, sent again, revoked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fulfillment.acting import NotPossible, demanded
from fulfillment.ledger import Move, lock_claims, move_claims
from fulfillment.models import Claim, ClaimEvent, CodePool, RewardCode
from fulfillment.rules.codes import BY_CODE, Code
from fulfillment.rules.states import DONE, State
from portal import audit
from portal.models import User
from portal.sentences import Sentence


class NoCode(Exception):
    """There is no code to be seen: the claim has none, not yet or no longer, or it is another player's."""


@dataclass(frozen=True, slots=True)
class Revealed:
    """A code as its player sees it."""

    value: str
    label: str
    instructions: str


def has_code_for(claim: Claim, user: User) -> bool:
    """Whether this person may look at the code of a claim, which comes with its player: the game account is theirs."""
    mine = claim.player is not None and claim.player.user_id == user.pk
    return mine and claim.state in DONE and claim.reason in BY_CODE


def reveal_code(*, claim_id: str, user: User, now: datetime) -> Revealed:
    """Show a player the code of their claim. The first time is written into the claim's history; each time is counted.

    Pressing twice, or on two devices at once, shows the same code. Where no platform is to be told of the delivery any more the
    claim is confirmed with it.

    Raises:
        NoCode: the claim has none, or is not this person's.
    """
    with transaction.atomic():
        claim = next(iter(lock_claims([claim_id])), None)
        if claim is None or not has_code_for(claim, user):
            raise NoCode
        code = RewardCode.objects.select_for_update(of=("self",)).select_related("pool").filter(claim=claim).first()
        if code is None:
            raise NoCode
        if code.state == RewardCode.State.ASSIGNED:
            code.state, code.revealed_at = RewardCode.State.REVEALED, now
            _tell(claim, user, now)
        code.shown_at, code.shown_times = now, code.shown_times + 1
        code.save(update_fields=["state", "revealed_at", "shown_at", "shown_times"])
        return Revealed(code.value, code.pool.label, code.pool.instructions)


def _tell(claim: Claim, user: User, now: datetime) -> None:
    """Write that the player saw the code. A platform that is still to be told confirms the claim later itself (F6)."""
    if claim.state == State.DELIVERED and claim.write_back_at is None:
        move_claims([Move(claim, State.CONFIRMED, Code.CODE_REVEALED)], now=now, actor=user)
        return
    Claim.objects.filter(pk=claim.pk).update(reason=Code.CODE_REVEALED.value)
    ClaimEvent.objects.create(
        claim=claim,
        at=now,
        from_state=claim.state,
        to_state=claim.state,
        reason=Code.CODE_REVEALED.value,
        actor=user,
        actor_label=str(user)[:150],
    )


def read_code(*, code: RewardCode, actor: User, reason: str, now: datetime) -> str:
    """Return a code's value to a member of staff, which is written down with its reason; nothing else changes.

    Raises:
        NotPossible: no reason was given.
    """
    given = demanded(reason)
    with transaction.atomic():
        read = RewardCode.objects.get(pk=code.pk)
        audit.record(
            actor=actor,
            action="looked at code",
            obj=read,
            organization=read.organization,
            after={"state": read.state, "claim": read.claim_id or ""},
            reason=given,
            now=now,
        )
    return read.value


def revoke_codes(
    *, pool: CodePool, actor: User, reason: str, now: datetime, code_ids: Collection[int] | None = None
) -> int:
    """Take free codes out of a pool for good, by default all of them; return how many. What a claim has is left alone.

    Raises:
        NotPossible: no reason was given.
    """
    given = demanded(reason)
    free = pool.codes.filter(state=RewardCode.State.FREE)
    if code_ids is not None:
        free = free.filter(pk__in=code_ids)
    with transaction.atomic():
        # In key order, and past what is being given away at this moment.
        locked = free.select_for_update(skip_locked=True, of=("self",)).order_by("pk").values("pk")
        revoked = RewardCode.objects.filter(pk__in=locked, state=RewardCode.State.FREE).update(
            state=RewardCode.State.REVOKED, revoked_at=now
        )
        if revoked:
            audit.record(
                actor=actor,
                action="revoked codes",
                obj=pool,
                organization=pool.organization,
                after={"codes": revoked},
                reason=given,
                now=now,
            )
    return revoked


def seen_by_their_players(claim_ids: Iterable[str]) -> set[str]:
    """Return which of these claims have a code that was shown to a player: it cannot be taken back."""
    seen = RewardCode.objects.filter(claim__in=list(claim_ids), revealed_at__isnull=False)
    return set(seen.values_list("claim_id", flat=True))


def set_aside(claim: Claim) -> None:
    """Have a delivered claim's code given to it anew, the same one. The claim is locked, and worked out by the caller's mark.

    Raises:
        NotPossible: the player has seen it, or the claim has no code any more.
    """
    codes = RewardCode.objects.select_for_update(of=("self",)).filter(claim=claim)
    code = codes.only("state", "revealed_at").first()
    if code is None:
        raise NotPossible(Sentence(_("Its code went back to the pool when the person's data was erased.")))
    if code.revealed_at is not None:
        raise NotPossible(
            Sentence(_("The player has seen the code and finds it beside the reward: there is nothing to send again."))
        )
    RewardCode.objects.filter(pk=code.pk).update(state=RewardCode.State.RESERVED)
