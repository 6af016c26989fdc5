"""Members of an organization: their role and games, their leaving, and what owners do about their sign-in (S1)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal import audit
from portal.models import AuditEntry, Invitation, Membership, Organization, User
from portal.reach import entered_games
from portal.roles import Role

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""What counts as a second factor; recovery codes only stand in for one."""

LEFT, REMOVED = "left", "removed member"
_READ_BACK = 1_000
"""So many entries of the trail about an organization, the newest, are read for who left it."""


class Refused(Exception):
    """Something about members is not possible; ``sentence`` says why, and what to do."""

    def __init__(self, sentence: str | Promise) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


def renew_staff_status(user_ids: Iterable[int]) -> None:
    """Let exactly those of these users into the admin who are a member of an organization, or the administrator."""
    users = User.objects.filter(pk__in=set(user_ids)).annotate(
        member=Exists(Membership.objects.filter(user_id=OuterRef("pk")))
    )
    users.filter(Q(member=True) | Q(is_superuser=True), is_staff=False).update(is_staff=True)
    users.filter(member=False, is_superuser=False, is_staff=True).update(is_staff=False)


def lock_members(organization_id: str) -> Organization:
    """Return the organization, its members kept as they are by the lock until the caller's transaction ends."""
    return Organization.objects.select_for_update(no_key=True).get(pk=organization_id)


def change_member(
    *, membership: Membership, role: Role, all_games: bool, game_ids: Iterable[str], actor: User, now: datetime
) -> Membership:
    """Give a member another role or other games. Owners always have all games.

    Raises:
        Refused: nobody would be owner any more.
        Membership.DoesNotExist: the person left meanwhile.
    """
    with transaction.atomic():
        organization = lock_members(membership.organization_id)
        stored = Membership.objects.select_related("user").get(pk=membership.pk)
        if role is not Role.OWNER:
            _keep_an_owner(organization, without=stored)
        before = told(stored)
        stored.role, stored.all_games = role.value, all_games or role is Role.OWNER
        stored.save(update_fields=["role", "all_games"])
        entered_games().set_for_member(stored.pk, () if stored.all_games else game_ids)
        if role is not Role.OWNER:
            _withdraw_invitations_of(organization, stored.user, now=now)
        after = told(stored)
        if after != before:
            audit.record(
                actor=actor,
                action="changed member",
                obj=organization,
                organization=organization,
                before=before,
                after=after,
                now=now,
            )
    return stored


def remove_member(*, membership: Membership, actor: User, reason: str = "", now: datetime) -> None:
    """End a membership at once: it opens nothing any more, and the person's sessions end. Also one's own.

    Invitations that the person made and nobody accepted are withdrawn.

    Raises:
        Refused: nobody would be owner any more.
        Membership.DoesNotExist: the person left meanwhile.
    """
    with transaction.atomic():
        organization = lock_members(membership.organization_id)
        stored = Membership.objects.select_related("user").get(pk=membership.pk)
        _keep_an_owner(organization, without=stored)
        before, user = told(stored), stored.user
        stored.delete()
        _withdraw_invitations_of(organization, user, now=now)
        renew_staff_status([user.pk])
        if actor.pk != user.pk:
            end_sessions(user)
        audit.record(
            actor=actor,
            action=LEFT if actor.pk == user.pk else REMOVED,
            obj=organization,
            organization=organization,
            before=before,
            reason=reason,
            now=now,
        )


def former_members(organization: Organization) -> QuerySet[User]:
    """Return those who left or were removed, as far as the newest entries of the trail about the organization tell."""
    about = AuditEntry.objects.filter(object_type=organization._meta.label_lower, object_id=str(organization.pk))
    newest = about.order_by("-at").values("pk")[:_READ_BACK]
    ended = AuditEntry.objects.filter(pk__in=newest, action__in=[LEFT, REMOVED]).values_list("before", flat=True)
    return User.objects.filter(username__in={before.get("member", "") for before in ended})


def end_sessions(user: User) -> int:
    """Sign a person out everywhere, and return how many sessions that were."""
    sessions = list(UserSession.objects.filter(user=user))
    for session in sessions:
        session.end()
    return len(sessions)


