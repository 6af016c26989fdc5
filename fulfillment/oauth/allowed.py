"""Which programs a person has allowed to act for them, and taking that back (A1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.idp.oidc.models import Token
from django.db.models import QuerySet

from fulfillment.models import ApiClient
from fulfillment.oauth.asking import permitted
from portal.models import Organization, User


@dataclass(frozen=True, slots=True)
class Allowed:
    """A client that has tokens of a person. ``scopes`` are what any of them permits; ``since`` is when the oldest was given."""

    client: ApiClient
    since: datetime
    scopes: frozenset[str]


def programs_of(user: User, *, organization: Organization | None = None) -> list[Allowed]:
    """Return the clients that a person has allowed, of one organization or of all; what was allowed first comes first."""
    tokens = _tokens(user).select_related("client__api_client__organization").order_by("created_at", "pk")
    if organization is not None:
        tokens = tokens.filter(client__api_client__organization=organization)
    found: dict[str, Allowed] = {}
    for token in tokens:
        before = found.get(token.client_id)
        client: ApiClient = token.client.api_client
        client.oauth = token.client
        # Each by itself: one without scopes permits more than one with some.
        scopes = frozenset(permitted(client, token.get_scopes())) | (before.scopes if before else frozenset())
        found[token.client_id] = Allowed(client, before.since if before else token.created_at, scopes)
    return list(found.values())


def withdraw(user: User, *, client_id: str) -> bool:
    """End everything by which a client acts for a person. Returns whether there was anything."""
    return _tokens(user).filter(client=client_id).delete()[0] > 0


def _tokens(user: User) -> QuerySet[Token]:
    return Token.objects.valid().filter(user=user, client__api_client__isnull=False)
