"""The list of heartbeats and the page of one: facts in words, masked where they must be, never the viewers' ids (W1, S1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import Heartbeat, HeartbeatSource
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import NOW, make_credential
from tests.fulfillment.admin.story import Studio
from tests.linking.walk import text_of
from tests.watching import beat, count_all, make_counted_campaign, make_source

pytestmark = pytest.mark.django_db

PAGE = "campaigns.heartbeat"


@pytest.fixture
def source(studio: Studio) -> HeartbeatSource:
    return make_source(studio.game)


def listed(client: Client, **query: Any) -> list[str]:
    answer = client.get(url(PAGE, "changelist"), query)
    assert answer.status_code == 200
    return [row.heartbeat_id for row in answer.context["cl"].result_list]


def test_newest_first_and_filtered_by_source_outcome_and_conflicts(
    support: Client, studio: Studio, source: HeartbeatSource
) -> None:
    make_counted_campaign(studio.game)
    beat(source, viewers=["1"], minute=NOW, id="counted")
    beat(source, viewers=["1"], minute=NOW, id="unknown-game", game="Moonrise")
    beat(source, viewers=["1"], minute=NOW - timedelta(days=3), id="nowhere")
    count_all()
    beat(source, viewers=["1"], minute=NOW, id="waiting")
    beat(source, viewers=["2"], minute=NOW, id="counted")
    other = make_source(studio.game)
    beat(other, viewers=["1"], minute=NOW, id="of-another-source")
    beat(make_source(Studio().game), viewers=["1"], minute=NOW, id="of-another-studio")
    everything = ["of-another-source", "waiting", "nowhere", "unknown-game", "counted"]
    assert listed(support) == everything
    assert listed(support, source__id__exact=other.pk) == ["of-another-source"]
    for outcome, wanted in (
        ("counted", ["counted"]),
        ("no_game", ["unknown-game"]),
        ("nowhere", ["nowhere"]),
        ("waiting", ["of-another-source", "waiting"]),
        ("no_channel", []),
        ("nonsense", everything),
    ):
        assert listed(support, outcome=outcome) == wanted, outcome
    assert listed(support, noted="conflicts") == ["counted"]
    assert listed(support, q=" nowhere ") == ["nowhere"]
    assert listed(support, q="nowher") == []


def test_the_viewers_ids_are_never_read(support: Client, source: HeartbeatSource) -> None:
    beat(source, viewers=["viewer-777"], minute=NOW)
    page = url(PAGE, "change", Heartbeat.objects.get().pk)
    for address in (url(PAGE, "changelist"), page):
        with CaptureQueriesContext(connection) as captured:
            text = support.get(address).content.decode()
        assert "viewer-777" not in text
        selected = [query["sql"].split(" FROM ")[0] for query in captured.captured_queries]
        assert not [sql for sql in selected if '"viewer_list"' in sql]


def test_every_fact_is_said_in_words(support: Client, studio: Studio, source: HeartbeatSource) -> None:
    make_counted_campaign(studio.game, name="First light")
    body = {"viewers": ["1", "2", "3"], "minute": NOW, "id": "beat-x", "retries": 2, "broadcast_id": 27388295120}
    received = NOW + timedelta(hours=2)
    beat(source, received_at=received, **body)
    Heartbeat.objects.update(viewers=1234, unknown=2, repeats=4, conflicts=1)
    count_all()
    Heartbeat.objects.update(unknown=2)
    page = text_of(support.get(url(PAGE, "change", Heartbeat.objects.get().pk)))
    for said in (
        "2026-11-20 12:00:00 UTC",
        "2026-11-20 14:00:00 UTC: 2 hours late. It counts by its own time.",
        "3 listed; the sender reported 1,234. What is listed counts, the number is only noted.",
        "2: identifiers that the portal gave to nobody; they are left out.",
        "4 × unchanged: that changes nothing.",
        "1 × with other contents: the first counted, the others were left out.",
        "The sender says that it tried 2 times before.",
        "beat-x",
        "27388295120",
        "First light : Counts in “First light”.",
    ):
        assert said in page, said
    row = text_of(support.get(url(PAGE, "changelist")))
    assert "3 1,234 reported" in row
    assert "1 × with other contents, 4 × again, 2 ids of nobody" in row


def test_one_that_counted_nowhere_says_why(support: Client, studio: Studio, source: HeartbeatSource) -> None:
    make_counted_campaign(studio.game, name="Soon", starts_at=NOW + timedelta(hours=1))
    beat(source, viewers=["1"], minute=NOW)
    count_all()
    page = text_of(support.get(url(PAGE, "change", Heartbeat.objects.get().pk)))
    assert "counted in no campaign" in page
    assert "“Soon” starts only at 2026-11-20 13:00 UTC." in page


def test_w1_an_unknown_name_is_taken_in_from_its_heartbeat_by_those_who_may(
    studio: Studio, source: HeartbeatSource
) -> None:
    beat(source, viewers=["1"], minute=NOW, game="Moon & rise")
    count_all()
    page = url(PAGE, "change", Heartbeat.objects.get().pk)
    link = f"{url('campaigns.heartbeatsource', 'accept_name', source.pk)}?name=Moon+%26+rise"
    assert f'href="{link}"' in sign_in(studio.members[Role.PRODUCER]).get(page).content.decode()
    assert link not in sign_in(studio.members[Role.SUPPORT]).get(page).content.decode()


def test_s1_analysts_see_ids_of_people_masked(studio: Studio) -> None:
    credential = make_credential(studio.organization, "twitch")
    source = make_source(studio.game, "registered", "twitch", credential=credential)
    beat(source, viewers=[], minute=NOW, broadcaster="0123456789ABCDEFGHJKMNPQRS", secret_field="personal")
    count_all()
    analyst = sign_in(studio.members[Role.ANALYST])
    for address in (url(PAGE, "changelist"), url(PAGE, "change", Heartbeat.objects.get().pk)):
        text = analyst.get(address).content.decode()
        assert "01••••••" in text
        assert "0123456789ABCDEFGHJKMNPQRS" not in text
        assert "personal" not in text
    full = sign_in(studio.members[Role.SUPPORT]).get(url(PAGE, "change", Heartbeat.objects.get().pk))
    assert "0123456789ABCDEFGHJKMNPQRS" in full.content.decode()
    assert "personal" in full.content.decode()


def test_nobody_edits_a_heartbeat(studio: Studio, source: HeartbeatSource) -> None:
    beat(source, viewers=[], minute=NOW)
    owner = sign_in(studio.members[Role.OWNER])
    page = url(PAGE, "change", Heartbeat.objects.get().pk)
    assert owner.post(page, {"outcome": "counted"}).status_code == 403
    assert owner.get(url(PAGE, "add")).status_code == 403


# The card.


def test_the_card_names_sources_that_are_silent_while_a_campaign_is_live(
    studio: Studio, source: HeartbeatSource, time_machine: Any
) -> None:
    time_machine.move_to(NOW, tick=False)
    owner = sign_in(studio.members[Role.OWNER])

    def start() -> str:
        return text_of(owner.get(reverse("admin:card", args=["heartbeats"])))

    assert "is silent" not in start(), "no campaign lives on it"
    make_counted_campaign(studio.game)
    assert f"“{source.name}” is silent never sent anything needs a look" in start()
    beat(source, viewers=["1"], minute=NOW - timedelta(minutes=9))
    assert "is silent" not in start()
    time_machine.move_to(NOW + timedelta(minutes=1), tick=False)
    assert f"“{source.name}” is silent for 10 minutes" in start()
    HeartbeatSource.objects.update(enabled=False)
    page = start()
    assert "is silent" not in page, "it is off on purpose"
    assert "Sources switched on 0 / 1" in page


def test_the_card_counts_names_not_known_and_refused_calls(
    studio: Studio, source: HeartbeatSource, time_machine: Any
) -> None:
    time_machine.move_to(NOW, tick=False)
    beat(source, viewers=["1"], minute=NOW, game="Moonrise")
    count_all(now=NOW)
    source.tallies.create(hour=NOW, outcome="refused", count=1234)
    elsewhere = make_source(Studio().game, name="Theirs")
    beat(elsewhere, viewers=["1"], minute=NOW, game="Moonrise")
    page = text_of(sign_in(studio.members[Role.ANALYST]).get(reverse("admin:card", args=["heartbeats"])))
    assert "Sources with a game name not known 1 needs a look" in page
    assert "Refused today (UTC) 1,234" in page
    assert "Theirs" not in page
