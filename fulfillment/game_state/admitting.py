"""Who may stream which game's state for whom (G2): by token, by the pair of client and game, by links.

A client's own token comes from the game's servers: it names the broadcasters, and what it says is believed. A person's
token comes from a game client, and speaks for that person's own channels alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from campaigns.channel_of import channels_of_viewers
from campaigns.game_state.admission import Admission, AdmittedChannel, Asking, Standing
from campaigns.models import Game
from campaigns.rules.game_state.codes import BROADCASTERS, Code, Refused
from fulfillment.api.callers import Caller
from fulfillment.game_state.broadcasters import (
    BroadcasterKey,
    find_links,
    id_of_channel,
    parse_broadcaster_id,
    standing_links,
)
from fulfillment.game_state.refusals import note_refusal
from fulfillment.game_state.tokens import fault_of, read_again, read_token, refusal
from fulfillment.models import GameStateClient
from linking.models import Link

_NAMED_AT_MOST = 5
_SHOWN_LENGTH = 60


class Gatekeeper:
    """The doorkeeper of game state (:mod:`campaigns.game_state.admission`)."""

    def admit(self, asking: Asking, *, now: datetime) -> Admission:
        """Return what is granted, in a number of queries that does not depend on how many broadcasters there are.

        Raises ``Refused``; where it is known whose client asks, its organization is told of that too.
        """
        caller, token_key = read_token(asking.token)
        try:
            game, links, not_linked = _granted(caller, asking, now=now)
        except Refused as refused:
            note_refusal(caller.client, code=refused.code, now=now)
            raise
        channels = channels_of_viewers([link.viewer for link in links])
        return Admission(
            organization_id=caller.organization_id,
            game_id=game.pk,
            client_id=session_owner(caller),
            client_name=str(caller.client),
            authoritative=caller.user is None,
            channels=tuple(
                AdmittedChannel(channel.pk, id_of_channel(channel))
                for channel in (channels[link.viewer_id] for link in links)
            ),
            token_key=token_key,
            token_expires_at=caller.expires_at,
            idle_seconds=game.game_state_idle_seconds,
            record=game.record_game_state,
            not_linked=tuple(not_linked),
        )

    def standing(self, admissions: Sequence[Admission], *, now: datetime) -> list[Standing]:
        """Return for each admission whether it still holds: a few queries for each 500 of them and of their broadcasters."""
        callers = read_again(admission.token_key for admission in admissions)
        pairs = set(
            GameStateClient.objects.filter(game__in={admission.game_id for admission in admissions}).values_list(
                "client__oauth", "game"
            )
        )
        links = find_links(_key(admission, channel) for admission in admissions for channel in admission.channels)
        standings = []
        for admission in admissions:
            caller = callers.get(admission.token_key)
            if caller is None:
                expires_at = admission.token_expires_at
                expired = expires_at is not None and expires_at <= now
                standings.append(Standing(Code.TOKEN_EXPIRED if expired else Code.TOKEN_REVOKED, ()))
                continue
            fault = fault_of(caller, now=now)
            if fault is None and (caller.client_id, admission.game_id) not in pairs:
                fault = Code.GAME_NOT_ALLOWED
            standings.append(Standing(fault, ()) if fault else _still_linked(admission, caller, links))
        return standings


def session_owner(caller: Caller) -> str:
    """Return among whose sessions a session id is looked for: the client's, or with a person's token that person's.

    Whoever has a game client can choose any session id: nobody takes up the session of a server or of another person.
    """
    return caller.client_id if caller.user is None else f"{caller.client_id}:{caller.user.pk}"


def _granted(caller: Caller, asking: Asking, *, now: datetime) -> tuple[Game, list[Link], list[str]]:
    fault = fault_of(caller, now=now)
    if fault is not None:
        raise refusal(fault)
    game = _allowed_game(caller, asking.game_id)
    return game, *_links_for(caller, game, asking.broadcaster_ids)


def _allowed_game(caller: Caller, game_id: str) -> Game:
    """Return the game, if the client may stream it. Another organization's is the same as one that there is not (A2)."""
    game = None
    if game_id.isascii() and game_id.isalnum():
        game = Game.objects.filter(pk=game_id, organization=caller.organization_id).first()
    if game is None:
        raise Refused(Code.GAME_UNKNOWN, "There is no such game: game_id is the id that the portal gave the game.")
    if not GameStateClient.objects.filter(client=caller.client, game=game).exists():
        raise Refused(
            Code.GAME_NOT_ALLOWED,
            "The client may not stream the state of this game: an owner of the studio allows it on the client's page.",
        )
    return game


def _links_for(caller: Caller, game: Game, ids: tuple[str, ...] | None) -> tuple[list[Link], list[str]]:
    """Return the links whose viewers' channels a session is about, at least one, and who is named besides.

    Raises ``Refused``.
    """
    if caller.user is None:
        return _named(caller, game, ids)
    if ids is not None:
        raise Refused(
            Code.BROADCASTERS_REFUSED,
            "broadcaster_ids is not allowed with a person's token: it is for that person's own channels alone.",
        )
    links = standing_links().filter(game=game, player__user=caller.user).select_related("viewer")
    found = list(links.order_by("pk")[:BROADCASTERS])
    if not found:
        raise Refused(
            Code.BROADCASTER_NOT_LINKED,
            "The person of the token has linked no streaming account with this game: this comes first.",
        )
    return found, []


def _named(caller: Caller, game: Game, ids: tuple[str, ...] | None) -> tuple[list[Link], list[str]]:
    if not ids:
        raise Refused(
            Code.BROADCASTERS_MISSING,
            f'broadcaster_ids is missing: a client\'s own token names 1 to {BROADCASTERS}, each like "twitch:12345".',
        )
    keys: dict[str, BroadcasterKey | None] = {}
    for text in ids:
        parts = parse_broadcaster_id(text)
        keys[text] = (caller.organization_id, game.pk, *parts) if parts else None
    links = find_links(key for key in keys.values() if key)
    missing = [text for text, key in keys.items() if key is None or key not in links]
    if not links:
        raise Refused(Code.BROADCASTER_NOT_LINKED, _not_linked(missing))
    return [links[key] for key in keys.values() if key in links], missing


def _not_linked(missing: list[str]) -> str:
    named = ", ".join(f'"{text[:_SHOWN_LENGTH]}"' for text in missing[:_NAMED_AT_MOST])
    more = len(missing) - _NAMED_AT_MOST
    return (
        f"Not linked with this game, or its authorization was withdrawn: {named}{f' and {more} more' if more > 0 else ''}. "
        'At least one broadcaster, like "twitch:12345", must have linked the account first.'
    )


def _key(admission: Admission, channel: AdmittedChannel) -> BroadcasterKey:
    platform, _colon, user_id = channel.broadcaster_id.partition(":")
    return admission.organization_id, admission.game_id, platform, user_id


def _still_linked(admission: Admission, caller: Caller, links: dict[BroadcasterKey, Link]) -> Standing:
    still = []
    for channel in admission.channels:
        link = links.get(_key(admission, channel))
        if link is not None and (caller.user is None or link.player.user_id == caller.user.pk):
            still.append(channel)
    return Standing(None if still else Code.BROADCASTER_NOT_LINKED, tuple(still))
