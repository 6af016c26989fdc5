"""What owners do about the clients of the partner API: making, changing, new secrets, revoking (A1, S2, S5).

A secret is returned by what makes it and can be read nowhere afterwards. What a client may do, whether it is expired or
revoked, is asked at every call: a change counts from the next one on.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NotRequired, TypedDict, Unpack

from allauth.idp.oidc.models import Client, Token
from django.db import transaction
from django.db.models import Max

from campaigns.models import Game
from fulfillment.api.points import WINDOW_SECONDS
from fulfillment.game_state.pairs import games_of, set_games
from fulfillment.models import ApiClient, ApiUse
from fulfillment.oauth.secrets import (
    encode_secret,
    new_secret,
    previous_valid_until,
    with_rotated,
    without_previous,
)
from fulfillment.rules.clients import faults_of_addresses, faults_of_texts
from fulfillment.rules.scopes import SCOPES
from portal import audit
from portal.models import Organization, User
from portal.tokens import hash_token

COUNTED_AT_MOST = 10_000

_ID_CHARACTERS = string.ascii_lowercase + string.digits
_ID_LENGTH = 30  # as Twitch's are
_NO_SECRET = "!"  # what is stored where no secret is right


class Terms(TypedDict):
    """What an owner says of a client. ``game_state_games`` are those whose state it may stream; left out: as they are."""

    name: str
    scopes: Sequence[str]
    redirect_uris: Sequence[str]
    expires_at: datetime | None
    other_platforms: bool
    completing_texts: Sequence[str]
    points_per_minute: int
    game_state_games: NotRequired[Collection[Game]]


class SecretChanged(Exception):
    """The secret was replaced since the page that somebody asked on: doing it again would end the one in use."""


class ClientRevoked(Exception):
    """The client was revoked, which is final."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """How many tokens of a client are valid, and how many players they are of; each counted to the cap."""

    own: int
    players: int


def create_client(
    *, organization: Organization, actor: User | None, now: datetime, **terms: Unpack[Terms]
) -> tuple[ApiClient, str]:
    """Make a client and return it with its secret, which nobody can read again later.

    Raises ``ValueError`` for terms that a client cannot have: the form says which.
    """
    secret = new_secret()
    oauth = Client(id=_new_client_id(), secret=encode_secret(secret), default_scopes="")
    client = ApiClient(organization=organization, oauth=oauth, created_at=now, created_by=actor)
    with transaction.atomic():
        _apply(client, terms)
        oauth.save(force_insert=True)
        client.save(force_insert=True)
        _allow_games(client, terms, now=now)
        _note(client, "added", actor=actor, now=now, after=_described(client))
    return client, secret


def change_client(*, client: ApiClient, actor: User | None, now: datetime, **terms: Unpack[Terms]) -> ApiClient:
    """Give a client other terms and return it as it is then. Raises ``ClientRevoked``, and ``ValueError`` as above."""
    with transaction.atomic():
        row = _locked(client)
        before = _described(row)
        _apply(row, terms)
        row.oauth.save(update_fields=["name", "scopes", "redirect_uris", "grant_types"])
        row.save()
        _allow_games(row, terms, now=now)
        after = _described(row)
        if before != after:
            _note(row, "changed", actor=actor, now=now, before=before, after=after)
    return row


def name_is_taken(*, organization: Organization, name: str, but: ApiClient | None = None) -> bool:
    """Say whether another client that is not revoked has this name: in the history of claims only the name tells which it was."""
    others = ApiClient.objects.filter(organization=organization, revoked_at=None, oauth__name__iexact=name)
    return (others.exclude(pk=but.pk) if but else others).exists()


def secret_state(client: ApiClient) -> str:
    """Return what stands for the present secret on a page: it tells nothing about it and changes with it."""
    return hash_token(client.oauth.secret)[:16]


def previous_until(client: ApiClient, *, now: datetime) -> datetime | None:
    """Return until when the secret before the present one is valid; None if it is not."""
    until = previous_valid_until(client.oauth.secret)
    return until if until is not None and until > now else None


def rotate_secret(
    *, client: ApiClient, overlap: timedelta, actor: User | None, now: datetime, seen: str | None = None
) -> str:
    """Give a client a new secret and return it. The one before stays valid for ``overlap``; one before that ends at once.

    Tokens stay valid, whichever secret they were got with. ``seen`` is the state of the page it is asked on.

    Raises ``SecretChanged`` if it is another by now, and ``ClientRevoked``.
    """
    secret = new_secret()
    with transaction.atomic():
        row = _locked(client)
        if seen is not None and seen != secret_state(row):
            raise SecretChanged
        until = now + overlap
        row.oauth.secret = with_rotated(row.oauth.secret, secret, until) if overlap else encode_secret(secret)
        row.oauth.save(update_fields=["secret"])
        kept = previous_valid_until(row.oauth.secret)
        after = {"previous secret valid until": f"{kept:%Y-%m-%dT%H:%M:%SZ}" if kept else "now"}
        _note(row, "replaced client secret", actor=actor, now=now, after=after)
    return secret


def forget_previous_secret(*, client: ApiClient, actor: User | None, now: datetime) -> None:
    """Have the secret before the present one count no longer. Raises ``ClientRevoked``."""
    with transaction.atomic():
        row = _locked(client)
        row.oauth.secret = without_previous(row.oauth.secret)
        row.oauth.save(update_fields=["secret"])
        _note(row, "forgot previous client secret", actor=actor, now=now)


def end_tokens(*, client: ApiClient, actor: User | None, now: datetime) -> int:
    """End every token of a client, its own and those of players, and return how many there were. Raises ``ClientRevoked``.

    It gets new ones with its secret; players have to allow it again.
    """
    with transaction.atomic():
        row = _locked(client)
        count = _delete_tokens(row)
        _note(row, "ended tokens", actor=actor, now=now, after={"tokens": count})
    return count


def revoke(*, client: ApiClient, actor: User | None, now: datetime) -> bool:
    """End a client for good, with every token it has: from the next call on it is nobody. Returns whether it still was one."""
    with transaction.atomic():
        try:
            row = _locked(client)
        except ClientRevoked:
            return False
        row.revoked_at = now
        row.save(update_fields=["revoked_at"])
        row.oauth.secret = _NO_SECRET
        row.oauth.save(update_fields=["secret"])
        _note(row, "revoked", actor=actor, now=now, after={"tokens ended": _delete_tokens(row)})
    return True


def last_used(clients: Iterable[ApiClient]) -> dict[str, datetime]:
    """Return when each of these clients last called, to the minute, by its key; without those that never did. One query."""
    newest = ApiUse.objects.filter(client__in=[client.pk for client in clients]).order_by().values_list("client")
    return {
        key: datetime.fromtimestamp(minute * WINDOW_SECONDS, UTC)
        for key, minute in newest.annotate(newest=Max("minute"))
    }


def valid_tokens(client: ApiClient, *, now: datetime) -> Tokens:
    """Return how many access tokens of a client are valid now, and how many players have allowed it."""
    tokens = Token.objects.filter(client=client.oauth).exclude(expires_at__lte=now).order_by()
    own = tokens.filter(user=None, type=Token.Type.ACCESS_TOKEN)[:COUNTED_AT_MOST].count()
    players = tokens.exclude(user=None).values("user").distinct()[:COUNTED_AT_MOST].count()
    return Tokens(own, players)


def _locked(client: ApiClient) -> ApiClient:
    """Return the client as it is stored, for this transaction alone to change."""
    row = ApiClient.objects.select_for_update(of=("self",)).select_related("organization").get(pk=client.pk)
    row.oauth = Client.objects.select_for_update().get(pk=row.oauth_id)
    if row.revoked_at is not None:
        raise ClientRevoked
    return row


def _apply(client: ApiClient, terms: Terms) -> None:
    faults = faults_of_addresses(terms["redirect_uris"]) + faults_of_texts(terms["completing_texts"])
    if faults:
        raise ValueError(" ".join(str(fault) for fault in faults))
    if unknown := set(terms["scopes"]) - set(SCOPES):
        raise ValueError(f"There are no such scopes: {', '.join(sorted(unknown))}.")
    oauth = client.oauth
    oauth.name = terms["name"]
    oauth.set_scopes([scope for scope in SCOPES if scope in terms["scopes"]])
    oauth.set_redirect_uris(list(terms["redirect_uris"]))
    grants = [Client.GrantType.CLIENT_CREDENTIALS]
    if terms["redirect_uris"]:  # without an address players cannot be sent back
        grants += [Client.GrantType.AUTHORIZATION_CODE, Client.GrantType.REFRESH_TOKEN]
    oauth.set_grant_types([grant.value for grant in grants])
    client.expires_at = terms["expires_at"]
    client.other_platforms = terms["other_platforms"]
    client.completing_texts = list(terms["completing_texts"])
    client.points_per_minute = terms["points_per_minute"]


def _allow_games(client: ApiClient, terms: Terms, *, now: datetime) -> None:
    if "game_state_games" in terms:
        set_games(client, terms["game_state_games"], now=now)


def _new_client_id() -> str:
    return "".join(secrets.choice(_ID_CHARACTERS) for _ in range(_ID_LENGTH))


def _delete_tokens(client: ApiClient) -> int:
    return Token.objects.filter(client=client.oauth).delete()[0]


def _described(client: ApiClient) -> dict[str, Any]:
    """Return a client for the audit trail: everything but its secret."""
    return {
        "name": client.oauth.name,
        "client id": client.oauth_id,
        "scopes": ", ".join(client.oauth.get_scopes()),
        "redirect addresses": ", ".join(client.oauth.get_redirect_uris()),
        "claims of all platforms": client.other_platforms,
        "completing statuses": ", ".join(client.completing_texts),
        "games of game state": ", ".join(game.name for game in games_of(client)),
        "calls a minute": client.points_per_minute,
        "expires at": client.expires_at.isoformat() if client.expires_at else None,
    }


def _note(
    client: ApiClient,
    action: str,
    *,
    actor: User | None,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        actor=actor,
        action=action,
        obj=client,
        organization=client.organization,
        before=before,
        after=after,
        now=now,
    )
