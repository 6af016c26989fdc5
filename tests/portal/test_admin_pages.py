"""The kernel's own pages: members, credentials, users, history (S1, S2, S5, I4)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.models import AuditEntry, Organization, PlatformCredential, User
from portal.roles import Role
from tests.admin_pages import errors_of, form_of, sign_in, url
from tests.factories import PASSWORD, make_credential, make_organization, make_staff

pytestmark = pytest.mark.django_db

STUDIO = "organization_form"
CREDENTIAL = "platformcredential_form"


@pytest.fixture
def organization() -> Organization:
    return make_organization()


@pytest.fixture
def owner(organization: Organization) -> User:
    return make_staff(organization)


@pytest.fixture
def client(owner: User) -> Client:
    return sign_in(owner)


def studio(organization: Organization) -> str:
    return url("portal.organization", "change", organization.pk)


def test_c5_only_the_administrator_enables_an_organization(client: Client, organization: Organization) -> None:
    Organization.objects.update(enabled=False)
    values = form_of(client, studio(organization), STUDIO)
    assert "enabled" not in values
    client.post(studio(organization), values | {"enabled": "on"})
    organization.refresh_from_db()
    assert not organization.enabled
    administrator = sign_in(User.objects.create_superuser("root", "root@example.org", PASSWORD))
    other = make_organization(enabled=False)
    values = form_of(administrator, studio(other), STUDIO) | {"enabled": "on"}
    assert administrator.post(studio(other), values).status_code == 302
    other.refresh_from_db()
    assert other.enabled


def test_the_administrator_makes_an_organization_and_is_led_to_invite_its_owner() -> None:
    administrator = sign_in(User.objects.create_superuser("root", "root@example.org", PASSWORD))
    make_organization()
    address = url("portal.organization", "add")
    values = form_of(administrator, address, STUDIO) | {"name": "New Studio", "slug": "new-studio"}
    answer = administrator.post(address, values, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("admin:members"), errors_of(answer)
    assert answer.context["organization"].slug == "new-studio"


def test_what_has_to_be_written_again_takes_the_focus(client: Client, organization: Organization) -> None:
    address = studio(organization)
    values = form_of(client, address, STUDIO)
    assert "autofocus" not in client.get(address).content.decode(), "the page is read from its top"
    page = client.post(address, values | {"name": "", "slug": "Not a slug"}).content.decode()
    [focused] = re.findall(r"<(?:select|textarea|input)[^>]* autofocus[^>]*>", page)
    assert 'name="name"' in focused
    assert "autofocus" not in client.get(address).content.decode(), "nothing of it stays for the next"


# Credentials (I4, S2).


def credential_values(client: Client, credential: PlatformCredential | None = None) -> tuple[str, dict[str, Any]]:
    pages = ("change", credential.pk) if credential else ("add",)
    address = url("portal.platformcredential", *pages)
    return address, form_of(client, address, CREDENTIAL)


def test_s2_secrets_are_written_and_never_shown(client: Client, organization: Organization) -> None:
    address, values = credential_values(client)
    values |= {"platform": "twitch", "client_id": "abc", "client_secret": "hush-hush", "webhook_secret": "0123456789"}
    answer = client.post(address, values)
    assert answer.status_code == 302, errors_of(answer)
    credential = PlatformCredential.objects.get()
    assert (credential.organization, credential.client_secret) == (organization, "hush-hush")
    address, values = credential_values(client, credential)
    text = client.get(address).content.decode()
    assert f"/webhooks/twitch/{credential.url_token}" in text
    history = client.get(url("portal.platformcredential", "history", credential.pk)).content.decode()
    for secret in ("hush-hush", "0123456789"):
        assert secret not in text + history
    client.post(address, values | {"client_id": "changed"})
    credential.refresh_from_db()
    assert (credential.client_id, credential.client_secret) == ("changed", "hush-hush")


def test_p1_a_replaced_webhook_secret_is_still_accepted_until_it_is_forgotten(
    client: Client, organization: Organization
) -> None:
    credential = make_credential(organization, "twitch", webhook_secret="old-secret-1")
    address, values = credential_values(client, credential)
    assert client.post(address, values | {"webhook_secret": "new-secret-2"}).status_code == 302
    credential.refresh_from_db()
    assert (credential.webhook_secret, credential.previous_webhook_secret) == ("new-secret-2", "old-secret-1")
    assert AuditEntry.objects.filter(action="replaced webhook secret").exists()
    forget = url("portal.platformcredential", "forget_secret", credential.pk)
    assert client.get(forget).status_code == 200
    client.post(forget)
    credential.refresh_from_db()
    assert credential.previous_webhook_secret == ""


def test_a1_a_key_that_came_from_another_address_is_forgotten_with_it(
    client: Client, organization: Organization
) -> None:
    credential = make_credential(
        organization, "kick", api_url="https://kick.example.org", public_key="its key", previous_public_key="an old key"
    )
    address, values = credential_values(client, credential)
    assert client.post(address, values | {"client_id": "changed"}).status_code == 302
    credential.refresh_from_db()
    assert credential.public_key == "its key"
    assert client.post(address, values | {"api_url": ""}).status_code == 302
    credential.refresh_from_db()
    assert (credential.api_url, credential.public_key, credential.previous_public_key) == ("", "", "")
    assert credential.public_key_fetched_at is None


@pytest.mark.parametrize("secret", ["short", "x" * 101, "sécret-with-accents"])
def test_p1_a_webhook_secret_that_twitch_would_not_take_is_refused(
    client: Client, organization: Organization, secret: str
) -> None:
    address, values = credential_values(client, make_credential(organization, "twitch"))
    answer = client.post(address, values | {"webhook_secret": secret})
    assert "A webhook secret has 10 to 100 ASCII characters." in errors_of(answer)


def test_p1_the_webhook_gets_a_new_address(client: Client, organization: Organization) -> None:
    credential = make_credential(organization)
    old = credential.url_token
    deed = url("portal.platformcredential", "new_address", credential.pk)
    client.get(deed)
    credential.refresh_from_db()
    assert credential.url_token == old
    client.post(deed)
    credential.refresh_from_db()
    assert credential.url_token != old
    assert AuditEntry.objects.filter(action="renewed webhook address").exists()


def test_i4_one_credential_for_each_platform(client: Client, organization: Organization) -> None:
    make_credential(organization, "kick")
    address, values = credential_values(client)
    answer = client.post(address, values | {"platform": "kick", "client_id": "second"})
    assert errors_of(answer)
    assert PlatformCredential.objects.count() == 1


@pytest.mark.parametrize("target", ["ftp://id.example.org", "http://id.example.org", "javascript:alert(1)", "nonsense"])
def test_d7_a_base_address_must_be_one_that_may_be_called(
    client: Client, organization: Organization, target: str
) -> None:
    address, values = credential_values(client, make_credential(organization))
    assert errors_of(client.post(address, values | {"api_url": target}))


# History (S5).


def test_s5_the_history_of_an_object_tells_from_what_to_what(
    client: Client, organization: Organization, owner: User
) -> None:
    values = form_of(client, studio(organization), STUDIO) | {"name": "Renamed Studio"}
    before = organization.name
    client.post(studio(organization), values)
    text = client.get(url("portal.organization", "history", organization.pk)).content.decode()
    assert before in text
    assert "Renamed Studio" in text
    assert str(owner) in text
    listed = client.get(url("portal.auditentry", "changelist")).content.decode()
    assert re.search(r">\s*organization\s*<", listed)


def test_s5_audit_entries_are_read_and_nothing_else(client: Client, organization: Organization, owner: User) -> None:
    client.post(studio(organization), form_of(client, studio(organization), STUDIO) | {"name": "Renamed"})
    entry = AuditEntry.objects.order_by("-pk")[0]
    address = url("portal.auditentry", "change", entry.pk)
    assert "Renamed" in client.get(address).content.decode()
    assert client.post(address, {"action": "nothing happened"}).status_code == 403
    assert client.post(url("portal.auditentry", "delete", entry.pk), {"post": "yes"}).status_code == 403


def test_i1_the_administrator_manages_users(organization: Organization, owner: User) -> None:
    administrator = sign_in(User.objects.create_superuser("root", "root@example.org", PASSWORD))
    for address in (
        url("portal.user", "changelist"),
        url("portal.user", "add"),
        url("portal.user", "change", owner.pk),
    ):
        assert administrator.get(address).status_code == 200
    values = form_of(administrator, url("portal.user", "change", owner.pk), "user_form") | {"display_name": "Olga"}
    assert administrator.post(url("portal.user", "change", owner.pk), values).status_code == 302
    owner.refresh_from_db()
    assert owner.display_name == "Olga"


def test_the_first_stop_of_the_keyboard_leads_past_the_menu_to_the_content(client: Client) -> None:
    for name in ("admin:index", "admin:members", "admin:portal_auditentry_changelist"):
        html = client.get(reverse(name)).content.decode()
        first = re.search(r'<a\s[^>]*href="([^"]*)"', html)
        assert first is not None
        assert first[1] == "#content"
        assert html.count('id="content"') == 1


def test_s1_what_a_role_does_not_include_is_told_as_that_and_leads_back_to_the_admin(
    organization: Organization,
) -> None:
    answer = sign_in(make_staff(organization, Role.SUPPORT)).get(reverse("admin:retry_since"))
    html = answer.content.decode()
    assert answer.status_code == 403
    assert "Your role does not include it." in html
    assert f'href="{reverse("admin:index")}"' in html


def test_s1_what_is_not_within_reach_is_no_page_of_the_admin_and_leads_back_to_it(organization: Organization) -> None:
    elsewhere = url("portal.organization", "change", make_organization().pk)
    html = sign_in(make_staff(organization, Role.SUPPORT)).get(elsewhere, follow=True).content.decode()
    assert "There is no such page" in html
    assert f'href="{reverse("admin:index")}"' in html
    assert "choose your game" not in html
