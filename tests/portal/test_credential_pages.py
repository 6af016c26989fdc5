"""The pages on which a credential is checked and its secrets are renewed (I4, S1, S2, S5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal import platforms
from portal.models import AppAccessToken, AuditEntry, Organization, PlatformCredential
from portal.roles import Role
from tests.admin_pages import FormReader, sign_in, url
from tests.doubles.platform_server import TwitchApi
from tests.factories import make_category, make_credential, make_game, make_organization, make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loopback")]

DEEDS = ("check", "client_secret", "webhook_secret", "shown_secret", "new_address", "forget_secret")
REFUSED = "does not accept this secret"


@pytest.fixture
def api() -> Iterator[TwitchApi]:
    made = TwitchApi()
    yield made
    made.stop()


@pytest.fixture
def organization() -> Organization:
    return make_organization()


@pytest.fixture
def client(organization: Organization) -> Client:
    return sign_in(make_staff(organization))


@pytest.fixture
def credential(organization: Organization, api: TwitchApi) -> PlatformCredential:
    return make_credential(
        organization, "twitch", client_id="C", id_url=api.url, api_url=api.url, webhook_secret="the-one-before"
    )


def deed(credential: PlatformCredential, name: str) -> str:
    return url("portal.platformcredential", name, credential.pk)


def text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_the_credentials_page_leads_to_its_deeds(client: Client, credential: PlatformCredential) -> None:
    shown = text(client, deed(credential, "change"))
    for name in ("check", "client_secret", "webhook_secret", "new_address"):
        assert deed(credential, name) in shown
    kick = make_credential(credential.organization, "kick")
    shown = text(client, deed(kick, "change"))
    assert deed(kick, "check") in shown and deed(kick, "webhook_secret") not in shown
    assert client.get(deed(kick, "webhook_secret")).status_code == 404


def test_what_a_platform_does_not_sign_with_is_not_asked_for(client: Client, credential: PlatformCredential) -> None:
    kick = make_credential(credential.organization, "kick")
    assert 'name="webhook_secret"' in text(client, deed(credential, "change"))
    assert 'name="webhook_secret"' not in text(client, deed(kick, "change"))


def test_a_webhook_secret_that_no_subscription_tells_is_entered_and_not_made(
    client: Client, credential: PlatformCredential, monkeypatch: pytest.MonkeyPatch
) -> None:
    twitch = platforms.get("twitch")
    hints = {**twitch.check_hints, "webhook_secret": "It stands in the console."}
    changed = replace(twitch, subscriptions=None, check_hints=hints)
    monkeypatch.setitem(platforms.registry, "twitch", changed)
    shown = text(client, deed(credential, "change"))
    assert deed(credential, "webhook_secret") not in shown and "It stands in the console." in shown
    assert client.get(deed(credential, "webhook_secret")).status_code == 404
    PlatformCredential.objects.update(webhook_secret="", previous_webhook_secret="older-secret")
    assert "until you forget it." in text(client, deed(credential, "change"))
    checked = client.post(deed(credential, "check")).content.decode()
    assert "It stands in the console." in checked and "New webhook secret" not in checked


@pytest.mark.parametrize("role", [Role.PRODUCER, Role.SUPPORT, Role.ANALYST])
def test_s1_only_owners_check_and_renew(organization: Organization, credential: PlatformCredential, role: Role) -> None:
    theirs = sign_in(make_staff(organization, role))
    for name in DEEDS:
        for method in (theirs.get, theirs.post):
            assert method(deed(credential, name)).status_code in (403, 404), name
    assert PlatformCredential.objects.get(pk=credential.pk).webhook_secret == "the-one-before"


def test_s1_another_organizations_credential_does_not_exist(client: Client) -> None:
    other = make_credential(make_organization(), "twitch")
    for name in DEEDS:
        assert client.get(deed(other, name)).status_code == 404, name
        assert client.post(deed(other, name)).status_code == 404, name


def test_a_check_runs_when_asked_to_and_not_when_looked_at(
    client: Client, credential: PlatformCredential, api: TwitchApi
) -> None:
    shown = text(client, deed(credential, "check"))
    assert "Check now" in shown and "asks the platform now" in shown
    assert api.calls == []
    response = client.post(deed(credential, "check"))
    assert response.status_code == 200
    shown = response.content.decode()
    assert "What works" in shown and "What cannot be told from here" in shown and "Check again" in shown
    assert "the app got a new token" in shown
    assert AuditEntry.objects.get(object_id=credential.pk, action="checked").after["works"] >= 4


def test_a_check_shows_what_to_mend_first_and_no_secret(
    client: Client, credential: PlatformCredential, api: TwitchApi, organization: Organization
) -> None:
    api.token_status = 403
    api.categories = {"1": "Chess"}
    make_category(make_game(organization, name="Our <b>game</b>"), "twitch", platform_category_id="2")
    shown = client.post(deed(credential, "check")).content.decode()
    assert "2 things do not work." in shown
    assert shown.index("What to mend") < shown.index("What cannot be told") < shown.index("What works")
    for secret in ("client-secret", "the-one-before", credential.url_token):
        assert secret not in shown
    assert "/accounts/twitch/login/callback/" in shown


def test_what_the_platform_says_is_shown_as_text(
    client: Client, credential: PlatformCredential, api: TwitchApi, organization: Organization
) -> None:
    api.categories = {"2": "<script>alert(1)</script>"}
    make_category(make_game(organization), "twitch", platform_category_id="2")
    shown = client.post(deed(credential, "check")).content.decode()
    assert "&lt;script&gt;alert(1)" in shown and "<script>alert(1)" not in shown


def test_a_new_client_secret_is_tried_and_stored(
    client: Client, credential: PlatformCredential, api: TwitchApi
) -> None:
    response = client.post(deed(credential, "client_secret"), {"client_secret": " brand-new \n"}, follow=True)
    assert "The platform accepts the new client secret." in response.content.decode()
    credential.refresh_from_db()
    assert credential.client_secret == "brand-new"
    assert credential.client_secret_set_at is not None
    assert "brand-new" not in response.content.decode()


def test_a_client_secret_that_is_refused_is_explained_and_never_shown(
    client: Client, credential: PlatformCredential, api: TwitchApi
) -> None:
    api.token_status = 403
    response = client.post(deed(credential, "client_secret"), {"client_secret": "wr0ng-one"})
    shown = response.content.decode()
    assert response.status_code == 200
    assert REFUSED in shown and "wr0ng-one" not in shown
    assert PlatformCredential.objects.get(pk=credential.pk).client_secret == "client-secret"


def test_a_platform_that_cannot_be_asked_is_no_reason_to_call_the_secret_wrong(
    client: Client, credential: PlatformCredential, api: TwitchApi
) -> None:
    api.token_status = 500
    shown = client.post(deed(credential, "client_secret"), {"client_secret": "fine-one"}).content.decode()
    assert "could not be tried" in shown and REFUSED not in shown


def test_s2_a_new_webhook_secret_is_shown_once(client: Client, credential: PlatformCredential) -> None:
    address = deed(credential, "webhook_secret")
    values = {"seen": ""}
    response = client.post(address, values)
    assert response.headers["Location"] == deed(credential, "shown_secret")
    client.post(address, values)  # pressed twice
    credential.refresh_from_db()
    assert credential.previous_webhook_secret == "the-one-before"
    page = client.get(deed(credential, "shown_secret"))
    assert credential.webhook_secret in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    assert credential.webhook_secret not in text(client, deed(credential, "shown_secret"))
    assert "There still is a secret from before" in text(client, address)


def test_since_when_a_secret_is_the_one_that_it_is_is_kept_and_shown(
    client: Client, credential: PlatformCredential
) -> None:
    AppAccessToken.objects.create(
        credential=credential, client_id="C", access_token="t", expires_at=timezone.now() + timedelta(days=9)
    )
    reader = FormReader("platformcredential_form")
    reader.feed(text(client, deed(credential, "change")))
    client.post(deed(credential, "change"), {**reader.values, "enabled": ""})
    credential.refresh_from_db()
    assert (credential.client_secret_set_at, credential.webhook_secret_set_at) == (None, None)
    assert AppAccessToken.objects.count() == 1
    client.post(deed(credential, "change"), {**reader.values, "client_secret": "another", "webhook_secret": ""})
    credential.refresh_from_db()
    assert credential.client_secret_set_at is not None and credential.webhook_secret_set_at is None
    assert not AppAccessToken.objects.exists()
    assert "client secret: set less than a minute ago" in text(client, deed(credential, "change"))
    assert "nobody noted when" in text(client, url("portal.platformcredential", "changelist"))


def test_old_secrets_are_on_a_card_of_owners_alone(
    client: Client, credential: PlatformCredential, organization: Organization
) -> None:
    start = reverse("admin:card", args=["secrets"])
    assert "Twitch: webhook secret" not in text(client, start)
    old = timezone.now() - timedelta(days=400)
    PlatformCredential.objects.filter(pk=credential.pk).update(webhook_secret_set_at=old)
    shown = text(client, start)
    assert "A secret that was the same for a year" in shown and "Twitch: webhook secret" in shown
    assert "renew it" in text(client, url("portal.platformcredential", "changelist"))
    assert "Twitch: webhook secret" not in text(sign_in(make_staff(organization, Role.PRODUCER)), start)
    PlatformCredential.objects.filter(pk=credential.pk).update(enabled=False)
    assert "Twitch: webhook secret" not in text(client, start)
