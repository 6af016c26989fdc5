"""Who calls the partner API (A1, A2): the client and, with a player's token, the player's account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.idp.oidc.models import Token, TokenQuerySet

from fulfillment.models import ApiClient
from fulfillment.rules.scopes import NAMED_ONLY
from portal.models import User

_LONGEST_TOKEN = 512
_CLIENT = "client__api_client__"
_READ = (
    *("scopes", "expires_at", "client", "user"),
    *("client__name", "client__scopes"),
    *(_CLIENT + name for name in ("oauth", "other_platforms", "completing_texts", "points_per_minute")),
    *(_CLIENT + name for name in ("expires_at", "revoked_at", "organization__enabled")),
)
"""What a call needs of who makes it: making the statement costs many times what it takes, and more for each column."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A call's origin. ``user`` is None for the client's own token; ``scopes`` are those granted with the token."""

    client: ApiClient
    client_id: str
    user: User | None
    scopes: frozenset[str]
    expires_at: datetime | None

    @property
    def organization_id(self) -> str:
        """The organization whose claims the caller sees, and no others (A2)."""
        return self.client.organization_id

    @property
    def label(self) -> str:
        """How history and logs call it."""
        return f"API client {self.client}"

    def may(self, scope: str) -> bool:
        """Say whether the client has this scope, and a token that was granted narrower ones has it too.

        Scopes are what the client may do: taken from it in the admin, they are gone at once. A player's token needs none
        of its own for the player's own claims, as at Twitch; for figures and game state it needs the scope.
        """
        if scope not in self.client.oauth.get_scopes():
            return False
        if self.scopes:
            return scope in self.scopes
        return self.user is None or scope not in NAMED_ONLY


def find_caller(token: str, *, now: datetime) -> Caller | None:
    """Return whose access token this is; None for one that is unknown, expired, revoked, or whose client or user is gone."""
    if not token or len(token) > _LONGEST_TOKEN:
        return None
    row = next(iter(access_tokens().valid().by_value(token)[:1]), None)
    client = client_of(row) if row else None
    if row is None or client is None or not is_usable(client, now=now):
        return None
    if row.user_id is not None and not row.user.is_active:
        return None
    return caller_of(row, client)


def access_tokens() -> TokenQuerySet:
    """Return all access tokens, also such as are expired, each with the client and organization that it is of."""
    found: TokenQuerySet = Token.objects.filter(type=Token.Type.ACCESS_TOKEN)
    return found.select_related("client__api_client__organization").only(*_READ)


def caller_of(token: Token, client: ApiClient) -> Caller:
    """Return who calls with a token of this client, whatever has become of the two."""
    return Caller(client, token.client_id, token.user, frozenset(token.get_scopes()), token.expires_at)


def client_of(token: Token) -> ApiClient | None:
    """Return the API client that a token belongs to, or None for one of another kind of client."""
    client: ApiClient | None = getattr(token.client, "api_client", None) if token.client_id else None
    if client is not None:
        client.oauth = token.client
    return client


def is_usable(client: ApiClient, *, now: datetime) -> bool:
    """Say whether a client may do anything at all: neither revoked nor expired."""
    return client.revoked_at is None and (client.expires_at is None or client.expires_at > now)
