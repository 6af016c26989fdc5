"""The pages of registered identifiers: what is wrong in words, trying again, masked where it must be, never a token (L9, L10, S1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from campaigns.models import RegisteredIdentifier, Viewer
from portal.models import AuditEntry
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import NOW, make_credential, make_viewer
from tests.fulfillment.admin.story import Studio
from tests.linking.walk import text_of

pytestmark = pytest.mark.django_db

PAGE = "campaigns.registeredidentifier"
State = RegisteredIdentifier.State


@pytest.fixture
def studio() -> Studio:
    studio = Studio()
    make_credential(studio.organization, "twitch")
    return studio


def register(studio: Studio, **fields: Any) -> RegisteredIdentifier:
    viewer = make_viewer(studio.organization, "twitch", **fields.pop("viewer", {}))
    values = {"state": State.WANTED, "wanted_at": NOW, "due_at": NOW, **fields}
    credential = studio.organization.credentials.get(platform="twitch")
    tokens = {"access_token": "access-s3cret", "refresh_token": "refresh-s3cret"}
    return RegisteredIdentifier.objects.create(credential=credential, viewer=viewer, **tokens, **values)


def listed(client: Client, **query: Any) -> set[int]:
    answer = client.get(url(PAGE, "changelist"), query)
    assert answer.status_code == 200
    return {row.pk for row in answer.context["cl"].result_list}


def test_rows_are_found_by_where_they_stand_and_by_exact_ids(support: Client, studio: Studio) -> None:
    rows = {
        "wanted": register(studio),
        "failing": register(studio, attempts=2, last_error="status:422"),
        "registered": register(studio, state=State.REGISTERED, registered_at=NOW),
        "lapsed": register(studio, state=State.LAPSED, due_at=None, last_error="consent_gone"),
        "leaving": register(studio, state=State.UNWANTED),
        "removed": register(studio, state=State.UNWANTED, due_at=None),
    }
    stranger = Studio()
    make_credential(stranger.organization, "twitch")
    register(stranger)
    assert listed(support) == {row.pk for row in rows.values()}
    for name, row in rows.items():
        wanted = {row.pk} if name != "wanted" else {row.pk, rows["failing"].pk}
        assert listed(support, standing=name) == wanted, name
    assert listed(support, standing="nonsense") == listed(support)
    found = rows["lapsed"].viewer
    Viewer.objects.filter(pk=found.pk).update(login="comet")
    for term in (found.platform_user_id, found.pk.lower(), "Comet"):
        assert listed(support, q=term) == {rows["lapsed"].pk}
    assert listed(support, q="come") == set()


def test_what_is_wrong_is_said_in_words_with_what_to_do(support: Client, studio: Studio) -> None:
    row = register(studio, attempts=2, last_error="status:422")
    for address in (url(PAGE, "changelist"), url(PAGE, "change", row.pk)):
        page = text_of(support.get(address))
        assert "no heartbeat address for this client id" in page and "then try again here" in page
    assert "1 fails and is tried again by itself" in text_of(support.get(url(PAGE, "changelist")))
    removed = register(studio, state=State.UNWANTED, due_at=None, last_error="")
    assert "removed" in text_of(support.get(url(PAGE, "change", removed.pk)))


def test_l9_no_page_reads_or_shows_a_token(studio: Studio, settings: Any) -> None:
    row = register(studio, attempts=1, last_error="timed_out")
    owner = sign_in(studio.members[Role.OWNER])
    settings.PORTAL_ENCRYPTION_KEYS = ["a key that reads nothing of what is stored here"]
    for address in (url(PAGE, "changelist"), url(PAGE, "change", row.pk), url(PAGE, "again", row.pk)):
        answer = owner.get(address)
        assert answer.status_code == 200
        assert "s3cret" not in answer.content.decode()


def test_one_that_failed_is_tried_again_at_once_with_an_entry_in_the_trail(support: Client, studio: Studio) -> None:
    row = register(studio, attempts=4, due_at=NOW + timedelta(days=900), last_error="status:500")
    assert "Try again now" in text_of(support.get(url(PAGE, "change", row.pk)))
    address = url(PAGE, "again", row.pk)
    assert "within seconds" in text_of(support.get(address))
    answer = support.post(address, follow=True)
    assert "It is tried again now" in text_of(answer)
    row.refresh_from_db()
    assert row.due_at is not None and row.due_at < NOW + timedelta(days=800)
    entry = AuditEntry.objects.get(object_id=str(row.pk))
    assert (entry.action, entry.actor) == ("tried again", studio.members[Role.SUPPORT])


@pytest.mark.parametrize(
    "fields",
    [{"attempts": 0}, {"state": State.LAPSED, "due_at": None, "attempts": 1}],
    ids=["did not fail", "needs consent"],
)
def test_what_waits_for_nothing_is_not_tried_again(support: Client, studio: Studio, fields: dict[str, Any]) -> None:
    row = register(studio, **fields)
    assert "Try again now" not in text_of(support.get(url(PAGE, "change", row.pk)))
    assert "nothing to try again" in text_of(support.post(url(PAGE, "again", row.pk), follow=True))
    assert not AuditEntry.objects.exists()


def test_all_that_failed_are_tried_again_and_no_others(support: Client, studio: Studio) -> None:
    later = NOW + timedelta(days=900)
    failed = [register(studio, attempts=1, due_at=later) for _ in range(3)]
    fine = register(studio, state=State.REGISTERED, registered_at=NOW, due_at=later)
    stranger = Studio()
    make_credential(stranger.organization, "twitch")
    theirs = register(stranger, attempts=1, due_at=later)
    address = url(PAGE, "all_again")
    assert "3 registrations failed" in text_of(support.get(address))
    assert "3 registrations are tried again now" in text_of(support.post(address, follow=True))
    moved = set(RegisteredIdentifier.objects.filter(due_at__lt=later).values_list("pk", flat=True))
    assert moved == {row.pk for row in failed} and not {fine.pk, theirs.pk} & moved
    assert AuditEntry.objects.get().after == {"registrations": 3}


def test_s1_analysts_see_viewers_masked_find_nothing_by_id_and_try_nothing_again(studio: Studio) -> None:
    row = register(studio, attempts=1, viewer={"platform_user_id": "123456789", "name": "Longname"})
    analyst = sign_in(studio.members[Role.ANALYST])
    for address in (url(PAGE, "changelist"), url(PAGE, "change", row.pk)):
        page = analyst.get(address).content.decode()
        assert "Lo••••••" in page and "Longname" not in page and "123456789" not in page
        assert "ry again now" not in page and "ry all again now" not in page
    assert listed(analyst, q="123456789") in (set(), {row.pk})
    for address in (url(PAGE, "again", row.pk), url(PAGE, "all_again")):
        assert (analyst.get(address).status_code, analyst.post(address).status_code) == (403, 403)
    assert analyst.get(url(PAGE, "history", row.pk)).status_code == 404
