"""A client's own tokens in both platforms' forms (A1; protocols, Twitch OAuth, and Kick OAuth 2.1)."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.utils import timezone

from fulfillment.models import ApiClient
from fulfillment.oauth.secrets import new_secret, with_rotated
from tests.factories import api_headers, make_organization
from tests.fulfillment.oauth.walk import FORM, Program

pytestmark = pytest.mark.django_db

BOTH = ("/oauth2/token", "/oauth/token")
SIXTY_DAYS = 60 * 24 * 3600
FORMS = {
    "/oauth2/token": lambda status, message, error: {"status": status, "message": message},
    "/oauth/token": lambda status, message, error: {"error": error, "error_description": message},
}


@pytest.fixture
def program() -> Program:
    return Program()


def refused(answer: Any, path: str, twitch: int, kick: int, message: str, error: str) -> None:
    status = twitch if path == "/oauth2/token" else kick
    assert (answer.status_code, answer.json()) == (status, FORMS[path](status, message, error))
    assert answer["Cache-Control"] == "no-store"


def test_a1_twitch_gives_an_app_token_for_60_days_without_refresh_token(program: Program) -> None:
    answer = program.token()
    token = answer.json()
    assert answer.status_code == 200
    assert token == {"access_token": token["access_token"], "expires_in": SIXTY_DAYS, "token_type": "bearer"}
    assert len(token["access_token"]) > 40
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Type"].startswith("application/json")


def test_a1_kick_gives_an_app_token(program: Program) -> None:
    token = program.token("/oauth/token").json()
    assert token == {"access_token": token["access_token"], "expires_in": SIXTY_DAYS, "token_type": "Bearer"}


@pytest.mark.parametrize("path", BOTH)
def test_a1_the_token_opens_the_api_and_only_until_it_expires(program: Program, path: str) -> None:
    token = program.token(path).json()["access_token"]
    check = lambda: program.http.get("/oauth2/validate", headers={"Authorization": f"Bearer {token}"}).status_code  # noqa: E731
    assert check() == 200
    with time_machine.travel(timezone.now() + timedelta(seconds=SIXTY_DAYS + 1)):
        assert check() == 401


@pytest.mark.parametrize("path", BOTH)
def test_a1_what_is_asked_may_stand_in_the_body_in_the_query_or_in_both(program: Program, path: str) -> None:
    grant = {"grant_type": "client_credentials"}
    assert program.call(path, {**grant, **program.credentials}).status_code == 200
    assert program.call(path, {}, {**grant, **program.credentials}).status_code == 200
    assert program.call(path, grant, program.credentials).status_code == 200
    assert program.call(path, {**grant, **program.credentials}, {**grant, **program.credentials}).status_code == 200


def test_a1_a_query_with_no_body_at_all_and_an_empty_scope_is_what_public_clients_send(program: Program) -> None:
    query = f"grant_type=client_credentials&client_id={program.id}&client_secret={program.secret}&scope="
    answer = program.http.generic("POST", f"/oauth2/token?{query}")
    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize("path", BOTH)
def test_a1_json_and_multipart_bodies_are_read_too(program: Program, path: str) -> None:
    given = {"grant_type": "client_credentials", **program.credentials}
    assert program.http.post(path, json.dumps(given), content_type="application/json").status_code == 200
    with_scopes = json.dumps({**given, "scope": ["claims:read", "claims:write"], "state": None})
    assert program.http.post(path, with_scopes, content_type="application/json").json()["scope"]
    assert program.http.post(path, given).status_code == 200  # Django's client sends multipart


@pytest.mark.parametrize("path", BOTH)
def test_a1_a_form_or_json_may_come_in_chunks_without_a_length(program: Program, path: str) -> None:
    given = {"grant_type": "client_credentials", **program.credentials}
    for content_type, body in ((FORM, urlencode(given)), ("application/json", json.dumps(given))):
        answer = program.http.generic(
            "POST",
            path,
            headers={"Transfer-Encoding": "chunked"},
            **{"wsgi.input": BytesIO(body.encode()), "wsgi.input_terminated": True, "CONTENT_TYPE": content_type},
        )
        assert answer.status_code == 200, answer.content


@pytest.mark.parametrize("path", BOTH)
def test_a1_the_credentials_may_stand_in_a_basic_header(program: Program, path: str) -> None:
    basic = base64.b64encode(f"{program.id}:{program.secret}".encode()).decode()
    answer = program.call(path, {"grant_type": "client_credentials"}, Authorization=f"Basic {basic}")
    assert answer.status_code == 200
    other = program.call(
        path, {"grant_type": "client_credentials", "client_id": "another"}, Authorization=f"Basic {basic}"
    )
    refused(other, path, 400, 400, "client_id was given twice with different values.", "invalid_request")


@pytest.mark.parametrize("path", BOTH)
def test_a1_a_token_may_be_asked_for_with_fewer_scopes(program: Program, path: str) -> None:
    token = program.token(path, scope=" claims:read ").json()
    assert token["scope"] == (["claims:read"] if path == "/oauth2/token" else "claims:read")
    headers = api_headers(program.client, token["access_token"])
    assert program.http.get("/oauth2/validate", headers=headers).json()["scopes"] == ["claims:read"]


@pytest.mark.parametrize("path", BOTH)
@pytest.mark.parametrize("scope", ["user:read", "claims:read openid", "claims:raed"])
def test_a1_a_scope_that_the_client_does_not_have_is_refused(program: Program, path: str, scope: str) -> None:
    refused(program.token(path, scope=scope), path, 400, 400, "invalid scope requested", "invalid_scope")


@pytest.mark.parametrize("path", BOTH)
def test_a1_refusals_are_those_of_the_platforms(program: Program, path: str) -> None:
    missing = {"grant_type": "client_credentials"}
    refused(program.call(path, missing), path, 400, 401, "missing client id", "invalid_client")
    no_secret = {**missing, "client_id": program.id}
    refused(program.call(path, no_secret), path, 400, 401, "missing client secret", "invalid_client")
    unknown = program.token(path, client_id="b" * 30)
    refused(unknown, path, 400, 401, "invalid client", "invalid_client")
    wrong = program.token(path, client_secret=new_secret())
    refused(wrong, path, 403, 401, "invalid client secret", "invalid_client")
    refused(program.call(path, program.credentials), path, 400, 400, "missing grant type", "invalid_request")
    for grant in ("password", "implicit", "openid", "urn:ietf:params:oauth:grant-type:device_code"):
        answer = program.token(path, grant_type=grant)
        refused(answer, path, 400, 400, "unsupported grant type", "unsupported_grant_type")


def test_a1_kick_says_with_401_how_a_client_authenticates(program: Program) -> None:
    assert program.token("/oauth/token", client_secret="wrong")["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("path", BOTH)
def test_a1_an_expired_or_revoked_client_and_that_of_a_disabled_studio_is_nobody(program: Program, path: str) -> None:
    def answer() -> Any:
        return program.token(path)

    now = timezone.now()
    ApiClient.objects.filter(pk=program.client.pk).update(expires_at=now - timedelta(seconds=1))
    refused(answer(), path, 400, 401, "invalid client", "invalid_client")
    ApiClient.objects.filter(pk=program.client.pk).update(expires_at=now + timedelta(days=1))
    assert answer().status_code == 200
    ApiClient.objects.filter(pk=program.client.pk).update(revoked_at=now)
    refused(answer(), path, 400, 401, "invalid client", "invalid_client")
    ApiClient.objects.filter(pk=program.client.pk).update(revoked_at=None)
    program.organization.enabled = False
    program.organization.save()
    refused(answer(), path, 400, 401, "invalid client", "invalid_client")


def test_a1_a_client_of_the_library_that_is_none_of_the_partner_api_is_nobody(program: Program) -> None:
    program.client.delete()
    refused(program.token(), "/oauth2/token", 400, 401, "invalid client", "invalid_client")


@pytest.mark.parametrize("path", BOTH)
def test_a1_the_secret_before_counts_until_its_end(program: Program, path: str) -> None:
    old, new = program.secret, new_secret()
    end = timezone.now() + timedelta(hours=1)
    program.client.oauth.secret = with_rotated(program.client.oauth.secret, new, end)
    program.client.oauth.save()
    assert program.token(path, client_secret=old).status_code == 200
    assert program.token(path, client_secret=new).status_code == 200
    with time_machine.travel(end + timedelta(seconds=1)):
        assert program.token(path, client_secret=old).status_code in (401, 403)
        assert program.token(path, client_secret=new).status_code == 200


@pytest.mark.parametrize("path", BOTH)
def test_a1_a_client_without_addresses_may_not_use_codes(program: Program, path: str) -> None:
    program.client.oauth.set_grant_types(["client_credentials"])
    program.client.oauth.save()
    answer = program.token(path, grant_type="refresh_token", refresh_token="x")
    refused(answer, path, 400, 400, "This client may not use this grant type.", "unauthorized_client")


@pytest.mark.parametrize("path", [*BOTH, "/oauth2/revoke", "/oauth/revoke", "/oauth/token/introspect"])
def test_p0_other_methods_are_refused_in_the_platforms_form(program: Program, path: str) -> None:
    answer = program.http.get(path)
    assert answer.status_code == 405
    assert "POST" in answer["Allow"]
    assert set(answer.json()) == (
        {"status", "message"} if path.startswith("/oauth2") else {"error", "error_description"}
    )


def test_p0_a_session_means_nothing_to_these_calls_and_they_need_no_csrf_token(program: Program) -> None:
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    assert browser.post("/oauth2/token", program.credentials).json()["message"] == "missing grant type"


@pytest.mark.parametrize("path", BOTH)
def test_s4_one_address_may_not_ask_without_end(program: Program, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fulfillment.oauth.views.CALLS_PER_ADDRESS", 2)
    with time_machine.travel(timezone.now().replace(second=10)):
        assert [program.token(path).status_code for _ in range(3)] == [200, 200, 429]
        answer = program.token(path)
        refused(answer, path, 429, 429, "Too Many Requests", "temporarily_unavailable")
        assert 0 < int(answer["Retry-After"]) <= 61


@pytest.mark.parametrize("path", BOTH)
def test_s4_one_client_may_not_either_and_nobody_else_can_use_its_calls_up(
    program: Program, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment.oauth.server.CALLS_PER_CLIENT", 2)
    with time_machine.travel(timezone.now().replace(second=10)):
        for _ in range(5):
            program.token(path, client_secret="guessed")
        assert [program.token(path).status_code for _ in range(3)] == [200, 200, 429]
        assert int(program.token(path)["Retry-After"]) > 0
        assert Program(make_organization()).token(path).status_code == 200


def test_o3_neither_secrets_nor_tokens_are_logged(program: Program, caplog: pytest.LogCaptureFixture) -> None:
    import logging

    caplog.set_level(logging.DEBUG)
    query = {"grant_type": "client_credentials", **program.credentials}
    token = program.call("/oauth2/token", {}, query).json()["access_token"]
    program.call("/oauth/revoke", {}, {"token": token})
    assert program.secret not in caplog.text
    assert token not in caplog.text


JUNK = ["\x00", "a\x00b", "\x1f", "ü" * 50, "x" * 5000, "%", "\u202e", "'; DROP TABLE--", "[]", "{}", "\ud7ff", "😀"]


@pytest.mark.parametrize("path", [*BOTH, "/oauth2/revoke", "/oauth/revoke"])
@pytest.mark.parametrize("junk", JUNK)
def test_p0_junk_in_any_parameter_is_refused_and_breaks_nothing(program: Program, path: str, junk: str) -> None:
    names = [
        "client_id",
        "client_secret",
        "grant_type",
        "code",
        "code_verifier",
        "redirect_uri",
        "refresh_token",
        "scope",
        "token",
        "user",
        "client",
    ]
    for grant in ("client_credentials", "authorization_code", "refresh_token"):
        whole = {
            "grant_type": grant,
            **program.credentials,
            "code": "c",
            "code_verifier": "v",
            "redirect_uri": "https://a",
            "refresh_token": "r",
            "token": "t",
            "scope": "claims:read",
        }
        for name in names:
            for answer in (program.call(path, {**whole, name: junk}), program.call(path, {}, {**whole, name: junk})):
                assert answer.status_code < 500, (grant, name)
            text = json.dumps({**whole, name: junk})
            assert program.http.post(path, text, content_type="application/json").status_code < 500


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff\xfe\x00", FORM),
        (b"a=%zz&%", FORM),
        (b"&".join(b"a%d=1" % n for n in range(1500)), FORM),
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b'"x"', "application/json"),
        (b'{"client_id": 5}', "application/json"),
        (b'{"client_id": {"a": 1}}', "application/json"),
        (b"--x", "multipart/form-data"),
        (b"--x", "multipart/form-data; boundary=y"),
        (b"x", "text/plain"),
        (b"x" * 70_000, FORM),
    ],
)
@pytest.mark.parametrize("path", BOTH)
def test_p0_a_body_that_cannot_be_read_is_refused_in_the_platforms_form(
    program: Program, path: str, body: bytes, content_type: str
) -> None:
    answer = program.http.generic("POST", path, body, content_type=content_type)
    assert 400 <= answer.status_code < 500
    assert set(answer.json()) == ({"status", "message"} if path == "/oauth2/token" else {"error", "error_description"})


@pytest.mark.parametrize("header", ["Basic", "Basic ", "Basic ü", "Basic !!!", "Basic /w==", "Basic Og==", "Bearer x"])
def test_p0_a_header_that_cannot_be_read_is_refused(program: Program, header: str) -> None:
    encoded = header.encode("latin-1", "replace").decode("latin-1")
    answer = program.call("/oauth2/token", {"grant_type": "client_credentials"}, Authorization=encoded)
    assert 400 <= answer.status_code < 500


def test_a1_parameters_that_the_library_takes_for_its_own_values_are_not_passed_on(program: Program) -> None:
    """``user`` and ``scopes`` would otherwise be whose token it is and what it may."""
    answer = program.token(user="1", scopes="openid", client="x", extra_credentials="y")
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "expires_in", "token_type"}
