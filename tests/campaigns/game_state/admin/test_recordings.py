"""Recorded sessions in the admin: named, removed, and played message by message with the events that would happen (G4, S1, S5)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.game_state.recording import MOST_BYTES
from campaigns.models import CampaignPlatform, GameRecording, GameSession, RecordedMessage
from portal.models import AuditEntry
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.fulfillment.admin.story import Studio
from tests.game_events import make_event_reward
from tests.game_sessions import make_game_session, make_recording
from tests.linking.walk import text_of

pytestmark = pytest.mark.django_db

PAGE = "campaigns.gamerecording"
MATCH: tuple[tuple[str, Any], ...] = (
    ("connect", {"boss": "alive", "round": 1, "players": [{"name": "Ada", "kills": 0}], "note": "x"}),
    ("delta", {"round": 2}),
    ("delta", {"boss": "dead", "players": [{"name": "Ada", "kills": 3}, {"name": "Bob", "kills": 0}]}),
    ("delta", {"note": None, "boss": "alive"}),
    ("delta", {"boss": "dead"}),
    ("refresh", {"boss": "dead", "round": True}),
)


@pytest.fixture
def recording(studio: Studio) -> GameRecording:
    return make_recording(make_game_session(studio.game, session_key="match-7"), *MATCH)


def page_of(client: Client, recording: GameRecording, message: Any = None) -> str:
    query = {} if message is None else {"message": message}
    answer = client.get(url(PAGE, "change", recording.pk), query)
    assert answer.status_code == 200
    return text_of(answer)


def run_rule(studio: Studio, **fields: Any) -> None:
    CampaignPlatform.objects.create(campaign=studio.campaign, platform="kick", counted_by="portal")
    make_event_reward(studio.campaign, **fields)


def test_the_list_tells_what_is_kept_and_whether_it_is_whole(
    producer: Client, studio: Studio, recording: GameRecording
) -> None:
    full = make_recording(make_game_session(studio.game, session_key="long"), ("connect", {"x": "y" * MOST_BYTES}))
    assert full.full_at is not None
    page = text_of(producer.get(url(PAGE, "changelist")))
    for said in ("match-7", "long", "full: the rest is missing", "has room"):
        assert said in page, said


def test_it_is_played_from_the_first_message_on(producer: Client, recording: GameRecording) -> None:
    page = page_of(producer, recording)
    assert "Message 1 of 6" in page
    assert "the session was connected, with the full state" in page
    assert "It is the first message: all of it is new." in page
    assert "Previous" not in page
    assert "Next" in page


@pytest.mark.parametrize(
    ("asked", "shown"), [("3", 3), ("0", 1), ("-2", 1), ("99", 6), ("x", 1), ("²", 1), ("9" * 30, 1)]
)
def test_any_message_can_be_gone_to_and_what_is_none_leads_to_one(
    producer: Client, recording: GameRecording, asked: str, shown: int
) -> None:
    assert f"Message {shown} of 6" in page_of(producer, recording, asked)


def test_what_a_message_has_changed_is_marked_in_words(producer: Client, recording: GameRecording) -> None:
    page = page_of(producer, recording, 3)
    assert "&quot;dead&quot; ← was &quot;alive&quot;" in page
    assert "&quot;kills&quot;: 3 ← was 0" in page
    assert "{ ← new" in page
    assert "&quot;x&quot; ← gone" in page_of(producer, recording, 4)
    assert "true ← was 2" in page_of(producer, recording, 6)


def test_g4_events_that_would_happen_are_found_with_those_that_are_held_back(
    producer: Client, studio: Studio, recording: GameRecording
) -> None:
    run_rule(studio, event_name="Boss defeated", event_per_session=1)
    page = page_of(producer, recording, 3)
    assert "Boss defeated would happen here by &quot;dead&quot;" in page
    page = page_of(producer, recording, 5)
    assert "It would not count: it had happened as often as it may in a session." in page
    html = producer.get(url(PAGE, "change", recording.pk), {"message": 1}).content.decode()
    assert 'href="?message=3#message">Next game event' in html


def test_g4_a_rule_that_finds_nothing_is_named_all_the_same(
    producer: Client, studio: Studio, recording: GameRecording
) -> None:
    run_rule(studio, event_name="Flawless", event_value='"unharmed"')
    page = page_of(producer, recording)
    assert "Flawless" in page
    assert "Nothing of that is found in this recording." in page


def test_without_a_running_rule_it_says_where_rules_are_tried(producer: Client, recording: GameRecording) -> None:
    assert "No campaign that runs now has a game event for this game." in page_of(producer, recording)


def test_playing_earns_nobody_anything(producer: Client, studio: Studio, recording: GameRecording) -> None:
    run_rule(studio)
    page_of(producer, recording, 3)
    assert not GameSession.objects.get().happened.exists()


def test_s5_it_is_renamed_and_that_is_in_the_trail(producer: Client, studio: Studio, recording: GameRecording) -> None:
    address = url(PAGE, "rename", recording.pk)
    assert "The name is kept." in text_of(producer.post(address, {"name": "Two streamers"}, follow=True))
    assert GameRecording.objects.get().name == "Two streamers"
    assert "Recording Two streamers" in page_of(producer, recording)
    entry = AuditEntry.objects.get(object_id=recording.pk)
    assert (entry.before, entry.after) == ({"name": ""}, {"name": "Two streamers"})


def test_s5_deleting_asks_and_takes_the_messages_but_not_the_session(
    producer: Client, recording: GameRecording
) -> None:
    address = url(PAGE, "delete", recording.pk)
    assert "Its 6 messages are deleted with it" in text_of(producer.get(address))
    assert GameRecording.objects.exists()
    assert "The recording is deleted." in text_of(producer.post(address, follow=True))
    assert not RecordedMessage.objects.exists()
    assert GameSession.objects.exists()
    assert AuditEntry.objects.filter(object_id=recording.pk, action="deleted recording").exists()


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ANALYST])
def test_s1_who_may_not_edit_campaigns_neither_renames_nor_deletes(
    studio: Studio, recording: GameRecording, role: Role
) -> None:
    client = sign_in(studio.members[role])
    assert client.post(url(PAGE, "rename", recording.pk), {"name": "x"}).status_code == 403
    assert client.post(url(PAGE, "delete", recording.pk)).status_code == 403
    assert "Delete" not in page_of(client, recording)
    assert GameRecording.objects.get().name == ""


def test_s1_analysts_do_not_see_what_messages_hold(studio: Studio, recording: GameRecording) -> None:
    analyst = sign_in(studio.members[Role.ANALYST])
    for page in (page_of(analyst, recording, 3), text_of(analyst.get(url(PAGE, "changelist")))):
        assert "match-7" not in page
        assert "Ada" not in page
    assert "Your role does not see it." in page_of(analyst, recording)


def test_the_page_needs_as_many_queries_for_many_messages_and_rules_as_for_few(
    producer: Client, studio: Studio, recording: GameRecording
) -> None:
    run_rule(studio)
    page_of(producer, recording)
    with CaptureQueriesContext(connection) as few:
        page_of(producer, recording)
    for _ in range(5):
        make_event_reward(studio.campaign)
    other = make_recording(
        make_game_session(studio.game), MATCH[0], *(("delta", {"boss": ["alive", "dead"][n % 2]}) for n in range(99))
    )
    with CaptureQueriesContext(connection) as many:
        page_of(producer, other, 50)
    assert len(many) == len(few)
