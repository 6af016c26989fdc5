"""The page of platforms' reports: one game's figures beside the portal's own, and in words what stands in the way."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import CampaignPlatform, Game, WatchedDay
from campaigns.rules.days import day_number
from fulfillment.models import ClaimDay, ReportDay, ReportFile, ReportGrant, ReportWindow
from portal.models import Organization, PlatformCredential
from portal.roles import Role
from tests.admin_pages import sign_in
from tests.doubles.reports_server import ReportsServer
from tests.factories import make_campaign, make_category, make_credential, make_game, make_organization, make_staff
from tests.fulfillment.reports.desk import NOW, TODAY, YESTERDAY, fetch, let

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]
ONE = timedelta(days=1)


@pytest.fixture
def organization(credential: PlatformCredential) -> Organization:
    return credential.organization


@pytest.fixture
def client(organization: Organization) -> Client:
    return sign_in(make_staff(organization, Role.ANALYST))


@pytest.fixture
def game(organization: Organization) -> Game:
    game = make_game(organization, name="Starfall")
    make_category(game, "twitch", platform_category_id="493057")
    return game


def page(client: Client, **asked: str) -> str:
    answer = client.get(reverse("admin:reports"), asked)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def table_row(text: str, day: str) -> list[str]:
    found = re.search(rf'<th scope="row">{day}</th>((?:<td>[^<]*</td>)*)</tr>(?!.*<th scope="row">{day})', text)
    assert found, day
    return re.findall(r"<td>([^<]*)</td>", found[1])


def happened(game: Game, *, granted: int, delivered: int, watched: int | None) -> None:
    campaign = make_campaign(game)
    day = day_number(NOW - ONE)
    for what, claims in (("granted", granted), ("delivered", delivered)):
        ClaimDay.objects.create(campaign=campaign, day=day, what=what, claims=claims)
    if watched is not None:
        CampaignPlatform.objects.create(campaign=campaign, platform="kick", counted_by="portal")
        WatchedDay.objects.create(campaign=campaign, day=day, watched_minutes=watched, viewers=3)


def test_a_games_report_stands_beside_the_portals_own_figures(
    server: ReportsServer, credential: PlatformCredential, client: Client, game: Game
) -> None:
    let(server, credential)
    columns = {"Game ID": "493057", "Unique Viewers": "1,234", "Hours Watched": "567.5", "Comment": "fine"}
    server.give("493057", YESTERDAY - 2 * ONE, YESTERDAY, **columns)
    happened(game, granted=40, delivered=38, watched=9000)
    fetch()
    text = page(client)
    assert "Twitch: Hours Watched" in text
    assert table_row(text, "2026-11-19") == ["567.5", "40", "38", "9,000"]
    assert table_row(text, "2026-11-16") == ["no figure", "0", "0", "0"]
    assert "<option>Unique Viewers</option>" in text
    assert "Game ID" not in text
    assert "<option>Comment" not in text
    assert 'id="minutes"' in text
    other = page(client, column="Unique Viewers", days="90")
    assert table_row(other, "2026-11-19")[0] == "1,234"
    assert "2026-08-22" in other
    assert "Do not add up unique viewers" in text
    assert "up to two days later" in text


def test_what_the_portal_does_not_count_is_not_shown_as_nothing(
    server: ReportsServer, credential: PlatformCredential, client: Client, game: Game
) -> None:
    let(server, credential)
    server.give("493057", YESTERDAY, YESTERDAY)
    happened(game, granted=40, delivered=38, watched=None)
    fetch()
    text = page(client)
    assert table_row(text, "2026-11-19") == ["100", "40", "38"]
    assert 'id="minutes"' not in text


def test_games_that_are_not_in_the_portal_are_named_and_not_drawn(
    server: ReportsServer, credential: PlatformCredential, client: Client
) -> None:
    let(server, credential)
    server.give("777001", YESTERDAY, YESTERDAY)
    fetch()
    text = page(client)
    assert "Not in the portal" in text
    assert "777001" in text
    assert "Reports came, but of games" in text
    assert 'name="column"' not in text
    game = make_game(credential.organization, name="Newcomer")
    make_category(game, "twitch", platform_category_id="777001")
    assert "Newcomer" in page(client)


@pytest.mark.parametrize("role", [Role.OWNER, Role.ANALYST])
def test_before_anything_is_there_the_page_says_what_it_is_and_what_is_needed(
    organization: Organization, role: Role
) -> None:
    text = page(sign_in(make_staff(organization, role)))
    assert "Nobody has let the portal read Twitch's reports yet" in text
    assert "There are no figures to show yet" in text
    assert ("register this redirect address" in text) == (role == Role.OWNER)
    assert ("An owner of the organization can do it" in text) == (role == Role.ANALYST)
    PlatformCredential.objects.all().delete()
    assert "There is no app of yours at Twitch yet" in page(sign_in(make_staff(organization, role)))


def test_a_lapse_and_whatever_could_not_be_read_are_said_with_what_to_do(
    server: ReportsServer, credential: PlatformCredential, client: Client, game: Game
) -> None:
    grant = let(server, credential, lapsed_at=NOW, problem="refused")
    ReportWindow.objects.create(
        grant=grant, started_on=TODAY, ended_on=TODAY, platform_game_id="493057", problem="file:timed_out", due_at=NOW
    )
    ReportWindow.objects.create(grant=grant, started_on=TODAY, ended_on=TODAY, problem="status:403")
    ReportFile.objects.create(
        credential=credential,
        platform_game_id="1",
        started_on=TODAY,
        ended_on=TODAY,
        fetched_at=NOW,
        problem="no_dates",
    )
    ReportDay.objects.create(credential=credential, platform_game_id="493057", day=YESTERDAY, values={"Hours": "7"})
    text = page(client)
    assert "no longer allowed" in text
    assert "no longer takes the token" in text
    assert "those that were read stay" in text
    assert "Starfall, 2026-11-20 to 2026-11-20" in text
    assert "The file could not be downloaded." in text
    assert "Tried again once it is allowed again." in text
    assert "has no access to the reports of any game" in text
    assert "no column of days" in text
    assert table_row(text, "2026-11-19")[0] == "7"
    ReportGrant.objects.update(lapsed_at=None, problem="")
    assert "Tried again at 2026-11-20 12:00 UTC" in page(client)


def test_the_stored_days_are_sent_as_csv_in_the_reports_own_columns(
    server: ReportsServer, credential: PlatformCredential, client: Client, game: Game
) -> None:
    let(server, credential)
    ReportDay.objects.create(
        credential=credential, platform_game_id="493057", day=TODAY - 400 * ONE, values={"Long Gone": "3"}
    )
    server.give("493057", YESTERDAY, YESTERDAY, Zulu="=1+1", Alpha="2")
    fetch()
    answer = client.get(reverse("admin:reports_days"), {"game": f"{credential.pk}.493057"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert lines == ["day (UTC),Zulu,Alpha,Long Gone", "2025-10-16,,,3", "2026-11-19,'=1+1,2,"]
    assert answer["Content-Disposition"].startswith('attachment; filename="twitch-')
    assert client.get(reverse("admin:reports_days"), {"game": "x"}).status_code == 404


def test_s1_another_organizations_reports_do_not_exist(
    server: ReportsServer, credential: PlatformCredential, game: Game
) -> None:
    let(server, credential)
    server.give("493057", YESTERDAY, YESTERDAY)
    fetch()
    other = make_organization()
    make_credential(other, "twitch")
    stranger = sign_in(make_staff(other))
    key = f"{credential.pk}.493057"
    assert "493057" not in page(stranger, game=key)
    assert client_status(stranger, key) == 404
    assert Client().get(reverse("admin:reports")).status_code == 302


def client_status(client: Client, key: str) -> int:
    return client.get(reverse("admin:reports_days"), {"game": key}).status_code


def test_the_page_asks_the_database_as_often_for_twenty_games_and_problems_as_for_one(
    server: ReportsServer, credential: PlatformCredential, client: Client, game: Game
) -> None:
    grant = let(server, credential)
    server.give("493057", YESTERDAY, YESTERDAY)
    fetch()

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page(client)
        return len(asked)

    page(client)
    one = queries()
    for number in range(20):
        more = make_game(credential.organization)
        make_category(more, "twitch", platform_category_id=f"more-{number}")
        for day in range(5):
            ReportDay.objects.create(
                credential=credential, platform_game_id=f"more-{number}", day=YESTERDAY - day * ONE, values={"a": "1"}
            )
        ReportWindow.objects.create(
            grant=grant, started_on=TODAY, ended_on=TODAY, platform_game_id=f"more-{number}", problem="internal"
        )
    assert queries() == one


def test_what_comes_from_a_platform_is_text_and_nothing_else(
    server: ReportsServer, credential: PlatformCredential, client: Client, game: Game
) -> None:
    let(server, credential)
    server.give("493057", YESTERDAY, YESTERDAY, **{"<script>alert(1)</script>": "7"})
    server.give("<b>x</b>", YESTERDAY, YESTERDAY)
    fetch()
    text = page(client)
    assert "<script>alert(1)" not in text
    assert "<b>x</b>" not in text
    assert "&lt;script&gt;alert(1)" in text
