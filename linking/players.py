"""Whose game account it is (L2): proofs of a game account, and which one a person plays with.

An account on the portal is a player of every game that lets it be. A studio's own sign-in and a link token prove one
game account and nothing else: they sign in as a *game user*, a user without password that exists for that account
alone. So what one studio vouches for never opens an account that other studios' games rely on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from campaigns.models import Game
from linking.hooks import call_player_known, call_renamed
from linking.models import GameSignIn, Player, UsedLinkToken
from linking.returning import recognize_player
from linking.rules.link_tokens import MAX_ID_LENGTH, TokenClaims, TokenFault, TokenRefused, read_token
from portal.ids import new_ulid
from portal.models import User
from portal.platforms.messages import is_storable
from portal.sentences import Sentence

CURRENT_KEY = "linking_players"

Method = GameSignIn.Method


class NotProven(Exception):
    """A game account is not proven. ``sentence`` says why and what to do."""

    def __init__(self, code: str, sentence: Sentence) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence


def sign_ins_of(game: Game) -> dict[str, GameSignIn]:
    """Return the ways in which a game's players prove themselves, by method; one without a row uses portal accounts."""
    rows = {row.method: row for row in GameSignIn.objects.filter(game=game)}
    return rows or {Method.PORTAL.value: GameSignIn(game=game, method=Method.PORTAL)}


def is_portal_account(user: Any) -> bool:
    """Tell whether a user is an account on the portal itself, which a game user never is."""
    return bool(user.is_authenticated and user.has_usable_password())


def prove_portal_player(user: User, game: Game) -> Player:
    """Return the player that a portal account is in ``game``, made on first use. Raises ``NotProven``."""
    if Method.PORTAL.value not in sign_ins_of(game):
        raise NotProven("method", Sentence(_("This game does not use accounts of this portal.")))
    if not is_portal_account(user):
        raise NotProven(
            "game_user",
            Sentence(_("You are signed in with another game's account, which is good for that game only.")),
        )
    player = _make_known(game=game, player_id=user.public_id, user=user, name=str(user)[:MAX_ID_LENGTH])
    if player.user_id is None:
        Player.objects.filter(pk=player.pk, user=None).update(user=user)
        player.user = user
    return player


def prove_oidc_player(*, sign_in: GameSignIn, claims: dict[str, Any], now: datetime) -> Player:
    """Return the player that the studio's sign-in vouches for, bound to its game user. Raises ``NotProven``.

    ``claims`` are those of the user info or id token; which of them holds the player id is the game's setting.
    """
    value = claims.get(sign_in.player_id_claim)
    player_id = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if (
        not isinstance(player_id, str)
        or not player_id.strip()
        or len(player_id) > MAX_ID_LENGTH
        or not player_id.isprintable()
    ):
        raise NotProven(
            "claim",
            Sentence(
                _("The studio's sign-in did not say which game account is yours. Only the studio can mend that."),
            ),
        )
    name = claims.get(sign_in.name_claim)
    same_person = (
        User.objects.filter(
            players__player_id=player_id,
            players__game__organization=sign_in.game.organization_id,
            players__game__sign_ins__issuer=sign_in.issuer,
            players__game__sign_ins__method=Method.OIDC,
        )
        .exclude(players__game=sign_in.game)
        .distinct()
        .first()
    )
    shown = name if isinstance(name, str) and is_storable(name) else ""
    return _bind(game=sign_in.game, player_id=player_id, name=shown, user=same_person, now=now)


def check_link_token(*, game: Game, token: str, now: datetime) -> TokenClaims:
    """Return what a link token says without using it up. Raises ``TokenRefused``."""
    sign_in = GameSignIn.objects.filter(game=game, method=Method.LINK_TOKEN).first()
    secrets = [s for s in (sign_in.token_secret, sign_in.previous_token_secret) if s] if sign_in else []
    claims = read_token(token, game_id=game.pk, secrets=secrets, now=now)
    if UsedLinkToken.objects.filter(game=game, token_id=claims.token_id).exists():
        raise TokenRefused(TokenFault.USED)
    return claims


