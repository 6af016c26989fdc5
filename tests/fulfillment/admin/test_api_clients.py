"""The pages of API clients: owners only, secrets shown once, renewal with overlap, revocation (A1, S1, S2, S5)."""

from __future__ import annotations

import json
import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.idp.oidc.models import Client as OAuthClient
from allauth.idp.oidc.models import Token
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, reverse

from fulfillment.api.callers import find_caller
from fulfillment.api_clients import revoke
from fulfillment.models import ApiClient, ApiUse
from portal.models import AuditEntry
from portal.roles import Role
from tests.admin_pages import errors_of, form_of, sign_in, url
from tests.factories import NOW, make_api_client, make_api_token, make_user
from tests.fulfillment.admin.story import Studio

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]

PAGE = "fulfillment.apiclient"
FORM = "apiclient_form"
DEEDS = ("secret", "rotate", "forget", "end_tokens", "revoke")
SECRET = re.compile(r'id="client-secret">([\w-]{43})<')


def filled(owner: Client, **fields: Any) -> dict[str, Any]:
    values = form_of(owner, url(PAGE, "add"), FORM)
    return values | {"name": "Backend", "scopes": ["claims:read", "claims:write"], **fields}


def made(owner: Client, **fields: Any) -> tuple[ApiClient, str, str]:
    """Make a client through its form and return it with its secret and the page that showed it."""
    answer = owner.post(url(PAGE, "add"), filled(owner, **fields), follow=True)
    assert answer.redirect_chain, errors_of(answer)
    page = answer.content.decode()
    (secret,) = SECRET.findall(page)
    return ApiClient.objects.select_related("oauth").order_by("-pk")[0], secret, page


def is_right(client: ApiClient, secret: str) -> bool:
    return OAuthClient.objects.get(pk=client.oauth_id).check_secret(secret)


def asked(owner: Client, client: ApiClient) -> dict[str, str]:
    page = owner.get(url(PAGE, "rotate", client.pk)).content.decode()
    return dict(re.findall(r'<input type="hidden" name="(seen)" value="(\w+)"', page))


def changed(owner: Client, client: ApiClient, **fields: Any) -> Any:
    page = url(PAGE, "change", client.pk)
    values = form_of(owner, page, FORM) | {"scopes": client.oauth.get_scopes(), **fields}
    return owner.post(page, values)


# Who may see them.


@pytest.mark.parametrize("role", list(Role))
def test_s1_api_clients_are_the_owners(studio: Studio, role: Role) -> None:
    client = make_api_client(studio.organization)
    member = sign_in(studio.members[role])
    expected = 200 if role is Role.OWNER else 403
    for page in (url(PAGE, "changelist"), url(PAGE, "add"), url(PAGE, "change", client.pk)):
        assert member.get(page).status_code == expected, page
    for deed in ("secret", "rotate", "end_tokens", "revoke"):
        assert member.get(url(PAGE, deed, client.pk)).status_code == expected, deed
    assert (url(PAGE, "changelist") in member.get(reverse("admin:index")).content.decode()) == (role is Role.OWNER)
    if role is not Role.OWNER:
        for deed in DEEDS:
            assert member.post(url(PAGE, deed, client.pk), {"overlap": 0, "seen": "x"}).status_code == 403, deed
        assert member.post(url(PAGE, "add"), {"name": "Mine"}).status_code == 403
    assert ApiClient.objects.get().revoked_at is None


def test_s1_another_organizations_client_does_not_exist(owner: Client, elsewhere: Studio) -> None:
    theirs = make_api_client(elsewhere.organization, name="Theirs")
    token = make_api_token(theirs)
    for page in ("change", "history", "delete", *DEEDS):
        assert owner.get(url(PAGE, page, theirs.pk)).status_code == 404, page
        assert owner.post(url(PAGE, page, theirs.pk), {"post": "yes"}).status_code == 404, page
    assert "Theirs" not in owner.get(url(PAGE, "changelist")).content.decode()
    assert find_caller(token, now=NOW) is not None


