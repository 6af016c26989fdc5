"""The page of one person: viewer and player joined, why nothing came, what can be done, notes, looks, the whole story."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Participation, Watcher
from fulfillment.former_names import on_renamed
from fulfillment.models import Claim, ClaimEvent, DeliveryAttempt, StaffNote
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from linking.links import end_link
from linking.models import Link, Player
from portal.models import AuditEntry
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import NOW, make_link
from tests.fulfillment.admin.story import Studio

pytestmark = pytest.mark.django_db


def _page(person: Any) -> str:
    name = "person_player" if isinstance(person, Player) else "person_viewer"
    return reverse(f"admin:{name}", args=[person.pk])


class Story:
    """A person whose reward the game refused, and who was linked to somebody else's game account before."""

    def __init__(self, studio: Studio) -> None:
        self.viewer = studio.viewer(platform_user_id="31337", login="nova", name="Nova")
        self.other = studio.viewer(platform="twitch", platform_user_id="7001", name="NovaOnTwitch")
        self.player, self.before = studio.player(player_id="hero", name="Hero"), studio.player(name="Stranger")
        old = make_link(studio.game, viewer=self.viewer, player=self.before, started_at=NOW - timedelta(days=9))
        end_link(link=old, reason=Link.EndReason.VIEWER, now=NOW - timedelta(days=8))
        self.link = make_link(studio.game, viewer=self.viewer, player=self.player)
        make_link(studio.game, viewer=self.other, player=self.player)
        self.failed = studio.claim(State.FAILED, Code.REJECTED, viewer=self.viewer, player=self.player, raw='{"a": 1}')
        DeliveryAttempt.objects.create(
            delivery_id=self.failed.pk, number=1, started_at=NOW, duration_ms=12, status=422, answer="no such hero"
        )
        ClaimEvent.objects.create(
            claim=self.failed,
            at=NOW,
            from_state="delivering",
            to_state="failed",
            reason="rejected",
            actor_label="portal",
        )


def test_a9_the_page_joins_viewer_and_player_and_tells_all(studio: Studio) -> None:
    story = Story(studio)
    waiting = studio.claim(State.WAITING, Code.NOT_LINKED, viewer=story.other)
    on_renamed(story.viewer, ["OldNova"], NOW)
    client = sign_in(studio.members[Role.SUPPORT])
    for person in (story.viewer, story.player):
        answer = client.get(_page(person))
        text = answer.content.decode()
        for told in ("Nova", "NovaOnTwitch", "Hero", "31337", "OldNova", "no such hero", "422", "{&quot;a&quot;: 1}"):
            assert told in text, told
        assert [row["claim"].pk for row in answer.context["stuck"]] == [waiting.pk, story.failed.pk]
        turns = [str(row["turn"]) for row in answer.context["stuck"]]
        assert turns == ["the viewer", "you, the studio"]
        assert url("fulfillment.claim", "retry", story.failed.pk) in text
        assert url("linking.link", "unlink", story.link.pk) in text
        kinds = [one.icon for one in answer.context["timeline"]]
        assert {"link", "link_off", "inbox", "trending_flat", "send", "badge"} <= set(kinds)
        assert "Linked again: Nova" in text
    assert "Stranger" in text or "Stranger" in client.get(_page(story.viewer)).content.decode()


def test_f4_the_page_shows_the_very_text_that_the_viewer_reads(studio: Studio) -> None:
    from fulfillment.inventory import shown

    story = Story(studio)
    row = sign_in(studio.members[Role.SUPPORT]).get(_page(story.viewer)).context["claims"][0]
    assert row["seen"] == shown(story.failed)


def test_s1_s5_each_look_is_kept_once_in_ten_minutes_and_counted(studio: Studio) -> None:
    story = Story(studio)
    clients = [sign_in(studio.members[role]) for role in (Role.SUPPORT, Role.OWNER)]
    for client in clients:
        for person in (story.viewer, story.viewer, story.player):
            answer = client.get(_page(person))
    looks = AuditEntry.objects.filter(action="looked at")
    assert {(entry.actor, entry.object_id) for entry in looks} == {
        (studio.members[role], story.viewer.pk) for role in (Role.SUPPORT, Role.OWNER)
    }
    assert looks.count() == 2
    assert "2 members of staff looked at this person" in answer.content.decode()
    looks.update(at=timezone.now() - timedelta(minutes=11))
    clients[0].get(_page(story.viewer))
    assert looks.count() == 3
    AuditEntry.objects.filter(actor=studio.members[Role.OWNER]).update(at=timezone.now() - timedelta(days=31))
    assert "1 member of staff looked" in clients[0].get(_page(story.viewer)).content.decode()


