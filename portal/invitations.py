"""Invitations to an organization: made, sent again, withdrawn, accepted (S1). The link's token is the proof."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal import audit
from portal.members import Refused, lock_members, renew_staff_status, told
from portal.models import Invitation, Membership, Organization, User
from portal.reach import entered_games
from portal.roles import Role
from portal.tokens import hash_token, new_token

LASTS = timedelta(days=7)
OPEN_AT_MOST = 200
"""So many invitations of one organization wait at most."""


class Standing(StrEnum):
    """How it stands with an invitation."""

    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


def standing_of(invitation: Invitation, *, now: datetime) -> Standing:
    """Return how it stands with an invitation: it expires at the very moment of ``expires_at``."""
    if invitation.accepted_at is not None:
        return Standing.ACCEPTED
    if invitation.withdrawn_at is not None:
        return Standing.WITHDRAWN
    return Standing.OPEN if invitation.is_open(now) else Standing.EXPIRED


def link_to(token: str) -> str:
    """Return the address that the invited person opens."""
    return f"{settings.BASE_URL}{reverse('invitation', args=[token])}"


def invite(
    *,
    organization: Organization,
    email: str,
    role: Role,
    all_games: bool,
    game_ids: Iterable[str],
    actor: User,
    now: datetime,
) -> tuple[Invitation, str]:
    """Invite somebody, and return the invitation with the token of its link, which is kept nowhere.

    An invitation of the same address that waits is replaced: its link ends. Owners always have all games.

    Raises:
        Refused: an account with this address is a member already, or too many invitations wait.
    """
    email, all_games = email.strip(), all_games or role is Role.OWNER
    token = new_token()
    games = {game for game, _name in entered_games().named(organization.pk)} & set(game_ids)
    values = {
        "email": email,
        "role": role.value,
        "all_games": all_games,
        "game_ids": [] if all_games else sorted(games),
        "token_hash": hash_token(token),
        "made_by": actor,
        "made_by_label": str(actor)[:150],
        "made_at": now,
        "expires_at": now + LASTS,
    }
    with transaction.atomic():
        lock_members(organization.pk)
        if Membership.objects.filter(organization=organization, user__email__iexact=email).exists():
            raise Refused(_("A member has this e-mail address already. Change the role in the list of members."))
        waiting = Invitation.objects.filter(organization=organization, accepted_at=None, withdrawn_at=None)
        invitation = waiting.filter(email__iexact=email).first()
        if invitation is None and waiting.count() >= OPEN_AT_MOST:
            raise Refused(_("Too many invitations wait. Withdraw some of them first."))
        invitation = invitation or Invitation(organization=organization)
        for name, value in values.items():
            setattr(invitation, name, value)
        invitation.save()
        _record(invitation, actor, "invited", now=now)
    return invitation, token


def renew(*, invitation: Invitation, actor: User, now: datetime) -> tuple[Invitation, str]:
    """Give an invitation that waits, or has expired, a new link and its time anew; the link before ends.

    Raises:
        Refused: it was accepted or withdrawn meanwhile.
    """
    token = new_token()
    with transaction.atomic():
        waiting = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
        changed = waiting.update(
            token_hash=hash_token(token),
            made_by=actor,
            made_by_label=str(actor)[:150],
            made_at=now,
            expires_at=now + LASTS,
        )
        if not changed:
            raise Refused(_("This invitation was accepted or withdrawn meanwhile."))
        invitation.refresh_from_db()
        _record(invitation, actor, "invited again", now=now)
    return invitation, token


def withdraw(*, invitation: Invitation, actor: User, now: datetime) -> bool:
    """End an invitation that waits, so that its link opens nothing. Returns whether it still waited."""
    with transaction.atomic():
        waiting = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
        if not waiting.update(withdrawn_at=now):
            return False
        _record(invitation, actor, "withdrew invitation", now=now)
    return True


def find(token: str) -> Invitation | None:
    """Return the invitation that a link's token belongs to."""
    found = Invitation.objects.filter(token_hash=hash_token(token)).select_related("organization", "made_by")
    return found.first()


def accept(*, invitation: Invitation, user: User, now: datetime) -> Membership:
    """Make a signed-in person, whatever their address, the member that an invitation asks for. Only one person, once.

    Raises:
        Refused: the person is a member already, or the invitation does not wait any more.
    """
    with transaction.atomic():
        organization = lock_members(invitation.organization_id)
        if Membership.objects.filter(organization=organization, user=user).exists():
            raise Refused(_("You are a member of this organization already."))
        waiting = Invitation.objects.filter(
            pk=invitation.pk,
            token_hash=invitation.token_hash,
            accepted_at=None,
            withdrawn_at=None,
            expires_at__gt=now,
        )
        if not waiting.update(accepted_at=now, accepted_by=user):
            raise Refused(_("This invitation was used, withdrawn or replaced meanwhile. Ask for a new one."))
        membership = Membership.objects.create(
            organization=organization, user=user, role=invitation.role, all_games=invitation.all_games
        )
        if not invitation.all_games:
            entered_games().set_for_member(membership.pk, invitation.game_ids)
        renew_staff_status([user.pk])
        audit.record(
            actor=user,
            action="accepted invitation",
            obj=organization,
            organization=organization,
            after={**told(membership), "invited": invitation.email, "invited_by": invitation.made_by_label},
            now=now,
        )
    return membership


def _record(invitation: Invitation, actor: User, action: str, *, now: datetime) -> None:
    games = "all" if invitation.all_games else invitation.game_ids
    audit.record(
        actor=actor,
        action=action,
        obj=invitation.organization,
        organization=invitation.organization,
        after={"invited": invitation.email, "role": invitation.role, "games": games},
        now=now,
    )