def test_s1_a_client_is_never_deleted(owner: Client, studio: Studio) -> None:
    client = make_api_client(studio.organization)
    assert owner.post(url(PAGE, "delete", client.pk), {"post": "yes"}).status_code == 403
    assert url(PAGE, "delete", client.pk) not in owner.get(url(PAGE, "change", client.pk)).content.decode()
    assert ApiClient.objects.exists()


def test_s1_the_oauth_librarys_own_pages_do_not_exist_not_even_for_the_administrator(studio: Studio) -> None:
    client = make_api_client(studio.organization)
    make_api_token(client)
    administrator = sign_in(make_user(is_staff=True, is_superuser=True))
    assert administrator.get(url(PAGE, "changelist")).status_code == 200
    for model, pk in ((OAuthClient, client.oauth_id), (Token, Token.objects.get().pk)):
        assert not admin.site.is_registered(model)
        for page, arguments in (("changelist", ()), ("add", ()), ("change", (pk,)), ("delete", (pk,))):
            with pytest.raises(NoReverseMatch):
                reverse(f"admin:allauth_idp_oidc_{model._meta.model_name}_{page}", args=arguments)
        for path in ("", "add/", f"{pk}/change/", f"{pk}/delete/"):
            address = f"/admin/allauth_idp_oidc/{model._meta.model_name}/{path}"
            assert administrator.get(address).status_code == 404, address
    assert administrator.get("/admin/allauth_idp_oidc/").status_code == 404
    assert "allauth_idp_oidc" not in administrator.get(reverse("admin:index")).content.decode()


# Making.


def test_a1_a_client_is_made_and_its_secret_shown_once(
    owner: Client, studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client, secret, page = made(
        owner,
        redirect_uris="https://game.example.org/back\r\n\r\n com.example.game:/back \r\nhttps://game.example.org/back",
        completing_texts="done\r\nmailed",
        other_platforms="on",
        points_per_minute="60",
    )
    assert client.organization == studio.organization
    assert client.oauth.get_redirect_uris() == ["https://game.example.org/back", "com.example.game:/back"]
    assert (client.completing_texts, client.other_platforms, client.points_per_minute) == (["done", "mailed"], True, 60)
    assert is_right(client, secret)
    assert client.oauth_id in page
    for where in (url(PAGE, "secret", client.pk), url(PAGE, "change", client.pk), url(PAGE, "changelist")):
        assert secret not in owner.get(where).content.decode(), where
    again = owner.get(url(PAGE, "secret", client.pk))
    assert "There is no secret to show" in again.content.decode()
    assert "no-store" in again.headers["Cache-Control"]
    assert secret not in owner.get(url(PAGE, "history", client.pk)).content.decode()
    assert secret not in json.dumps(list(AuditEntry.objects.values()), default=str)
    assert secret not in json.dumps(list(OAuthClient.objects.values()), default=str)
    assert secret not in json.dumps(dict(owner.session.items()))
    assert secret not in caplog.text


def test_s2_a_secret_on_its_way_to_its_page_is_not_in_clear_text_in_the_session(owner: Client) -> None:
    owner.post(url(PAGE, "add"), filled(owner))
    client = ApiClient.objects.get()
    kept = json.dumps(dict(owner.session.items()))
    assert "Its new secret has not been shown yet" in owner.get(url(PAGE, "change", client.pk)).content.decode()
    (secret,) = SECRET.findall(owner.get(url(PAGE, "secret", client.pk)).content.decode())
    assert secret not in kept


def test_s2_a_secret_that_nobody_looked_at_is_gone_after_a_while(owner: Client, time_machine: Any) -> None:
    owner.post(url(PAGE, "add"), filled(owner))
    time_machine.move_to(NOW + timedelta(minutes=16), tick=False)
    page = owner.get(url(PAGE, "secret", ApiClient.objects.get().pk)).content.decode()
    assert "There is no secret to show" in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 101}, "at most 100 characters"),
        ({"scopes": []}, "Choose at least one thing that it may do"),
        ({"scopes": ["everything"]}, "not one of the available choices"),
        ({"redirect_uris": "https://a.example/\njavascript:alert(1)"}, "native game"),
        ({"redirect_uris": "data:text/html,x"}, "native game"),
        ({"redirect_uris": "http://a.example/"}, "must begin with https"),
        ({"redirect_uris": "https://a.example/#x"}, "fragment"),
        ({"redirect_uris": "https://*.example.org/"}, "wildcard"),
        ({"redirect_uris": "\n".join(f"https://a.example/{n}" for n in range(21))}, "at most 20 addresses"),
        ({"completing_texts": "done\nInitiated"}, "not fulfilled"),
        ({"completing_texts": "x" * 101}, "at most 100 characters"),
        ({"points_per_minute": "0"}, "greater than or equal to 1"),
        ({"points_per_minute": "many"}, "whole number"),
        ({"expires_at_date": "2026-11-20", "expires_at_time": "11:59"}, "This time has passed"),
        ({"expires_at_date": "2026-12-01"}, "both the date and the time"),
        (
            {"expires_at_date": "2027-03-28", "expires_at_time": "02:30", "time_zone": "Europe/Berlin"},
            "2027",
        ),
        ({"time_zone": "Mars/Olympus"}, "not one of the available choices"),
    ],
)
def test_a1_what_a_client_cannot_have_is_said(owner: Client, fields: dict[str, Any], said: str) -> None:
    answer = owner.post(url(PAGE, "add"), filled(owner, **fields))
    assert any(said in error for error in errors_of(answer)), errors_of(answer)
    assert not ApiClient.objects.exists()
    assert not OAuthClient.objects.exists()


