"""Letting the portal read reports: only who asked in this browser, once, for this credential; tokens encrypted and nowhere else."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.urls import reverse

from fulfillment.models import ReportGrant, ReportWindow
from fulfillment.reports import granting
from fulfillment.reports.granting import SESSION_KEY, GrantFailed, redirect_uri
from fulfillment.reports.standing import grant_standing
from fulfillment.reports.words import why_not
from portal.models import AuditEntry, Organization, PlatformCredential, User
from portal.roles import Role
from tests.admin_pages import sign_in
from tests.doubles.oauth_server import ACCESS_TOKEN, REFRESH_TOKEN
from tests.doubles.reports_server import SCOPE, ReportsServer
from tests.doubles.twitch_server import REVOKE, TOKEN, VALIDATE
from tests.factories import make_credential, make_organization, make_staff
from tests.fulfillment.reports.desk import NOW, let, make_app

pytestmark = pytest.mark.django_db

PERSON = {"id": "9001", "login": "producer"}


@pytest.fixture
def organization(credential: PlatformCredential) -> Organization:
    return credential.organization


@pytest.fixture
def owner(organization: Organization) -> User:
    return make_staff(organization)


@pytest.fixture
def client(owner: User) -> Client:
    return sign_in(owner)


def press(client: Client, credential: PlatformCredential) -> str:
    answer = client.post(reverse("admin:reports_let", args=[credential.pk]))
    assert answer.status_code == 302
    return str(answer["Location"])


def come_back(client: Client, address: str) -> str:
    """Come back from the platform; return what the portal says of it."""
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == redirect_uri()
    answer = client.get(f"{parts.path}?{parts.query}")
    assert (answer.status_code, answer["Location"]) == (302, reverse("admin:reports"))
    return "\n".join(str(message) for message in get_messages(answer.wsgi_request))


def test_l9_i4_whoever_grants_is_sent_with_the_studios_own_app_and_the_token_is_stored_encrypted(
    server: ReportsServer, client: Client, credential: PlatformCredential, owner: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    address = press(client, credential)
    assert address.startswith(f"{server.url}/oauth2/authorize?")
    asked = parse_qs(urlsplit(address).query)
    assert asked["client_id"] == [credential.client_id]
    assert asked["scope"] == [SCOPE]
    assert asked["redirect_uri"] == [redirect_uri()]
    assert asked["state"][0] not in str(dict(client.session))
    assert "may now read" in come_back(client, server.consent(address, PERSON))

    grant = ReportGrant.objects.get()
    assert grant.access_token.startswith(ACCESS_TOKEN)
    assert (grant.refresh_token, grant.platform_user_id, grant.granted_by) == (REFRESH_TOKEN, "9001", owner)
    assert grant.fetch_at is not None
    assert grant.validate_at is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT access_token, refresh_token FROM fulfillment_reportgrant", [])
        assert all(value.startswith("enc1:") for value in cursor.fetchone())
    entry = AuditEntry.objects.get(action="let the portal read reports")
    assert (entry.actor, entry.object_id) == (owner, credential.pk)
    page = client.get(reverse("admin:reports")).content.decode()
    everything = f"{caplog.text} {dict(client.session)} {page} {entry.after}"
    for secret in (ACCESS_TOKEN, REFRESH_TOKEN, credential.client_secret, asked["state"][0]):
        assert secret not in everything
    assert grant_standing([credential.pk, "other"]) == {credential.pk: "good", "other": "none"}


def test_s3_browsers_may_follow_the_form_to_the_platform_wherever_it_is(
    client: Client, credential: PlatformCredential, server: ReportsServer
) -> None:
    policy = client.get(reverse("admin:reports")).headers["Content-Security-Policy"]
    allowed = next(part for part in policy.split("; ") if part.startswith("form-action")).split()
    assert server.url in allowed
    assert "https://id.twitch.tv" in allowed
    assert "'unsafe-eval'" in policy  # the admin's own is still there
    other = client.get(reverse("admin:index")).headers["Content-Security-Policy"]
    assert server.url not in other


def test_the_address_to_register_is_shown_as_it_is_sent(client: Client, credential: PlatformCredential) -> None:
    page = client.get(reverse("admin:reports")).content.decode()
    assert redirect_uri() in page
    assert redirect_uri().endswith("/admin/reports/granted/")
    assert f"redirect_uri={urlencode({'': redirect_uri()})[1:]}" in press(client, credential)


def test_a_state_is_good_once(server: ReportsServer, client: Client, credential: PlatformCredential) -> None:
    back = server.consent(press(client, credential), PERSON)
    come_back(client, back)
    calls = len(server.calls)
    assert "was used already" in come_back(client, back)
    assert len(server.calls) == calls
    assert ReportGrant.objects.count() == 1


@pytest.mark.parametrize("forged", ["", "x", "another"])
def test_a_forged_state_changes_nothing_and_undoes_nothing(
    server: ReportsServer, client: Client, credential: PlatformCredential, forged: str
) -> None:
    address = press(client, credential)
    mine = server.consent(address, PERSON)
    code = dict(parse_qsl(urlsplit(mine).query))["code"]
    assert "not asked for" in come_back(client, f"{redirect_uri()}?{urlencode({'code': code, 'state': forged})}")
    assert not ReportGrant.objects.exists()
    assert server.count("POST", TOKEN) == 0
    assert "may now read" in come_back(client, mine)


def test_a_state_belongs_to_the_browser_and_the_person_that_asked(
    server: ReportsServer, client: Client, credential: PlatformCredential, organization: Organization
) -> None:
    back = server.consent(press(client, credential), PERSON)
    other = sign_in(make_staff(organization))
    assert "not asked for" in come_back(other, back)
    session = other.session
    session[SESSION_KEY] = client.session[SESSION_KEY]
    session.save()
    assert "not asked for" in come_back(other, back)
    assert server.count("POST", TOKEN) == 0


def test_an_answer_that_comes_too_late_changes_nothing(
    server: ReportsServer, owner: User, credential: PlatformCredential
) -> None:
    session: dict[str, Any] = {}
    address = granting.begin(session=session, credential=credential, actor=owner, now=NOW)
    answer = dict(parse_qsl(urlsplit(server.consent(address, PERSON)).query))
    with pytest.raises(GrantFailed) as refused:
        granting.finish(session=session, answer=answer, actor=owner, now=NOW + timedelta(minutes=15))
    assert refused.value.reason == "expired"
    assert "15 minutes" in why_not("expired")
    assert session == {}


@pytest.mark.parametrize(
    ("error", "said"),
    [("access_denied", "declined"), ("server_error", "(server_error)"), ("<b>x</b>", "it gave no reason")],
)
def test_what_the_platform_answers_instead_is_said(
    server: ReportsServer, client: Client, credential: PlatformCredential, error: str, said: str
) -> None:
    told = come_back(client, server.deny(press(client, credential), error))
    assert said in told
    assert "Nothing was changed" in told
    assert not ReportGrant.objects.exists()


def test_a_token_of_another_app_or_without_the_permission_is_ended_and_not_kept(
    server: ReportsServer, client: Client, credential: PlatformCredential
) -> None:
    server.app_of_tokens = "another-app"
    assert "another app" in come_back(client, server.consent(press(client, credential), PERSON))
    server.app_of_tokens = ""
    address = press(client, credential)
    without = address.replace(urlencode({"scope": SCOPE}), "scope=user%3Aread%3Aemail")
    assert "was not given" in come_back(client, server.consent(without, PERSON))
    assert not ReportGrant.objects.exists()
    assert all(grant.ended for grant in server.grants)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [(TOKEN, 400, "its own code"), (TOKEN, 403, "Check client id"), (TOKEN, 500, "status 500"), (VALIDATE, 500, "500")],
)
def test_a_platform_that_cannot_be_asked_is_said(
    server: ReportsServer, client: Client, credential: PlatformCredential, path: str, status: int, said: str
) -> None:
    server.fail("GET" if path == VALIDATE else "POST", path, status)
    assert said in come_back(client, server.consent(press(client, credential), PERSON))
    assert not ReportGrant.objects.exists()
    assert all(grant.ended for grant in server.grants)


def test_s1_a_credential_switched_off_or_a_role_taken_meanwhile_changes_nothing(
    server: ReportsServer, client: Client, credential: PlatformCredential, owner: User
) -> None:
    back = server.consent(press(client, credential), PERSON)
    PlatformCredential.objects.update(enabled=False)
    assert "switched off" in come_back(client, back)
    PlatformCredential.objects.update(enabled=True)
    back = server.consent(press(client, credential), PERSON)
    owner.memberships.update(role=Role.PRODUCER)
    assert "may not manage it" in come_back(client, back)
    assert not ReportGrant.objects.exists()


@pytest.mark.parametrize("role", [Role.PRODUCER, Role.SUPPORT, Role.ANALYST])
def test_s1_only_owners_let_and_withdraw(
    server: ReportsServer, credential: PlatformCredential, organization: Organization, role: Role
) -> None:
    let(server, credential)
    client = sign_in(make_staff(organization, role))
    for page in ("let", "withdraw"):
        assert client.post(reverse(f"admin:reports_{page}", args=[credential.pk])).status_code == 403
    page = client.get(reverse("admin:reports")).content.decode()
    assert "Withdraw" not in page
    assert redirect_uri() not in page
    fetched = client.post(reverse("admin:reports_fetch", args=[credential.pk])).status_code
    assert fetched == (403 if role == Role.ANALYST else 302)
    assert ReportGrant.objects.count() == 1


def test_s1_another_organizations_credential_and_one_without_reports_do_not_exist(
    client: Client, organization: Organization
) -> None:
    others = [make_credential(make_organization(), "twitch"), make_credential(organization, "kick")]
    for other in others:
        for page in ("let", "withdraw", "fetch"):
            assert client.post(reverse(f"admin:reports_{page}", args=[other.pk])).status_code == 404
        assert client.get(reverse("admin:reports_withdraw", args=[other.pk])).status_code == 404


def test_l9_withdrawing_ends_the_token_there_and_deletes_it_here(
    server: ReportsServer, client: Client, credential: PlatformCredential
) -> None:
    let(server, credential)
    asked = client.get(reverse("admin:reports_withdraw", args=[credential.pk])).content.decode()
    assert "deletes it" in asked
    assert ReportGrant.objects.exists()
    client.post(reverse("admin:reports_withdraw", args=[credential.pk]))
    assert server.grants[0].ended
    assert not ReportGrant.objects.exists()
    assert AuditEntry.objects.get(action="withdrew the leave to read reports").after == {"told_the_platform": True}


def test_l9_withdrawing_deletes_the_token_also_where_the_platform_cannot_be_told(
    server: ReportsServer, client: Client, credential: PlatformCredential
) -> None:
    let(server, credential)
    server.fail("POST", REVOKE, 500)
    answer = client.post(reverse("admin:reports_withdraw", args=[credential.pk]))
    told = [str(message) for message in get_messages(answer.wsgi_request)]
    assert "could not be told" in told[0]
    assert not ReportGrant.objects.exists()
    again = client.post(reverse("admin:reports_withdraw", args=[credential.pk]))
    assert again.status_code == 302


def test_granting_anew_after_a_lapse_begins_anew(
    server: ReportsServer, client: Client, credential: PlatformCredential
) -> None:
    grant = let(server, credential, lapsed_at=NOW, problem="refused", access_token="", validate_at=None, fetch_at=None)
    ReportWindow.objects.create(grant=grant, started_on=NOW.date(), ended_on=NOW.date(), problem="status:401")
    assert grant_standing([credential.pk]) == {credential.pk: "lapsed"}
    come_back(client, server.consent(press(client, credential), PERSON))
    grant.refresh_from_db()
    assert (grant.lapsed_at, grant.problem) == (None, "")
    assert not ReportWindow.objects.exists()


def test_two_studios_grants_do_not_touch_each_other(server: ReportsServer, credential: PlatformCredential) -> None:
    other = make_app(server)
    let(server, credential)
    let(server, other)
    owner = make_staff(other.organization)
    granting.withdraw(credential=other, actor=owner, now=NOW)
    assert list(ReportGrant.objects.values_list("pk", flat=True)) == [credential.pk]
