"""What a member of only some games reaches of claims' people, and of actions on many claims (S1)."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from fulfillment.models import Claim


def viewers_with_claims(games: frozenset[str]) -> Q:
    """Say which viewers the games reach: who claimed a reward of one of them."""
    return Q(Exists(Claim.objects.filter(viewer=OuterRef("pk"), game__in=games)))


def any_action(games: frozenset[str]) -> Q:
    """Say that an action on many claims has no game of its own: pages show a member of some games what they began."""
    return Q()


def codes_of_games(games: frozenset[str]) -> Q:
    """Say which codes the games reach: those of their rewards' pools, given out or not."""
    return Q(pool__reward__game__in=games)
