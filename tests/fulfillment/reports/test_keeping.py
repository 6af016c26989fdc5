"""Keeping the tokens to read reports (L9): validated hourly, renewed before they end, lapsed in words, by one process at a time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from fulfillment.models import ReportGrant
from fulfillment.reports.keeping import LEASE, keep_due
from fulfillment.reports.words import explain
from portal.models import AuditEntry, PlatformCredential
from tests.doubles.reports_server import ReportsServer
from tests.doubles.twitch_server import REVOKE, TOKEN, VALIDATE
from tests.fulfillment.reports.desk import NOW, YESTERDAY, days_of, fetch, keep, let, make_app

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def test_l9_a_token_is_validated_every_hour(server: ReportsServer, credential: PlatformCredential) -> None:
    let(server, credential, validate_at=NOW)
    assert keep() == {"valid": 1}
    assert keep() == {}
    grant = ReportGrant.objects.get()
    assert grant.validated_at == NOW
    assert grant.validate_at is not None
    assert NOW + 50 * MINUTE < grant.validate_at < NOW + HOUR
    assert keep(NOW + HOUR) == {"valid": 1}
    assert server.count("GET", VALIDATE) == 2


def test_l9_what_was_missed_while_the_portal_was_off_is_validated_as_soon_as_it_runs(
    server: ReportsServer, credential: PlatformCredential
) -> None:
    let(server, credential)
    assert keep(NOW + 30 * HOUR) == {"valid": 1}


def test_l9_a_token_is_renewed_before_it_ends_and_both_new_ones_are_kept(
    server: ReportsServer, credential: PlatformCredential
) -> None:
    server.lifetime = 3600
    let(server, credential, expires_at=NOW + 9 * MINUTE, validate_at=NOW)
    old = server.grants[0].refresh
    assert keep() == {"renewed": 1}
    grant = ReportGrant.objects.get()
    assert (grant.access_token, grant.refresh_token) == (server.grants[-1].access, server.grants[-1].refresh)
    assert grant.refresh_token != old
    assert grant.expires_at == NOW + HOUR
    assert keep(NOW + 54 * MINUTE) == {"renewed": 1}
    server.give("1", YESTERDAY, YESTERDAY)
    fetch(NOW + 55 * MINUTE)
    assert days_of(credential, "1")


def test_l9_a_token_that_ended_without_notice_is_renewed(server: ReportsServer, credential: PlatformCredential) -> None:
    let(server, credential, validate_at=NOW)
    server.grants[0].expired = True
    assert keep() == {"renewed": 1}
    assert ReportGrant.objects.get().lapsed_at is None


def test_l9_where_only_a_new_grant_helps_that_is_said_and_the_token_is_dropped(
    server: ReportsServer, credential: PlatformCredential
) -> None:
    let(server, credential, validate_at=NOW)
    server.end("9001")
    assert keep() == {"lapsed": 1}
    grant = ReportGrant.objects.get()
    assert (grant.lapsed_at, grant.problem, grant.validate_at, grant.fetch_at) == (NOW, "refused", None, None)
    assert (grant.access_token, grant.refresh_token) == ("", "")
    assert "lets the portal read" in explain("refused")[1]
    assert AuditEntry.objects.get(action="lost the leave to read reports").organization == credential.organization
    assert keep(NOW + HOUR) == {}


@pytest.mark.parametrize("what", ["other_app", "no_permission", "refused"])
def test_l9_a_token_of_another_app_without_permission_or_without_a_way_to_renew_it_lapses(
    server: ReportsServer, credential: PlatformCredential, what: str
) -> None:
    let(server, credential, validate_at=NOW, **({"refresh_token": ""} if what == "refused" else {}))
    if what == "other_app":
        server.app_of_tokens = "another"
    elif what == "no_permission":
        server.grants[0].scopes = []
    else:
        server.grants[0].expired = True
    assert keep() == {"lapsed": 1}
    assert ReportGrant.objects.get().problem == what
    assert all(explain(what))


@pytest.mark.parametrize(("status", "minutes"), [(500, 5), (429, 5), (403, 60)])
def test_a_platform_that_cannot_be_asked_costs_no_leave(
    server: ReportsServer, credential: PlatformCredential, status: int, minutes: int
) -> None:
    let(server, credential, validate_at=NOW)
    server.fail("GET", VALIDATE, status)
    assert keep() == {"failed": 1}
    grant = ReportGrant.objects.get()
    assert (grant.lapsed_at, grant.problem) == (None, f"status:{status}")
    assert grant.validate_at == NOW + minutes * MINUTE
    assert all(explain(grant.problem))
    assert keep(NOW + minutes * MINUTE) == {"valid": 1}
    assert ReportGrant.objects.get().problem == ""


def test_a_wrong_client_secret_costs_no_leave(server: ReportsServer, credential: PlatformCredential) -> None:
    let(server, credential, expires_at=NOW, validate_at=NOW)
    PlatformCredential.objects.update(client_secret="wrong")
    assert keep() == {"failed": 1}
    assert ReportGrant.objects.get().lapsed_at is None
    PlatformCredential.objects.update(client_secret=server.client_secret)
    assert keep(NOW + HOUR) == {"renewed": 1}


def test_one_studio_that_fails_keeps_no_other_waiting(server: ReportsServer, credential: PlatformCredential) -> None:
    let(server, make_app(server, id_url="http://127.0.0.1:9"), validate_at=NOW - HOUR)
    let(server, credential, validate_at=NOW)
    assert keep() == {"failed": 1, "valid": 1}


def test_a_token_that_cannot_be_decrypted_waits_and_says_so(
    server: ReportsServer, credential: PlatformCredential, settings: pytest.FixtureRequest
) -> None:
    keys = list(settings.PORTAL_ENCRYPTION_KEYS)
    settings.PORTAL_ENCRYPTION_KEYS = ["another key that is long enough for this", *keys]
    let(server, credential, validate_at=NOW)
    settings.PORTAL_ENCRYPTION_KEYS = keys
    assert keep() == {}
    grant = ReportGrant.objects.defer("access_token", "refresh_token").get()
    assert (grant.problem, grant.lapsed_at) == ("undecryptable", None)
    assert fetch().outcomes == {"waits for its token": 1}


def test_a_killed_process_leaves_a_lease_that_runs_out(server: ReportsServer, credential: PlatformCredential) -> None:
    let(server, credential, validate_at=NOW)
    ReportGrant.objects.update(validate_at=NOW + LEASE)  # as it stands after the lease, before anything else
    assert keep(NOW + MINUTE) == {}
    assert keep(NOW + LEASE) == {"valid": 1}


def test_l9_a_token_renewed_while_leave_was_withdrawn_is_ended_at_the_platform(
    server: ReportsServer, credential: PlatformCredential
) -> None:
    let(server, credential, expires_at=NOW, validate_at=NOW)

    def clock() -> datetime:
        if server.count("POST", TOKEN):
            ReportGrant.objects.all().delete()
        return NOW

    assert keep_due(clock=clock, seconds=60) == {"too late": 1}
    assert server.count("POST", REVOKE) == 1
    assert server.grants[-1].ended
