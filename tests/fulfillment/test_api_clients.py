"""Clients of the partner API: made, changed, given new secrets, revoked; each with its entry in the trail (A1, S2, S5)."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from allauth.idp.oidc.models import Client, Token

from fulfillment.api.callers import find_caller
from fulfillment.api.points import Purses
from fulfillment.api_clients import (
    ClientRevoked,
    SecretChanged,
    change_client,
    create_client,
    end_tokens,
    forget_previous_secret,
    last_used,
    previous_until,
    revoke,
    rotate_secret,
    secret_state,
    valid_tokens,
)
from fulfillment.models import ApiClient, ApiUse
from fulfillment.rules.clients import OVERLAPS, redirect_fault, text_fault
from fulfillment.rules.scopes import CLAIMS_READ, CLAIMS_WRITE
from portal.models import AuditEntry, User
from tests.factories import NOW, make_api_client, make_api_token, make_organization, make_staff, make_user

pytestmark = pytest.mark.usefixtures("standing_clock")

TERMS: dict[str, Any] = {
    "name": "Backend",
    "scopes": [CLAIMS_READ, CLAIMS_WRITE],
    "redirect_uris": [],
    "expires_at": None,
    "other_platforms": False,
    "completing_texts": [],
    "points_per_minute": 800,
}


@pytest.fixture
def actor(db: None) -> User:
    return make_staff(make_organization())


def made(actor: User, **terms: Any) -> tuple[ApiClient, str]:
    organization = actor.memberships.get().organization
    return create_client(organization=organization, actor=actor, now=NOW, **{**TERMS, **terms})


def is_right(client: ApiClient, secret: str) -> bool:
    return Client.objects.get(pk=client.oauth_id).check_secret(secret)


def trail() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


# Making and changing.


def test_a1_a_client_is_made_with_an_id_and_a_secret_that_nothing_keeps(
    actor: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client, secret = made(actor, redirect_uris=["https://game.example.org/back"], completing_texts=["done"])
    stored = ApiClient.objects.select_related("oauth").get()
    assert (stored.pk, stored.created_by, stored.created_at) == (client.pk, actor, NOW)
    assert len(stored.oauth_id) == 30
    assert stored.oauth_id.isalnum()
    assert stored.oauth.get_scopes() == [CLAIMS_READ, CLAIMS_WRITE]
    assert stored.oauth.type == Client.Type.CONFIDENTIAL
    assert not stored.oauth.skip_consent
    assert is_right(client, secret)
    assert len(secret) >= 43
    assert secret not in json.dumps([*Client.objects.values(), *AuditEntry.objects.values()], default=str)
    assert secret not in caplog.text
    assert made(actor, name="Another")[0].oauth_id != stored.oauth_id


def test_a1_only_a_client_with_a_redirect_address_gets_tokens_of_players(actor: User) -> None:
    without, _secret = made(actor)
    assert without.oauth.get_grant_types() == ["client_credentials"]
    client = change_client(client=without, actor=actor, now=NOW, **{**TERMS, "redirect_uris": ["https://a.example/b"]})
    assert set(client.oauth.get_grant_types()) == {"client_credentials", "authorization_code", "refresh_token"}


def test_s5_making_and_changing_leave_an_entry_of_what_differs(actor: User) -> None:
    client, _secret = made(actor)
    later = NOW + timedelta(days=9)
    change_client(client=client, actor=actor, now=NOW, **{**TERMS, "name": "Renamed", "expires_at": later})
    change_client(client=client, actor=actor, now=NOW, **{**TERMS, "name": "Renamed", "expires_at": later})
    assert trail() == ["added", "changed"], "saving the same again changes nothing"
    entry = AuditEntry.objects.get(action="changed")
    assert entry.before == {"name": "Backend", "expires at": None}
    assert entry.after == {"name": "Renamed", "expires at": later.isoformat()}
    assert (entry.actor, entry.organization, entry.object_id) == (actor, client.organization, client.pk)


def test_a1_a_scope_that_was_taken_is_gone_for_tokens_that_were_given_before(actor: User) -> None:
    client, _secret = made(actor)
    token = make_api_token(client)
    change_client(client=client, actor=actor, now=NOW, **{**TERMS, "scopes": [CLAIMS_READ]})
    caller = find_caller(token, now=NOW)
    assert caller is not None
    assert (caller.may(CLAIMS_READ), caller.may(CLAIMS_WRITE)) == (True, False)


@pytest.mark.parametrize(
    "wrong", [{"redirect_uris": ["javascript:alert(1)"]}, {"completing_texts": ["initiated"]}, {"scopes": ["all"]}]
)
def test_terms_that_no_client_can_have_are_refused_and_nothing_is_made(actor: User, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"scheme|not fulfilled|no such scopes"):
        made(actor, **wrong)
    assert not Client.objects.exists()
    assert trail() == []


@pytest.mark.parametrize(
    "address",
    [
        "https://game.example.org/signed-in",
        "https://game.example.org:8443/a?b=c",
        "http://localhost:3000/callback",
        "http://127.0.0.1/callback",
        "http://[::1]:9000/",
        "com.example.game:/signed-in",
        "com.example.game://signed-in",
    ],
)
def test_a1_players_are_sent_back_to_https_to_their_own_machine_or_to_a_native_game(address: str) -> None:
    assert redirect_fault(address) is None


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://game.example.org/", "https"),
        ("http://127.0.0.1.example.org/", "https"),
        ("http://10.0.0.1/", "https"),
        ("https://", "not an address"),
        ("https://a.example:99999/", "not an address"),
        ("https://[::1/", "not an address"),
        ("https://user:pass@a.example/", "user name"),
        ("https://a.example/#x", "fragment"),
        ("https://a.example/#", "fragment"),
        ("https://*.example.org/", "wildcard"),
        ("https://a.example/b c", "characters"),
        ("https://a.example\\@evil.example/", "characters"),
        ("https://bücher.example/", "characters"),
        ("javascript:alert(1)", "scheme"),
        ("JavaScript:alert(1)", "scheme"),
        ("data:text/html,x", "scheme"),
        ("vbscript:x", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("starfall://back", "scheme"),
        ("com.example.game:", "after its scheme"),
        ("game.example.org/back", "not whole"),
        ("//game.example.org/back", "not whole"),
        (f"https://a.example/{'x' * 500}", "at most 500"),
    ],
)
def test_a1_nowhere_else(address: str, why: str) -> None:
    fault = redirect_fault(address)
    assert fault is not None
    assert why in str(fault)


@pytest.mark.parametrize("text", ["delivered to the mailbox", "processed", "done ✓", "x" * 100])
def test_a5_a_text_of_the_partners_completes_a_claim(text: str) -> None:
    assert text_fault(text) is None


@pytest.mark.parametrize("text", ["initiated", "Initiated", "x" * 101, "a\x07b"])
def test_a5_some_cannot(text: str) -> None:
    assert text_fault(text) is not None


# Secrets.


@pytest.mark.parametrize("overlap", OVERLAPS)
def test_s2_the_old_secret_works_for_as_long_as_was_chosen(actor: User, time_machine: Any, overlap: timedelta) -> None:
    client, old = made(actor)
    new = rotate_secret(client=client, overlap=overlap, actor=actor, now=NOW)
    client.refresh_from_db()
    if overlap:
        assert previous_until(client, now=NOW) == NOW + overlap
        time_machine.move_to(NOW + overlap - timedelta(seconds=1), tick=False)
        assert (is_right(client, old), is_right(client, new)) == (True, True)
    time_machine.move_to(NOW + overlap, tick=False)
    assert (is_right(client, old), is_right(client, new)) == (False, True)
    assert previous_until(client, now=NOW + overlap) is None
    entry = AuditEntry.objects.get(action="replaced client secret")
    assert entry.actor == actor
    assert new not in json.dumps(entry.after)


def test_s2_a_second_new_secret_ends_the_one_before_the_last(actor: User) -> None:
    client, first = made(actor)
    second = rotate_secret(client=client, overlap=timedelta(days=7), actor=actor, now=NOW)
    third = rotate_secret(client=client, overlap=timedelta(days=1), actor=actor, now=NOW)
    assert [is_right(client, secret) for secret in (first, second, third)] == [False, True, True]


def test_s2_the_old_secret_can_be_forgotten_at_once(actor: User) -> None:
    client, old = made(actor)
    new = rotate_secret(client=client, overlap=timedelta(days=7), actor=actor, now=NOW)
    forget_previous_secret(client=client, actor=actor, now=NOW)
    assert (is_right(client, old), is_right(client, new)) == (False, True)
    assert trail()[-1] == "forgot previous client secret"


def test_s2_asked_on_a_page_that_is_out_of_date_nothing_is_replaced(actor: User) -> None:
    client, old = made(actor)
    seen = secret_state(client)
    new = rotate_secret(client=client, overlap=timedelta(hours=1), actor=actor, now=NOW, seen=seen)
    with pytest.raises(SecretChanged):
        rotate_secret(client=client, overlap=timedelta(0), actor=actor, now=NOW, seen=seen)
    assert (is_right(client, old), is_right(client, new)) == (True, True)
    assert trail().count("replaced client secret") == 1


# The end.


def test_a1_revoking_ends_secret_and_tokens_at_once_and_for_good(actor: User) -> None:
    client, secret = made(actor)
    other = make_api_client(client.organization)
    own, players, others = make_api_token(client), make_api_token(client, user=make_user()), make_api_token(other)
    assert revoke(client=client, actor=actor, now=NOW)
    assert [find_caller(token, now=NOW) is None for token in (own, players, others)] == [True, True, False]
    assert list(Token.objects.values_list("client", flat=True)) == [other.oauth_id]
    assert not is_right(client, secret)
    assert ApiClient.objects.get(pk=client.pk).revoked_at == NOW
    assert AuditEntry.objects.get(action="revoked").after == {"tokens ended": 2}
    assert not revoke(client=client, actor=actor, now=NOW), "it is over already"
    assert trail().count("revoked") == 1


def test_a1_nothing_of_a_revoked_client_can_be_changed(actor: User) -> None:
    client, _secret = made(actor)
    revoke(client=client, actor=actor, now=NOW)
    who: dict[str, Any] = {"client": client, "actor": actor, "now": NOW}
    for deed in (
        lambda: change_client(**who, **TERMS),
        lambda: rotate_secret(**who, overlap=timedelta(0)),
        lambda: forget_previous_secret(**who),
        lambda: end_tokens(**who),
    ):
        with pytest.raises(ClientRevoked):
            deed()
    assert trail() == ["added", "revoked"]


def test_a1_a_token_that_was_given_while_the_client_was_revoked_is_worth_nothing(actor: User) -> None:
    client, _secret = made(actor)
    revoke(client=client, actor=actor, now=NOW)
    assert find_caller(make_api_token(client), now=NOW) is None


def test_a1_its_tokens_can_be_ended_while_the_client_goes_on(actor: User) -> None:
    client, secret = made(actor)
    tokens = [make_api_token(client), make_api_token(client, user=make_user())]
    assert end_tokens(client=client, actor=actor, now=NOW) == 2
    assert [find_caller(token, now=NOW) for token in tokens] == [None, None]
    assert is_right(client, secret)
    assert find_caller(make_api_token(client), now=NOW) is not None
    assert trail()[-1] == "ended tokens"


def test_a1_an_expired_client_is_nobody_until_a_later_time_is_entered(actor: User) -> None:
    client, _secret = made(actor, expires_at=NOW + timedelta(days=1))
    token = make_api_token(client)
    assert find_caller(token, now=NOW + timedelta(days=1, seconds=-1)) is not None
    assert find_caller(token, now=NOW + timedelta(days=1)) is None
    change_client(client=client, actor=actor, now=NOW, **{**TERMS, "expires_at": NOW + timedelta(days=2)})
    assert find_caller(token, now=NOW + timedelta(days=1)) is not None


def test_s1_a_client_goes_on_when_its_maker_has_left(actor: User) -> None:
    client, secret = made(actor)
    token = make_api_token(client)
    actor.delete()
    client.refresh_from_db()
    assert client.created_by is None
    assert find_caller(token, now=NOW) is not None
    assert is_right(client, secret)


# What is known of its use.


def test_a1_last_use_is_the_newest_of_its_own_and_its_players_calls_in_one_query(
    actor: User, django_assert_num_queries: Any
) -> None:
    clients = [made(actor, name=f"Backend {n}")[0] for n in range(3)]
    purses = Purses()
    purses.spend(client_id=clients[0].pk, who="", limit=800, now=NOW)
    purses.spend(client_id=clients[0].pk, who="7", limit=800, now=NOW + timedelta(minutes=5, seconds=30))
    purses.spend(client_id=clients[1].pk, who="", limit=800, now=NOW)
    with django_assert_num_queries(1):
        used = last_used(clients)
    assert used == {clients[0].pk: NOW + timedelta(minutes=5), clients[1].pk: NOW}
    assert ApiUse.objects.count() == 3


def test_a1_valid_tokens_are_counted_and_players_once_each(actor: User) -> None:
    client, _secret = made(actor)
    player = make_user()
    for user, ends in ((None, None), (None, NOW + timedelta(hours=1)), (None, NOW), (player, None), (player, None)):
        make_api_token(client, user=user, expires_at=ends)
    make_api_token(client, user=make_user(), expires_at=NOW)
    counted = valid_tokens(client, now=NOW)
    assert (counted.own, counted.players) == (2, 1)