def redeem_link_token(*, game: Game, token: str, now: datetime) -> Player:
    """Use a link token up and return the player it names, bound to its game user.

    Raises ``TokenRefused`` (a second use included, however close to the first) and ``NotProven``.
    """
    claims = check_link_token(game=game, token=token, now=now)
    with transaction.atomic():
        try:
            with transaction.atomic():
                UsedLinkToken.objects.create(game=game, token_id=claims.token_id, expires_at=claims.expires_at)
        except IntegrityError:
            raise TokenRefused(TokenFault.USED) from None
        UsedLinkToken.objects.filter(game=game, expires_at__lt=now).delete()
        return _bind(game=game, player_id=claims.player_id, name=claims.name, user=None, now=now)


def _bind(*, game: Game, player_id: str, name: str, user: User | None, now: datetime) -> Player:
    """Return the player with a game user; ``user`` is the one to share, where the person is known by another game."""
    name = name.strip()[:MAX_ID_LENGTH]
    with transaction.atomic():
        made = _make_known(game=game, player_id=player_id, name=name)
        # Locked, so that two proofs at once do not make two users for one player.
        player = Player.objects.select_for_update(of=("self",)).select_related("user").get(pk=made.pk)
        if name and player.name != name:
            had, player.name = player.name, name
            player.save(update_fields=["name"])
            call_renamed(player, [had], now)
        if player.user is None:
            player.user = user if user is not None and is_game_user(user) else _new_game_user(player)
            player.save(update_fields=["user"])
        elif not is_game_user(player.user):
            raise NotProven(
                "account_protected",
                Sentence(_("This game account belongs to an account on this portal. Sign in to that account instead.")),
            )
    return player


def _make_known(*, game: Game, player_id: str, **defaults: Any) -> Player:
    """Return the player with this id; a new or returning one is told of, so that what waits for it goes on (I2)."""
    with transaction.atomic():
        returned = recognize_player(game=game, player_id=player_id)
        player, made = Player.objects.get_or_create(game=game, player_id=player_id, defaults=defaults)
        if made or returned:
            call_player_known(player)
    return player


def is_game_user(user: User) -> bool:
    """Tell whether a studio's sign-in or a link token may sign in as this user. Never as staff."""
    return not (user.is_staff or user.is_superuser or user.has_usable_password() or user.memberships.exists())


def _new_game_user(player: Player) -> User:
    user = User(username=f"player-{new_ulid().lower()}", display_name=player.name or player.player_id)
    user.display_name = user.display_name[:150]
    user.set_unusable_password()
    user.save()
    return user


def players_of(user: Any, game: Game) -> list[Player]:
    """Return all game accounts of a person in one game, the oldest first."""
    if not user.is_authenticated:
        return []
    return list(Player.objects.filter(game=game, user=user).select_related("user").order_by("pk"))


def player_of(request: HttpRequest, game: Game) -> Player | None:
    """Return the game account that the signed-in person plays ``game`` with, or None.

    With several, it is the one chosen in this session; None until one is chosen.
    """
    players = players_of(request.user, game)
    chosen = request.session.get(CURRENT_KEY, {}).get(game.pk) if len(players) > 1 else None
    if chosen is not None:
        players = [player for player in players if player.pk == chosen]
    return players[0] if len(players) == 1 else None


def player_to_be(request: HttpRequest, game: Game) -> Player | None:
    """Return :func:`player_of`, or the player that a portal account would be in ``game``, not stored yet."""
    found = player_of(request, game)
    if found is not None or players_of(request.user, game):
        return found
    if is_portal_account(request.user) and Method.PORTAL.value in sign_ins_of(game):
        user: Any = request.user
        return Player(game=game, player_id=user.public_id, name=str(user)[:MAX_ID_LENGTH], user=user)
    return None


def choose_player(request: HttpRequest, player: Player) -> None:
    """Remember in the session which game account is played with."""
    request.session[CURRENT_KEY] = {**request.session.get(CURRENT_KEY, {}), player.game_id: player.pk}