def test_a1_what_was_entered_stays_in_a_form_that_is_refused(owner: Client) -> None:
    answer = owner.post(
        url(PAGE, "add"), filled(owner, name="", redirect_uris="https://a.example/\nhttps://b.example/", scopes=[])
    )
    page = answer.content.decode()
    assert "https://a.example/\nhttps://b.example/" in page


def test_a_name_is_taken_by_one_client_that_is_not_revoked(owner: Client, studio: Studio, elsewhere: Studio) -> None:
    make_api_client(elsewhere.organization, name="Backend")
    first, _secret, _page = made(owner)
    answer = owner.post(url(PAGE, "add"), filled(owner, name=" backend "))
    assert any("has this name already" in error for error in errors_of(answer))
    assert changed(owner, first, points_per_minute="5").status_code == 302, "its own name is not another's"
    revoke(client=first, actor=studio.members[Role.OWNER], now=NOW)
    made(owner)


def test_c2_expiry_is_entered_in_a_zone_and_shown_in_it_and_in_utc(owner: Client, studio: Studio) -> None:
    member = studio.members[Role.OWNER]
    member.time_zone = "Europe/Berlin"
    member.save()
    client, _secret, _page = made(owner, expires_at_date="2026-12-01", expires_at_time="09:30")
    assert client.expires_at is not None
    assert f"{client.expires_at:%Y-%m-%d %H:%M}" == "2026-12-01 08:30"
    page = owner.get(url(PAGE, "change", client.pk)).content.decode()
    assert 'value="09:30"' in page
    assert "2026-12-01 08:30 UTC" in page


@pytest.mark.parametrize(
    ("scopes", "calls"),
    [
        (["claims:read", "claims:write"], ["/helix/entitlements/drops'", "/public/v1/drops/claims'"]),
        (["analytics:read:games"], ["/helix/analytics/games'"]),
        (["claims:write"], ["echo"]),
    ],
)
def test_a1_the_examples_are_of_what_the_client_may_do(
    owner: Client, settings: Any, scopes: list[str], calls: list[str]
) -> None:
    client, secret, page = made(owner, scopes=scopes)
    assert page.count(secret) == 3, "once by itself, and in each of the examples"
    for call in [*calls, f"{settings.BASE_URL}/oauth2/token", f"{settings.BASE_URL}/oauth/token"]:
        assert call.replace("'", "&#x27;") in page, call
    later = owner.get(url(PAGE, "change", client.pk)).content.decode()
    assert "client_secret=&lt;the secret&gt;" in later


# Changing.


