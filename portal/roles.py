"""Who may do what in an organization (S1): the one table, asked everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a member is in one organization."""

    OWNER = "owner"
    PRODUCER = "producer"
    SUPPORT = "support"
    ANALYST = "analyst"


class Permission(StrEnum):
    """What a member may be allowed to do; one for each row of the table."""

    SEE_CAMPAIGNS = "see_campaigns"
    """See campaigns and totals."""
    SEE_PEOPLE = "see_people"
    """See players, links and claims with their identifiers."""
    SEE_PEOPLE_MASKED = "see_people_masked"
    """See players, links and claims, identifiers through `mask`; held by all who hold SEE_PEOPLE."""
    EDIT_CAMPAIGNS = "edit_campaigns"
    """Create and edit campaigns and rewards."""
    PUBLISH = "publish"
    """Publish, pause and cancel campaigns."""
    MEND = "mend"
    """Retry, release, map; unlink on request."""
    BULK = "bulk"
    """Grant by hand, bulk actions, export of personal data."""
    MANAGE = "manage"
    """Credentials, endpoints, API clients, members."""


_SEE = frozenset({Permission.SEE_CAMPAIGNS, Permission.SEE_PEOPLE, Permission.SEE_PEOPLE_MASKED})
_PRODUCE = _SEE | {Permission.EDIT_CAMPAIGNS, Permission.MEND, Permission.BULK}

_TABLE: Mapping[Role, frozenset[Permission]] = {
    Role.OWNER: _PRODUCE | {Permission.PUBLISH, Permission.MANAGE},
    Role.PRODUCER: _PRODUCE,
    Role.SUPPORT: _SEE | {Permission.MEND},
    Role.ANALYST: frozenset({Permission.SEE_CAMPAIGNS, Permission.SEE_PEOPLE_MASKED}),
}

_MASK = "••••••"
_KEPT = 2
_SHORTEST_KEPT = 6


def allows(role: Role | str, permission: Permission | str, *, producers_may_publish: bool) -> bool:
    """Whether a member with `role` may do `permission`, as the table S1 says cell by cell.

    `producers_may_publish` is the organization's setting ("if the owner allows"); it changes one cell only.
    Raises ValueError for a role or permission that does not exist.
    """
    role, permission = Role(role), Permission(permission)
    if role is Role.PRODUCER and permission is Permission.PUBLISH:
        return producers_may_publish
    return permission in _TABLE[role]


def mask(identifier: str) -> str:
    """The identifier as an analyst sees it: at most its first two characters, then always the same dots.

    The same identifier always gives the same mask, and the mask tells nothing about the length. One of
    fewer than six characters is hidden whole, since two of four would be half of it; an empty one stays empty.
    """
    if not identifier:
        return ""
    return (identifier[:_KEPT] if len(identifier) >= _SHORTEST_KEPT else "") + _MASK
