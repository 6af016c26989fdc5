"""Who may stream game state, asked when a game server connects (G2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.game_state.admission import Admission, Asking, doorkeeper
from campaigns.models import Channel, Game, GameSession
from campaigns.rules.game_state.codes import Code, Refused
from fulfillment.api_clients import revoke
from fulfillment.models import ApiClient
from fulfillment.rules.scopes import CLAIMS_READ, GAME_STATE_READ, GAME_STATE_WRITE
from linking.authorizing.watching import watch
from linking.models import Link, ViewerAuthorization
from portal.models import User
from tests.factories import (
    NOW,
    allow_game_state,
    make_api_client,
    make_api_token,
    make_channel,
    make_credential,
    make_game,
    make_link,
    make_organization,
    make_player,
    make_user,
    make_viewer,
)

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@dataclass
class Studio:
    """A studio whose backend may stream the state of one game."""

    game: Game
    client: ApiClient

    def streamer(self, platform: str = "twitch", *, user: User | None = None, game: Game | None = None) -> Link:
        game = game or self.game
        return make_link(game, viewer=make_viewer(game.organization, platform), player=make_player(game, user=user))

    def ask(self, *ids: str, token: str | None = None, game_id: str | None = None, none: bool = False) -> Admission:
        asking = Asking(
            token=make_api_token(self.client) if token is None else token,
            game_id=game_id or self.game.pk,
            broadcaster_ids=None if none else ids,
        )
        return doorkeeper().admit(asking, now=NOW)

    def refused(self, *ids: str, **asked: Any) -> Refused:
        with pytest.raises(Refused) as refused:
            self.ask(*ids, **asked)
        return refused.value


@pytest.fixture
def studio(db: None) -> Studio:
    game = make_game(game_state_idle_seconds=60, record_game_state=True)
    client = make_api_client(game.organization)
    allow_game_state(client, game)
    return Studio(game, client)


def named(link: Link) -> str:
    return f"{link.platform}:{link.viewer.platform_user_id}"


# Granted.


def test_g2_a_clients_own_token_streams_for_the_broadcasters_it_names(studio: Studio) -> None:
    ends = NOW + timedelta(days=1)
    token = make_api_token(studio.client, expires_at=ends)
    first, second = studio.streamer("twitch"), studio.streamer("kick")
    admission = studio.ask(named(second), named(first), token=token)
    channels = {channel.platform: channel for channel in Channel.objects.all()}
    assert [(one.channel_id, one.broadcaster_id) for one in admission.channels] == [
        (channels["kick"].pk, named(second)),
        (channels["twitch"].pk, named(first)),
    ]
    assert (admission.organization_id, admission.game_id) == (studio.game.organization_id, studio.game.pk)
    assert (admission.client_id, admission.client_name) == (studio.client.oauth_id, str(studio.client))
    assert (admission.authoritative, admission.token_expires_at) == (True, ends)
    assert (admission.idle_seconds, admission.record) == (60, True)
    assert token not in repr(admission)


def test_g2_a_persons_token_streams_for_that_persons_own_channels_and_is_no_authority(studio: Studio) -> None:
    user = make_user()
    own = studio.streamer(user=user)
    studio.streamer()
    studio.streamer(user=user, game=make_game(studio.game.organization))
    token = make_api_token(studio.client, user=user, scopes=(GAME_STATE_WRITE,))
    admission = studio.ask(none=True, token=token)
    assert [one.broadcaster_id for one in admission.channels] == [named(own)]
    assert not admission.authoritative


def test_g2_nobody_takes_up_a_servers_session_or_another_persons_with_a_persons_token(studio: Studio) -> None:
    owners = {studio.ask(named(studio.streamer())).client_id}
    for _ in range(2):
        user = make_user()
        studio.streamer(user=user)
        token = make_api_token(studio.client, user=user, scopes=(GAME_STATE_WRITE,))
        owners.add(studio.ask(none=True, token=token).client_id)
    assert len(owners) == 3
    assert max(map(len, owners)) <= (GameSession._meta.get_field("client_id").max_length or 0)


def test_g2_a_broadcaster_named_twice_is_one_channel(studio: Studio) -> None:
    link = studio.streamer()
    assert len(studio.ask(named(link), named(link)).channels) == 1


def test_g2_a_channel_that_is_known_already_is_the_one(studio: Studio) -> None:
    link = studio.streamer()
    viewer = link.viewer
    known = make_channel(viewer.organization, viewer.platform, platform_channel_id=viewer.platform_user_id)
    assert studio.ask(named(link)).channels[0].channel_id == known.pk
    assert Channel.objects.get() == known


@pytest.mark.parametrize("known", [False, True], ids=["new channels", "known channels"])
def test_g2_a_hundred_broadcasters_cost_as_many_queries_as_one(studio: Studio, known: bool) -> None:
    counts = []
    for many in (1, 100):
        names = [named(studio.streamer()) for _ in range(many)]
        token = make_api_token(studio.client)
        if known:
            studio.ask(*names, token=token)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(studio.ask(*names, token=token).channels) == many
        counts.append(len(queries))
    assert counts[0] == counts[1]


# Tokens.


@pytest.mark.parametrize("prefix", ["Bearer ", "OAuth ", "bearer\t", " "])
def test_g2_a_token_with_a_prefix_is_refused_although_it_is_right_without(studio: Studio, prefix: str) -> None:
    token = make_api_token(studio.client)
    assert studio.refused(named(studio.streamer()), token=prefix + token).code is Code.TOKEN_PREFIXED


@pytest.mark.parametrize("token", ["", "nobody-has-this", "x" * 100_000, "tök€n", "\ud800", "\x00"])
def test_g2_a_token_that_nobody_has_is_unknown(studio: Studio, token: str) -> None:
    assert studio.refused("twitch:1", token=token).code is Code.TOKEN_UNKNOWN


def test_g2_a_token_counts_until_the_moment_it_expires(studio: Studio) -> None:
    name = named(studio.streamer())
    assert studio.ask(name, token=make_api_token(studio.client, expires_at=NOW + SECOND))
    assert studio.refused(name, token=make_api_token(studio.client, expires_at=NOW)).code is Code.TOKEN_EXPIRED


def test_g2_the_token_of_a_client_that_may_do_nothing_more_is_revoked(studio: Studio) -> None:
    name, token = named(studio.streamer()), make_api_token(studio.client)
    ApiClient.objects.update(revoked_at=NOW)
    assert studio.refused(name, token=token).code is Code.TOKEN_REVOKED
    ApiClient.objects.update(revoked_at=None, expires_at=NOW)
    assert studio.refused(name, token=token).code is Code.TOKEN_REVOKED
    ApiClient.objects.update(expires_at=NOW + SECOND)
    assert studio.ask(name, token=token)
    type(studio.game.organization).objects.update(enabled=False)
    assert studio.refused(name, token=token).code is Code.TOKEN_REVOKED


def test_g2_the_tokens_of_a_client_that_was_revoked_are_known_no_more(studio: Studio) -> None:
    name, token = named(studio.streamer()), make_api_token(studio.client)
    revoke(client=studio.client, actor=None, now=NOW)
    assert studio.refused(name, token=token).code is Code.TOKEN_UNKNOWN


def test_g2_a_person_who_may_not_sign_in_any_more_streams_nothing(studio: Studio) -> None:
    user = make_user(is_active=False)
    studio.streamer(user=user)
    token = make_api_token(studio.client, user=user, scopes=(GAME_STATE_WRITE,))
    assert studio.refused(none=True, token=token).code is Code.TOKEN_REVOKED


@pytest.mark.parametrize(
    ("of_client", "of_token", "streams"),
    [
        ((GAME_STATE_WRITE,), (), True),
        ((GAME_STATE_WRITE, CLAIMS_READ), (GAME_STATE_WRITE,), True),
        ((GAME_STATE_WRITE, CLAIMS_READ), (CLAIMS_READ,), False),
        ((GAME_STATE_READ,), (), False),
        ((GAME_STATE_READ,), (GAME_STATE_WRITE,), False),
    ],
)
def test_g2_the_client_and_its_token_both_need_the_scope(
    studio: Studio, of_client: tuple[str, ...], of_token: tuple[str, ...], streams: bool
) -> None:
    studio.client.oauth.set_scopes(list(of_client))
    studio.client.oauth.save()
    name, token = named(studio.streamer()), make_api_token(studio.client, scopes=of_token)
    if streams:
        assert studio.ask(name, token=token)
    else:
        assert studio.refused(name, token=token).code is Code.SCOPE_MISSING


def test_g2_who_allowed_a_client_without_naming_the_scope_has_not_allowed_it_to_stream(studio: Studio) -> None:
    user = make_user()
    studio.streamer(user=user)
    assert studio.refused(none=True, token=make_api_token(studio.client, user=user)).code is Code.SCOPE_MISSING


# Games.


def test_g2_another_organizations_game_is_the_same_as_one_that_there_is_not(studio: Studio) -> None:
    other = make_game()
    allow_game_state(studio.client, other)
    answers = [studio.refused("twitch:1", game_id=game_id) for game_id in (other.pk, "nothing", "\x00", "\ud800")]
    assert {(one.code, one.message) for one in answers} == {(Code.GAME_UNKNOWN, answers[0].message)}


def test_g2_the_pair_of_client_and_game_must_be_allowed(studio: Studio) -> None:
    further = make_game(studio.game.organization)
    link = studio.streamer(game=further)
    another = make_api_client(studio.game.organization)
    assert studio.refused(named(link), game_id=further.pk).code is Code.GAME_NOT_ALLOWED
    token = make_api_token(another)
    assert studio.refused(named(studio.streamer()), token=token).code is Code.GAME_NOT_ALLOWED
    allow_game_state(studio.client, further)
    assert studio.ask(named(link), game_id=further.pk)


# Broadcasters.


def test_g2_a_persons_token_names_no_broadcasters_not_even_none(studio: Studio) -> None:
    user = make_user()
    link = studio.streamer(user=user)
    token = make_api_token(studio.client, user=user, scopes=(GAME_STATE_WRITE,))
    assert studio.refused(named(link), token=token).code is Code.BROADCASTERS_REFUSED
    assert studio.refused(token=token).code is Code.BROADCASTERS_REFUSED


def test_g2_a_clients_own_token_names_at_least_one_broadcaster(studio: Studio) -> None:
    assert studio.refused(none=True).code is Code.BROADCASTERS_MISSING
    assert studio.refused().code is Code.BROADCASTERS_MISSING


def test_g2_a_broadcaster_who_is_not_linked_with_this_game_is_named_and_the_others_do_not_suffer(
    studio: Studio,
) -> None:
    linked = studio.streamer()
    elsewhere = studio.streamer(game=make_game(studio.game.organization))
    ended = studio.streamer()
    Link.objects.filter(pk=ended.pk).update(ended_at=NOW, end_reason=Link.EndReason.VIEWER)
    of_another_studio = make_link(make_game(), viewer=make_viewer(make_organization(), "twitch"))
    for stranger in (elsewhere, ended, of_another_studio):
        refused = studio.refused(named(stranger))
        assert refused.code is Code.BROADCASTER_NOT_LINKED
        assert named(stranger) in refused.message
    assert not Channel.objects.exists()
    admission = studio.ask(named(elsewhere), named(linked), named(ended))
    assert [channel.broadcaster_id for channel in admission.channels] == [named(linked)]
    assert admission.not_linked == (named(elsewhere), named(ended))


def test_g2_a_broadcaster_is_one_of_the_platform_that_is_named(studio: Studio) -> None:
    link = studio.streamer("twitch")
    assert studio.refused(f"kick:{link.viewer.platform_user_id}").code is Code.BROADCASTER_NOT_LINKED


@pytest.mark.parametrize(
    "text", ["", ":", "twitch:", ":1", "12345", "twitch:\x00", "twitch:\ud800", "twitch:" + "1" * 201]
)
def test_g2_what_names_no_broadcaster_is_refused_in_few_words(studio: Studio, text: str) -> None:
    refused = studio.refused(text)
    assert refused.code is Code.BROADCASTER_NOT_LINKED
    assert len(refused.message) < 300
    assert studio.ask(named(studio.streamer()), text).not_linked == (text,)


def test_g2_of_many_broadcasters_who_are_not_linked_some_are_named_and_the_others_counted(studio: Studio) -> None:
    message = studio.refused(*[f"twitch:none-{number}" for number in range(100)]).message
    assert '"twitch:none-4" and 95 more' in message


def test_g2_a_broadcaster_who_withdrew_the_authorization_is_not_streamed_for(studio: Studio) -> None:
    make_credential(studio.game.organization, "twitch")
    link = studio.streamer("twitch")
    watch(viewer=link.viewer, now=NOW)
    assert studio.ask(named(link))
    ViewerAuthorization.objects.update(missing_since=NOW)
    assert studio.refused(named(link)).code is Code.BROADCASTER_NOT_LINKED


def test_g2_a_person_without_a_link_has_no_channel_to_stream_for(studio: Studio) -> None:
    user = make_user()
    make_player(studio.game, user=user)
    token = make_api_token(studio.client, user=user, scopes=(GAME_STATE_WRITE,))
    assert studio.refused(none=True, token=token).code is Code.BROADCASTER_NOT_LINKED


def test_g2_a_refusal_never_repeats_the_token(studio: Studio) -> None:
    token = make_api_token(studio.client, expires_at=NOW)
    for refused in (studio.refused("twitch:1", token=token), studio.refused("twitch:1", token=f"Bearer {token}")):
        assert token not in refused.message