def test_a1_changing_a_client_keeps_its_secret_and_what_it_is(owner: Client) -> None:
    client, secret, _page = made(owner, redirect_uris="https://a.example/")
    token = make_api_token(client)
    assert changed(owner, client, name="Renamed", scopes=["claims:read"], redirect_uris="").status_code == 302
    after = ApiClient.objects.select_related("oauth").get()
    assert (str(after), after.oauth_id) == ("Renamed", client.oauth_id)
    assert after.oauth.get_redirect_uris() == []
    assert is_right(after, secret)
    caller = find_caller(token, now=NOW)
    assert caller is not None
    assert not caller.may("claims:write")
    entry = AuditEntry.objects.get(action="changed")
    assert entry.before["name"] == "Backend"
    assert entry.after["scopes"] == "claims:read"
    history = owner.get(url(PAGE, "history", client.pk)).content.decode()
    assert "Renamed" in history


def test_a1_an_expired_client_can_be_changed_and_given_a_later_time(
    owner: Client, studio: Studio, time_machine: Any
) -> None:
    client, _secret, _page = made(owner, expires_at_date="2026-12-01", expires_at_time="09:30")
    token = make_api_token(client)
    time_machine.move_to(NOW + timedelta(days=30), tick=False)
    owner = sign_in(studio.members[Role.OWNER])
    assert "Expired at 2026-12-01 09:30 UTC" in owner.get(url(PAGE, "change", client.pk)).content.decode()
    assert changed(owner, client, name="Renamed").status_code == 302, "what has passed already may stay"
    assert find_caller(token, now=NOW + timedelta(days=30)) is None
    assert changed(owner, client, name="Renamed", expires_at_date="2027-06-01").status_code == 302
    assert find_caller(token, now=NOW + timedelta(days=30)) is not None


# Secrets.


@pytest.mark.parametrize(("overlap", "hours"), [(0, 0), (3600, 1), (86_400, 24), (604_800, 168), (30 * 86_400, 720)])
def test_s2_the_old_secret_works_for_as_long_as_was_chosen(
    owner: Client, studio: Studio, time_machine: Any, overlap: int, hours: int
) -> None:
    client, old, _page = made(owner)
    answer = owner.post(url(PAGE, "rotate", client.pk), asked(owner, client) | {"overlap": overlap}, follow=True)
    (new,) = SECRET.findall(answer.content.decode())
    end = NOW + timedelta(hours=hours)
    if hours:
        assert f"{end:%Y-%m-%d %H:%M} UTC" in answer.content.decode()
        time_machine.move_to(end - timedelta(seconds=1), tick=False)
        assert (is_right(client, old), is_right(client, new)) == (True, True)
    time_machine.move_to(end, tick=False)
    assert (is_right(client, old), is_right(client, new)) == (False, True)
    entry = AuditEntry.objects.get(action="replaced client secret")
    assert entry.actor == studio.members[Role.OWNER]


def test_s2_pressing_twice_makes_one_secret(owner: Client) -> None:
    client, old, _page = made(owner)
    values = asked(owner, client) | {"overlap": 3600}
    for _ in range(2):
        owner.post(url(PAGE, "rotate", client.pk), values)
    (new,) = SECRET.findall(owner.get(url(PAGE, "secret", client.pk)).content.decode())
    assert (is_right(client, old), is_right(client, new)) == (True, True)
    assert AuditEntry.objects.filter(action="replaced client secret").count() == 1


@pytest.mark.parametrize("wrong", [{"overlap": 5}, {"overlap": ""}, {"overlap": 3600, "seen": ""}])
def test_s2_a_new_secret_that_was_not_asked_for_properly_is_not_made(owner: Client, wrong: dict[str, Any]) -> None:
    client, old, _page = made(owner)
    assert owner.post(url(PAGE, "rotate", client.pk), asked(owner, client) | wrong).status_code == 200
    assert is_right(client, old)
    assert not AuditEntry.objects.filter(action="replaced client secret").exists()


def test_s2_a_second_new_secret_while_the_old_one_is_valid_is_warned_of(owner: Client) -> None:
    client, _secret, _page = made(owner)
    owner.post(url(PAGE, "rotate", client.pk), asked(owner, client) | {"overlap": 3600})
    page = owner.get(url(PAGE, "rotate", client.pk)).content.decode()
    assert "is valid until 2026-11-20 13:00 UTC" in page
    assert "ends it at once" in page


