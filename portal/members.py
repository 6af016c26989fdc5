"""Members of an organization: finding the person, and letting them into the admin (S1)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q

from portal.models import Membership, User


def find_user(name: str) -> User | None:
    """Return the active user with this username, or else with this e-mail address; None if there is none."""
    name = name.strip()
    if not name:
        return None
    active = User.objects.filter(is_active=True)
    return (
        active.filter(username__iexact=name).order_by("pk").first()
        or active.filter(email__iexact=name).order_by("pk").first()
    )


def renew_staff_status(user_ids: Iterable[int]) -> None:
    """Let exactly those of these users into the admin who are a member of an organization, or the administrator."""
    users = User.objects.filter(pk__in=set(user_ids)).annotate(
        member=Exists(Membership.objects.filter(user_id=OuterRef("pk")))
    )
    users.filter(Q(member=True) | Q(is_superuser=True), is_staff=False).update(is_staff=True)
    users.filter(member=False, is_superuser=False, is_staff=True).update(is_staff=False)