def test_s1_another_organization_s_person_does_not_exist_and_is_not_looked_at(
    studio: Studio, elsewhere: Studio
) -> None:
    story = Story(elsewhere)
    client = sign_in(studio.members[Role.OWNER])
    for person in (story.viewer, story.player):
        assert client.get(_page(person)).status_code == 404
    note = reverse("admin:person_note", args=["viewer", story.viewer.pk])
    assert client.post(note, {"text": "x"}).status_code == 404
    assert client.post(reverse("admin:person_note", args=["player", "x"]), {"text": "x"}).status_code == 404
    assert not AuditEntry.objects.filter(action="looked at").exists()
    assert sign_in(studio.members[Role.ANALYST]).post(note, {"text": "x"}).status_code == 403


def test_staff_keep_notes_with_author_and_time_which_nobody_else_s_page_shows(studio: Studio) -> None:
    story, client = Story(studio), sign_in(studio.members[Role.SUPPORT])
    note = reverse("admin:person_note", args=["player", story.player.pk])
    answer = client.post(note, {"text": "  Writes often; be kind. "}, follow=True)
    assert "The note is kept." in answer.content.decode()
    kept = StaffNote.objects.get()
    assert (kept.text, kept.author, kept.player) == (
        "Writes often; be kind.",
        studio.members[Role.SUPPORT],
        story.player,
    )
    assert "be kind" in client.get(_page(story.viewer)).content.decode()
    assert "be kind" not in client.get(_page(studio.viewer())).content.decode()
    assert StaffNote.objects.count() == 1
    entry = AuditEntry.objects.get(action="added a note")
    assert "kind" not in str(entry.before) + str(entry.after) + entry.reason


def test_a_note_that_is_not_kept_stays_in_its_field_which_says_why_and_has_the_focus(studio: Studio) -> None:
    story, client = Story(studio), sign_in(studio.members[Role.SUPPORT])
    note = reverse("admin:person_note", args=["viewer", story.viewer.pk])
    for text, why in ((" ", "an empty note is not kept"), ("long " * 401, "at most 2000 characters")):
        answer = client.post(note, {"text": text})
        field = answer.context["note_form"]["text"]
        assert why in str(field.errors)
        assert field.value() == text
        assert re.search(r'<textarea name="text"[^>]* autofocus', answer.content.decode())
    assert not StaffNote.objects.exists()


def test_the_summary_for_a_ticket_has_the_story_and_no_secret(studio: Studio) -> None:
    story = Story(studio)
    text = sign_in(studio.members[Role.SUPPORT]).get(_page(story.viewer)).context["summary"]
    for told in ("31337", "hero", story.link.pk, story.failed.pk, "Attempt 1:", "422", "The viewer reads:"):
        assert told in text, told
    assert "no such hero" not in text
    assert '{"a": 1}' not in text


def test_the_story_is_paged_newest_first(studio: Studio) -> None:
    story = Story(studio)
    for number in range(50):
        ClaimEvent.objects.create(
            claim=story.failed,
            at=NOW + timedelta(minutes=number),
            from_state="ready",
            to_state="delivering",
            actor_label="p",
        )
    client = sign_in(studio.members[Role.SUPPORT])
    pages = [client.get(_page(story.viewer), {"page": number}).context for number in (1, 2)]
    times = [one.at for page in pages for one in page["timeline"]]
    assert (len(pages[0]["timeline"]), pages[0]["older"], pages[1]["older"]) == (40, 2, 0)
    assert times == sorted(times, reverse=True)
    for odd in ("0", "-1", "x", "99999", "²"):
        assert client.get(_page(story.viewer), {"page": odd, "claims": odd}).status_code == 200


def test_a_person_of_another_game_s_member_is_told_of_their_games_only(studio: Studio) -> None:
    from tests.factories import make_game

    story = Story(studio)
    member = studio.members[Role.SUPPORT]
    membership = member.memberships.get()
    membership.all_games = False
    membership.save()
    assert sign_in(member).get(_page(story.player)).status_code == 404
    make_game(studio.organization)
    answer = sign_in(member).get(reverse("admin:find"), {"q": "hero"})
    assert answer.context["players"] == []


def test_the_page_costs_at_most_twenty_queries_however_many_claims(studio: Studio) -> None:
    story = Story(studio)
    watcher = Watcher.objects.create(viewer=story.viewer)
    Participation.objects.create(watcher=watcher, campaign=studio.campaign)
    client = sign_in(studio.members[Role.OWNER])
    counts = []
    for round_ in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(_page(story.viewer))
        counts.append(len(queries))
        for number in range(30):
            studio.claim(
                State.WAITING, Code.NOT_LINKED, viewer=story.viewer, platform_claim_id=f"more-{round_}-{number}"
            )
    assert max(counts) <= 20, "\n".join(query["sql"][:150] for query in queries)
    assert counts[1] <= counts[0]


def test_a9_every_source_of_a_claim_is_told_also_a_simulated_one(studio: Studio) -> None:
    viewer = studio.viewer()
    for source in Claim.Source:
        studio.claim(State.WAITING, Code.NOT_LINKED, viewer=viewer, source=source)
    answer = sign_in(studio.members[Role.SUPPORT]).get(_page(viewer))
    assert answer.status_code == 200
    assert "simulated" in answer.content.decode()
