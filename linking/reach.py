"""Which viewers a member of only some games reaches by their links (S1)."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from linking.models import Link


def viewers_with_links(games: frozenset[str]) -> Q:
    """Say which viewers the games reach: who is, or was, linked with one of them."""
    return Q(Exists(Link.objects.filter(viewer=OuterRef("pk"), game__in=games)))
