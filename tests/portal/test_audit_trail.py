"""The audit trail as people read it, filter it, search it and take it away (S5)."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
from django.contrib.admin.sites import site
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal import audit
from portal.members import remove_member
from portal.models import AuditEntry, Membership, Organization, User
from portal.requests import request_id
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import NOW, make_game, make_organization, make_staff

pytestmark = pytest.mark.django_db

LIST = "admin:portal_auditentry_changelist"


@pytest.fixture
def organization() -> Organization:
    return make_organization()


@pytest.fixture
def owner(organization: Organization) -> User:
    return make_staff(organization, display_name="Olga")


@pytest.fixture
def client(owner: User) -> Client:
    return sign_in(owner)


def write(organization: Organization, action: str = "paused deliveries", **fields: object) -> AuditEntry:
    values = {"actor": None, "action": action, "obj": organization, "organization": organization, "now": NOW, **fields}
    return audit.record(**values)  # type: ignore[arg-type]


def listed(client: Client, **query: str) -> list[str]:
    answer = client.get(reverse(LIST), query)
    assert answer.status_code == 200
    return [entry.action for entry in answer.context["cl"].result_list]


def test_s5_an_entry_says_by_which_request_it_came(organization: Organization) -> None:
    token = request_id.set("01REQUEST0000000")
    try:
        entry = write(organization)
    finally:
        request_id.reset(token)
    assert entry.request_id == "01REQUEST0000000"
    assert write(organization).request_id == ""


def test_s5_the_trail_is_filtered_by_who_and_by_kind(client: Client, organization: Organization, owner: User) -> None:
    game = make_game(organization)
    write(organization, "one")
    write(organization, "two", actor=owner)
    write(organization, "three", actor=owner, obj=game)
    assert listed(client, who="portal") == ["one"]
    assert listed(client, who=str(owner.pk)) == ["three", "two"]
    assert listed(client, kind="campaigns.game") == ["three"]
    assert listed(client, kind="campaigns.game", who="portal") == []
    assert listed(client, who="nobody") == ["three", "two", "one"]


def test_s5_who_left_is_offered_too_and_who_was_never_a_member_is_not(
    client: Client, organization: Organization, owner: User
) -> None:
    gone, left, back = (make_staff(organization, display_name=name) for name in ("Gus", "Lea", "Bo"))
    elsewhere = make_organization()
    make_staff(elsewhere)
    stranger = make_staff(elsewhere, Role.SUPPORT, display_name="Sam")
    write(organization, "by Gus", actor=gone)
    for user, actor in ((gone, owner), (left, left), (back, owner), (stranger, stranger)):
        remove_member(membership=Membership.objects.get(user=user), actor=actor, reason="over", now=NOW)
    Membership.objects.create(user=back, organization=organization, role=Role.SUPPORT)
    with CaptureQueriesContext(connection) as asked:
        spec = next(one for one in client.get(reverse(LIST)).context["cl"].filter_specs if one.parameter_name == "who")
    [query] = [one["sql"] for one in asked.captured_queries if "removed member" in one["sql"]]
    assert "LIMIT 1000" in query
    names = [name for _value, name in spec.lookup_choices]
    assert names == ["the portal itself", "Bo", "Olga", "Gus, who left", "Lea, who left"]
    assert listed(client, who=str(gone.pk)) == ["by Gus"]


def test_the_fields_of_the_time_say_which_end_they_are_and_in_which_zone(client: Client) -> None:
    page = client.get(reverse(LIST)).content.decode()
    for label in ("Date from (UTC)", "Time from (UTC)", "Date to (UTC)", "Time to (UTC)"):
        assert page.count(f'aria-label="{label}"') == 1


@pytest.mark.filterwarnings("error:.*naive datetime")
def test_a_day_without_a_time_is_the_whole_day(client: Client, organization: Organization) -> None:
    at = [("before", -1, 23, 59, 59), ("first", 0, 0, 0, 0), ("last", 0, 23, 59, 59), ("after", 1, 0, 0, 0)]
    for action, days, hours, minutes, seconds in at:
        day = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
        write(organization, action, now=day + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))
    day_of = f"{NOW:%Y-%m-%d}"
    assert listed(client, at_from_0=day_of, at_to_0=day_of) == ["last", "first"]
    assert listed(client, at_from_0=day_of, at_from_1="00:01") == ["after", "last"]
    assert listed(client, at_to_0=day_of, at_to_1="00:00") == ["first", "before"]
    assert len(listed(client, at_from_0="31 Feb", at_to_0="")) == 4


def test_a_list_sets_thousands_apart_wherever_it_counts(client: Client, organization: Organization) -> None:
    entry = write(organization)
    AuditEntry.objects.bulk_create(
        AuditEntry(organization=organization, at=entry.at, actor_label="portal", object_type=entry.object_type)
        for _more in range(1_000)
    )
    page = client.get(reverse(LIST), {"who": "portal"}).content.decode()
    assert "1,001 results" in page
    assert "1,001 audit entries" in page
    assert ">1001" not in page


@pytest.mark.parametrize(
    ("date", "time", "told"),
    [
        ("31 Feb", "", "“31 Feb” is no date. Write it like 2026-11-25."),
        ("31 Feb", "noon", "“31 Feb” is no date. Write it like 2026-11-25."),
        ("2026-11-25", "noon", "“noon” is no time of day. Write it like 14:30."),
        ("", "14:30", "A time needs its date too, for example 2026-11-25. The list is not narrowed by “14:30”."),
    ],
)
def test_a_time_that_is_none_is_told_above_the_list_and_at_its_fields(
    client: Client, organization: Organization, date: str, time: str, told: str
) -> None:
    write(organization, "one")
    response = client.get(reverse(LIST), {"at_from_0": date, "at_from_1": time})
    assert len(response.context["cl"].result_list) == 1
    page = response.content.decode()
    above, filters = page.split('id="changelist-filter"')
    assert told in above.split('role="alert"')[1]
    assert page.count("The list is not narrowed by") == 2
    assert f'id="id_at_from_error">{told}' in filters
    assert filters.count('aria-describedby="id_at_from_error"') == filters.count('aria-invalid="true"') == 2


@pytest.mark.parametrize("asked", [{}, {"at_from_0": "2026-11-25"}, {"at_to_0": "2026-11-25", "at_to_1": "14:30"}])
def test_a_time_that_is_one_is_not_complained_about(client: Client, asked: dict[str, str]) -> None:
    page = client.get(reverse(LIST), asked).content.decode()
    assert not [word for word in ('role="alert"', "is not narrowed", "aria-invalid", "valid time") if word in page]


@pytest.mark.parametrize("column", ["object_id", "object_label", "actor_label", "request_id"])
def test_s5_the_trail_is_searched_for_an_id_a_name_or_a_request(
    client: Client, organization: Organization, owner: User, column: str
) -> None:
    token = request_id.set("01REQUEST0000000")
    try:
        entry = write(organization, "this one", actor=owner, obj=make_game(organization, name="Starfall"))
    finally:
        request_id.reset(token)
    write(organization, "another")
    assert listed(client, q=getattr(entry, column)) == ["this one"]


def test_s5_a_whole_name_with_spaces_is_found_with_and_without_quotes(
    client: Client, organization: Organization
) -> None:
    write(organization, "this one", obj=make_game(organization, name="First light"))
    write(organization, "another", obj=make_game(organization, name="First night"))
    for wanted in ("First light", '"First light"', " First light "):
        assert listed(client, q=wanted) == ["this one"]


def test_an_entry_shows_value_by_value_what_changed_and_leads_to_the_thing(
    client: Client, organization: Organization
) -> None:
    game = make_game(organization)
    entry = write(organization, obj=game, before={"name": "A", "same": 1}, after={"name": "<B>", "same": 1})
    shown = client.get(url("portal.auditentry", "change", entry.pk)).content.decode()
    assert '<th scope="row">name</th><td>A</td><td>&lt;B&gt;</td>' in shown
    assert url("campaigns.game", "change", game.pk) in shown
    assert '<th scope="row">same</th>' not in shown


def test_an_entry_about_what_has_no_page_names_it_without_a_link() -> None:
    admin = site.get_model_admin(AuditEntry)
    entry = AuditEntry(object_type="portal.nothing", object_id="1", object_label="Gone")
    assert admin.what(entry) == "Gone"  # type: ignore[attr-defined]


def export(client: Client, name: str, **query: str) -> str:
    answer = client.get(reverse("admin:portal_auditentry_export", args=[name]), query)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode("utf-8-sig")


def test_s5_what_is_listed_is_taken_away_as_csv_and_json_and_that_is_written_down(
    client: Client, organization: Organization, owner: User
) -> None:
    write(organization, "one", reason="=1+1", now=NOW - timedelta(days=2))
    write(organization, "two", actor=owner, after={"name": "B"}, now=NOW - timedelta(days=1))
    rows = list(csv.DictReader(io.StringIO(export(client, "csv"))))
    assert [row["action"] for row in rows] == ["two", "one"]
    assert rows[1]["reason"] == "'=1+1"
    assert rows[0]["time_zone"] == "UTC"
    found = json.loads(export(client, "json", who=str(owner.pk)))
    assert [row["action"] for row in found["rows"]] == ["exported the audit trail", "two"]
    assert found["rows"][1]["after"] == {"name": "B"}
    assert AuditEntry.objects.filter(action="exported the audit trail", actor=owner).count() == 2


def test_s1_who_may_not_export_people_does_not_take_the_trail_away(organization: Organization) -> None:
    support = sign_in(make_staff(organization, Role.SUPPORT))
    assert "Download" not in support.get(reverse(LIST)).content.decode()
    assert support.get(reverse("admin:portal_auditentry_export", args=["csv"])).status_code == 403
    analyst = sign_in(make_staff(organization, Role.ANALYST))
    assert analyst.get(reverse(LIST)).status_code == 403


def test_s1_the_export_has_nothing_of_another_organization(client: Client) -> None:
    write(make_organization(), "secret")
    assert "secret" not in export(client, "csv")


def test_bad_exports_are_answered_404(client: Client) -> None:
    assert client.get(reverse("admin:portal_auditentry_export", args=["xml"])).status_code == 404
    address = reverse("admin:portal_auditentry_export", args=["csv"])
    assert client.get(address, {"password__startswith": "a"}).status_code in (302, 404, 400)


def test_the_list_asks_as_many_questions_for_20_entries_as_for_one(client: Client, organization: Organization) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse(LIST))
        return len(asked)

    write(organization)
    queries()
    one = queries()
    for _number in range(19):
        write(organization)
    assert queries() == one <= 20