def test_s2_the_old_secret_can_be_forgotten(owner: Client) -> None:
    client, old, _page = made(owner)
    told = owner.get(url(PAGE, "forget", client.pk), follow=True).content.decode()
    assert "there is no old one to forget" in told
    owner.post(url(PAGE, "rotate", client.pk), asked(owner, client) | {"overlap": 604_800})
    assert url(PAGE, "forget", client.pk) in owner.get(url(PAGE, "change", client.pk)).content.decode()
    assert "instead of at 2026-11-27 12:00 UTC" in owner.get(url(PAGE, "forget", client.pk)).content.decode()
    assert is_right(client, old), "asking forgets nothing"
    owner.post(url(PAGE, "forget", client.pk))
    assert not is_right(client, old)
    assert url(PAGE, "forget", client.pk) not in owner.get(url(PAGE, "change", client.pk)).content.decode()


# The end.


def test_a1_revoking_says_what_it_ends_and_ends_it_at_once(owner: Client, studio: Studio) -> None:
    client, secret, _page = made(owner)
    tokens = [make_api_token(client), make_api_token(client, user=make_user()), make_api_token(client)]
    ApiUse.objects.create(client=client, minute=int(NOW.timestamp()) // 60 - 90, calls=3)
    page = owner.get(url(PAGE, "revoke", client.pk)).content.decode()
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>(.*?)</dd>", page))
    assert (facts["Tokens of its own"], facts["Players who allowed it"]) == ("2", "1")
    assert "2026-11-20 10:30 UTC" in facts["Last used"]
    assert "This is final" in page
    assert find_caller(tokens[0], now=NOW) is not None, "asking revokes nothing"
    told = owner.post(url(PAGE, "revoke", client.pk), follow=True).content.decode()
    assert "is revoked. Its calls are refused from now on" in told
    assert [find_caller(token, now=NOW) for token in tokens] == [None] * 3
    assert not Token.objects.exists()
    assert not is_right(client, secret)
    assert AuditEntry.objects.get(action="revoked").actor == studio.members[Role.OWNER]


def test_a1_a_revoked_client_stays_to_be_read_and_nothing_more(owner: Client, studio: Studio) -> None:
    client, _secret, _page = made(owner, redirect_uris="https://a.example/back", completing_texts="mailed")
    owner.post(url(PAGE, "revoke", client.pk))
    page = owner.get(url(PAGE, "change", client.pk)).content.decode()
    for shown in ("Revoked at 2026-11-20 12:00 UTC", "https://a.example/back", "mailed", client.oauth_id):
        assert shown in page
    assert 'name="_save"' not in page
    for deed in ("rotate", "end_tokens", "revoke"):
        assert url(PAGE, deed, client.pk) not in page
        told = owner.post(url(PAGE, deed, client.pk), {"overlap": 0, "seen": "x"}, follow=True).content.decode()
        assert "is revoked, which is final" in told
    assert owner.post(url(PAGE, "change", client.pk), {"name": "Again"}).status_code == 403
    assert owner.get(url(PAGE, "history", client.pk)).status_code == 200


def test_a1_revoked_while_somebody_else_changes_it_it_stays_revoked(
    owner: Client, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _secret, _page = made(owner)
    from fulfillment.admin import api_clients

    stored = api_clients.change_client

    def revoked_meanwhile(**terms: Any) -> ApiClient:
        revoke(client=client, actor=studio.members[Role.OWNER], now=NOW)
        return stored(**terms)

    monkeypatch.setattr(api_clients, "change_client", revoked_meanwhile)
    answer = changed(owner, client, name="Renamed")
    assert answer.status_code == 302
    told = owner.get(url(PAGE, "change", client.pk)).content.decode()
    assert "was revoked meanwhile" in told
    assert "was changed successfully" not in told
    after = ApiClient.objects.select_related("oauth").get()
    assert (after.oauth.name, after.revoked_at) == ("Backend", NOW)


def test_a1_its_tokens_can_be_ended_by_themselves(owner: Client) -> None:
    client, secret, _page = made(owner)
    token = make_api_token(client)
    assert owner.get(url(PAGE, "end_tokens", client.pk)).status_code == 200
    assert find_caller(token, now=NOW) is not None
    owner.post(url(PAGE, "end_tokens", client.pk))
    assert find_caller(token, now=NOW) is None
    assert is_right(client, secret)