def end_sessions_of_member(*, membership: Membership, actor: User, reason: str, now: datetime) -> int:
    """Sign a member out everywhere, with the reason in the trail, and return how many sessions that were."""
    with transaction.atomic():
        ended = end_sessions(membership.user)
        audit.record(
            actor=actor,
            action="ended sessions of member",
            obj=membership.organization,
            organization=membership.organization,
            after={"member": membership.user.get_username(), "sessions": ended},
            reason=reason,
            now=now,
        )
    return ended


def why_not_reset(*, membership: Membership, actor: User) -> str | Promise | None:
    """Return why this person may not take the member's second factor away; None if they may.

    It protects all that the account opens, so an owner decides over it only where that is their organization alone.
    """
    if membership.user_id == actor.pk:
        return _("Your own second factor you change yourself, on the pages of your account.")
    if actor.is_superuser:
        return None
    if membership.user.is_superuser:
        return _("This person administers the portal. Another administrator has to do it.")
    if Membership.objects.filter(user=membership.user_id).exclude(pk=membership.pk).exists():
        return _("This person is a member of another organization too. The portal's administrator has to do it.")
    return None


def reset_second_factor(*, membership: Membership, actor: User, reason: str, now: datetime) -> None:
    """Take away a member's authenticator app, keys and recovery codes, and sign them out everywhere.

    For somebody who has lost them: with the password alone they get in again, and are led to add new ones where that is
    demanded.

    Raises:
        Refused: this is not for ``actor`` to do.
    """
    refusal = why_not_reset(membership=membership, actor=actor)
    if refusal is not None:
        raise Refused(refusal)
    with transaction.atomic():
        kinds = sorted(Authenticator.objects.filter(user=membership.user_id).values_list("type", flat=True))
        Authenticator.objects.filter(user=membership.user_id).delete()
        ended = end_sessions(membership.user)
        audit.record(
            actor=actor,
            action="reset second factor of member",
            obj=membership.organization,
            organization=membership.organization,
            before={"member": membership.user.get_username(), "factors": kinds},
            after={"member": membership.user.get_username(), "factors": [], "sessions": ended},
            reason=reason,
            now=now,
        )


def require_second_factor(*, organization: Organization, required: bool, actor: User, now: datetime) -> bool:
    """Demand a second factor of the organization's members, or no longer. Returns whether that changed anything."""
    with transaction.atomic():
        rows = Organization.objects.filter(pk=organization.pk).exclude(require_second_factor=required)
        if not rows.update(require_second_factor=required):
            return False
        audit.record(
            actor=actor,
            action="changed",
            obj=organization,
            organization=organization,
            before={"require_second_factor": not required},
            after={"require_second_factor": required},
            now=now,
        )
    organization.require_second_factor = required
    return True


def with_second_factor(user_ids: Iterable[int]) -> frozenset[int]:
    """Return which of these users have an authenticator app or a passkey."""
    factors = Authenticator.objects.filter(user__in=list(user_ids), type__in=FACTORS)
    return frozenset(factors.values_list("user_id", flat=True))


def told(membership: Membership) -> dict[str, Any]:
    """Return what the trail tells of a member."""
    games: list[str] | str = "all"
    if not membership.all_games:
        mine = entered_games().of_members([membership.pk])[membership.pk]
        games = [name for game, name in entered_games().named(membership.organization_id) if game in mine]
    return {"member": membership.user.get_username(), "role": str(membership.role), "games": games}


def _keep_an_owner(organization: Organization, *, without: Membership) -> None:
    if without.role != Role.OWNER:
        return
    owners = Membership.objects.filter(organization=organization, role=Role.OWNER, user__is_active=True)
    if not owners.exclude(pk=without.pk).exists():
        raise Refused(_("An organization needs an owner, and there is no other. Make somebody else owner first."))


def _withdraw_invitations_of(organization: Organization, user: User, *, now: datetime) -> None:
    """Withdraw what somebody who is no owner any more had made: they may know the links."""
    waiting = Invitation.objects.filter(organization=organization, made_by=user, accepted_at=None, withdrawn_at=None)
    waiting.update(withdrawn_at=now)
