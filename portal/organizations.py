"""Which organizations a member of staff works in, which one is active (I5), and what they may do there (S1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.models import Membership, Organization, User
from portal.reach import entered_games
from portal.roles import Permission, Role, allows

SESSION_KEY = "active_organization"


def organizations_of(user: User | AnonymousUser) -> QuerySet[Organization]:
    """Return the organizations in which this person is a member; the portal's administrator sees all."""
    if not user.is_authenticated or not user.is_active:
        return Organization.objects.none()
    if user.is_superuser:
        return Organization.objects.all()
    return Organization.objects.filter(memberships__user=user)


def active_organization(request: HttpRequest) -> Organization | None:
    """Return the organization chosen in the admin, or the first by name; None for somebody who has none (I5).

    Looked up once a request; a member's with what the member is there, in one query.
    """
    cached: Organization | str | None = getattr(request, "_active_organization", "unknown")
    if not isinstance(cached, str):
        return cached
    chosen = request.session.get(SESSION_KEY)
    if request.user.is_authenticated and request.user.is_active and not request.user.is_superuser:
        known = standings_of(request.user)
        standing = (known.get(chosen) if chosen else None) or next(iter(known.values()), None)
        organization = standing.organization if standing else None
    else:
        mine = organizations_of(request.user).order_by("name")
        organization = (mine.filter(pk=chosen).first() if chosen else None) or mine.first()
    request._active_organization = organization  # type: ignore[attr-defined]
    return organization


def choose_organization(request: HttpRequest, organization_id: str) -> Organization:
    """Make one of the person's own organizations the active one.

    Raises:
        Organization.DoesNotExist: it is not one of theirs, or there is none with this id.
    """
    organization = organizations_of(request.user).get(pk=organization_id)
    request.session[SESSION_KEY] = organization.pk
    request._active_organization = organization  # type: ignore[attr-defined]
    return organization


@dataclass(frozen=True, slots=True)
class Standing:
    """What a member is in one organization: the row of :class:`Membership` that the checks read."""

    organization: Organization
    membership_id: int
    role: Role
    all_games: bool

    @property
    def second_factor(self) -> bool:
        """Whether the organization demands a second factor of its members."""
        return self.organization.require_second_factor


def standings_of(user: User) -> Mapping[str, Standing]:
    """Return what this person is in each of their organizations, by its id, in the order of the organizations' names.

    Remembered on the user for one request.
    """
    known: dict[str, Standing] | None = getattr(user, "_standings", None)
    if known is None:
        rows = Membership.objects.filter(user_id=user.pk).select_related("organization").order_by("organization__name")
        known = {row.organization_id: Standing(row.organization, row.pk, Role(row.role), row.all_games) for row in rows}
        user._standings = known  # type: ignore[attr-defined]
    return known


def role_of(user: User | AnonymousUser, organization: Organization) -> Role | None:
    """Return this person's role in an organization, None for strangers."""
    if not user.is_authenticated:
        return None
    standing = standings_of(user).get(organization.pk)
    return standing.role if standing else None


def games_of(user: User | AnonymousUser, organization: Organization | None) -> frozenset[str] | None:
    """Return the ids of the games that this person works on in an organization; None for all of them (S1).

    Closed by default: strangers, and members of only some games who were given none, have none. The portal's administrator
    has all. Remembered on the user for one request.
    """
    if organization is None or not user.is_authenticated:
        return frozenset()
    if user.is_superuser:
        return None
    standing = standings_of(user).get(organization.pk)
    if standing is None:
        return frozenset()
    if standing.all_games:
        return None
    known: dict[int, frozenset[str]] = getattr(user, "_games", {})
    if standing.membership_id not in known:
        known |= entered_games().of_members([standing.membership_id])
        user._games = known  # type: ignore[attr-defined]
    return known[standing.membership_id]


def game_scope(request: HttpRequest) -> frozenset[str] | None:
    """Return the ids of the games that the signed-in person works on in the active organization; None for all (S1).

    What does not scope by :func:`portal.admin_base.in_reach` asks here, and keeps to it with :func:`portal.reach.in_games`.
    """
    return games_of(request.user, active_organization(request))


def can(user: User | AnonymousUser, permission: Permission, organization: Organization | None) -> bool:
    """Say whether this person may do this in this organization (S1). The portal's administrator may do all."""
    if organization is None or not user.is_active:
        return False
    if user.is_superuser:
        return True
    role = role_of(user, organization)
    return role is not None and allows(role, permission, producers_may_publish=organization.producers_may_publish)


def may(request: HttpRequest, permission: Permission) -> bool:
    """Say whether the signed-in person may do this in the active organization."""
    return can(request.user, permission, active_organization(request))
