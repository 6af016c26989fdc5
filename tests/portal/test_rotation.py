"""Renewing the secrets of a credential without a gap, and the reminder to do so (I4, S2, S5)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portal import platforms
from portal.models import AppAccessToken, AuditEntry, PlatformCredential
from portal.platforms.calls import PlatformError
from portal.rotation import CredentialChanged, renew_client_secret, renew_webhook_secret, webhook_secret_state
from portal.secret_ages import REMIND_AFTER, say_age, secret_ages
from tests import factories as make
from tests.doubles.platform_server import KickApi, PlatformServer, TwitchApi
from tests.factories import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loopback")]


@pytest.fixture(params=[TwitchApi, KickApi])
def api(request: pytest.FixtureRequest) -> Iterator[PlatformServer]:
    made = request.param()
    yield made
    made.stop()


def credential_at(api: PlatformServer, **fields: Any) -> PlatformCredential:
    return make.make_credential(
        make.make_organization(), api.shape, client_id=api.client_id, id_url=api.url, api_url=api.url, **fields
    )


def renew(credential: PlatformCredential, secret: str = "new-secret") -> None:
    renew_client_secret(
        credential=credential, client_secret=secret, actor=make.make_staff(credential.organization), now=NOW
    )


def test_a_new_client_secret_that_works_is_stored_with_the_token_it_got(api: PlatformServer) -> None:
    credential = credential_at(api)
    renew(credential)
    credential.refresh_from_db()
    assert (credential.client_secret, credential.client_secret_set_at) == ("new-secret", NOW)
    assert b"client_secret=new-secret" in api.server.requests[0].body
    assert AppAccessToken.objects.get().access_token == "app-token-1"
    entry = AuditEntry.objects.get(object_id=credential.pk, action="renewed client secret")
    assert "new-secret" not in f"{entry.before}{entry.after}{entry.reason}"


def test_the_token_before_is_ended_at_the_platform(api: PlatformServer) -> None:
    credential = credential_at(api)
    api.tokens.append("old-token")
    AppAccessToken.objects.create(
        credential=credential, client_id=api.client_id, access_token="old-token", expires_at=NOW + timedelta(days=9)
    )
    renew(credential)
    assert "old-token" in api.ended
    assert AppAccessToken.objects.get().access_token == "app-token-2"


def test_a_token_that_cannot_be_ended_keeps_nothing_from_being_stored(api: PlatformServer) -> None:
    credential = credential_at(api)
    AppAccessToken.objects.create(
        credential=credential, client_id=api.client_id, access_token="old-token", expires_at=NOW
    )
    revoke = next(key for key in api.routes if "revoke" in key[1])
    api.routes[revoke] = lambda connection, request, asked: connection.reply(500)
    renew(credential)
    assert PlatformCredential.objects.get(pk=credential.pk).client_secret == "new-secret"


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_a_client_secret_that_does_not_work_changes_nothing(api: PlatformServer, status: int) -> None:
    credential = credential_at(api)
    api.token_status = status
    with pytest.raises(PlatformError):
        renew(credential)
    credential.refresh_from_db()
    assert (credential.client_secret, credential.client_secret_set_at) == ("client-secret", None)
    assert not AppAccessToken.objects.exists()
    assert not AuditEntry.objects.filter(object_id=credential.pk).exists()


@pytest.mark.parametrize(("status", "is_taken"), [(200, True), (403, True), (401, False), (400, False), (500, False)])
def test_where_there_are_no_app_tokens_a_new_client_secret_is_tried_by_a_call(
    api: PlatformServer, monkeypatch: pytest.MonkeyPatch, status: int, is_taken: bool
) -> None:
    monkeypatch.setitem(platforms.registry, api.shape, replace(platforms.get(api.shape), get_app_token=None))
    credential = credential_at(api)
    api.tokens.append("new-secret")
    api.list_faults.extend([status] if status != 200 else [])
    with nullcontext() if is_taken else pytest.raises(PlatformError):
        renew(credential)
    credential.refresh_from_db()
    assert credential.client_secret == ("new-secret" if is_taken else "client-secret")
    assert not AppAccessToken.objects.exists()


def test_a_secret_that_somebody_else_changed_meanwhile_is_not_overwritten(api: PlatformServer) -> None:
    credential = credential_at(api)
    other = PlatformCredential.objects.get(pk=credential.pk)
    other.client_secret = "of-somebody-else"
    other.save()
    with pytest.raises(CredentialChanged):
        renew(credential)
    assert PlatformCredential.objects.get(pk=credential.pk).client_secret == "of-somebody-else"


def renew_webhook(credential: PlatformCredential, *, seen: str | None = None, after: timedelta = timedelta()) -> str:
    seen = webhook_secret_state(credential) if seen is None else seen
    return renew_webhook_secret(credential_id=credential.pk, seen=seen, actor=None, now=NOW + after)


def test_p1_a_new_webhook_secret_leaves_the_one_before_accepted() -> None:
    credential = make.make_credential(make.make_organization(), "twitch", webhook_secret="the-one-before")
    secret = renew_webhook(credential)
    credential.refresh_from_db()
    assert (credential.webhook_secret, credential.previous_webhook_secret) == (secret, "the-one-before")
    assert credential.webhook_secret_set_at == NOW
    assert 10 <= len(secret) <= 100 and secret.isascii()
    assert AuditEntry.objects.filter(object_id=credential.pk, action="renewed webhook secret").count() == 1


def test_p1_pressing_twice_does_not_lose_the_secret_that_messages_are_signed_with() -> None:
    credential = make.make_credential(make.make_organization(), "twitch", webhook_secret="the-one-before")
    seen = webhook_secret_state(credential)
    first = renew_webhook(credential, seen=seen)
    with pytest.raises(CredentialChanged):
        renew_webhook(credential, seen=seen, after=timedelta(seconds=1))
    credential.refresh_from_db()
    assert (credential.webhook_secret, credential.previous_webhook_secret) == (first, "the-one-before")


def test_a_secret_is_old_after_a_year_and_one_of_unknown_age_is_not_said_to_be() -> None:
    organization = make.make_organization()
    credential = make.make_credential(organization, "twitch", client_secret_set_at=NOW - REMIND_AFTER)
    client, webhook = secret_ages(credential, now=NOW)
    assert (client.is_old, say_age(client, now=NOW)) == (True, "client secret: set 1\xa0year ago")
    assert (webhook.is_old, say_age(webhook, now=NOW)) == (False, "webhook secret: set, nobody noted when")
    assert not secret_ages(credential, now=NOW - timedelta(seconds=1))[0].is_old
    kick = make.make_credential(organization, "kick", client_secret="", client_secret_set_at=NOW - 2 * REMIND_AFTER)
    assert [(age.is_old, say_age(age, now=NOW)) for age in secret_ages(kick, now=NOW)] == [
        (False, "client secret: not set")
    ]
