"""Which organizations a member of staff works in, which one is active (I5), and what they may do there (S1)."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.models import Membership, Organization, User
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

    Looked up once a request.
    """
    cached: Organization | str | None = getattr(request, "_active_organization", "unknown")
    if not isinstance(cached, str):
        return cached
    mine = organizations_of(request.user).order_by("name")
    chosen = request.session.get(SESSION_KEY)
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


def role_of(user: User | AnonymousUser, organization: Organization) -> Role | None:
    """Return this person's role in an organization, None for strangers. Remembered on the user for one request."""
    if not user.is_authenticated:
        return None
    roles: dict[str, str] | None = getattr(user, "_roles", None)
    if roles is None:
        roles = dict(Membership.objects.filter(user_id=user.pk).values_list("organization_id", "role"))
        user._roles = roles  # type: ignore[attr-defined]
    role = roles.get(organization.pk)
    return Role(role) if role else None


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
