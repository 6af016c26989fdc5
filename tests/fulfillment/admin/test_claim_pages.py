"""The claims in the admin: who sees what, finding by any id, and each deed with its reason, history and audit (F3, F4, S1, S5)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfillment.inventory import shown
from fulfillment.models import Claim, ClaimEvent, DeliveryAttempt
from fulfillment.rules.codes import Action
from fulfillment.rules.reasons import REASONS
from fulfillment.rules.states import State
from portal.models import AuditEntry
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import NOW
from tests.fulfillment.admin.story import Studio

pytestmark = pytest.mark.django_db

CLAIM = "fulfillment.claim"
MENDERS = (Role.OWNER, Role.PRODUCER, Role.SUPPORT)


@pytest.mark.parametrize("role", list(Role))
def test_s1_every_role_reads_the_list_and_a_claim(studio: Studio, role: Role) -> None:
    claim = studio.claim()
    client = sign_in(studio.members[role])
    assert client.get(url(CLAIM, "changelist")).status_code == 200
    assert client.get(url(CLAIM, "change", claim.pk)).status_code == 200


def test_s1_a_claim_of_another_organization_does_not_exist(studio: Studio, elsewhere: Studio) -> None:
    claim = elsewhere.claim(State.HELD, staff_hold=True)
    client = sign_in(studio.members[Role.OWNER])
    pages = ["change", "history", *(action.value for action in Action if action.value in _OPERATIONS)]
    for page in pages:
        assert client.get(url(CLAIM, page, claim.pk)).status_code == 404, page
        assert client.post(url(CLAIM, page, claim.pk), {"reason": "x"}).status_code == 404, page
    claim.refresh_from_db()
    assert claim.state == State.HELD
    assert claim.pk not in client.get(url(CLAIM, "changelist")).content.decode()


_OPERATIONS = {"retry", "hold", "release", "resend", "assign_reward", "abandon", "reopen"}


def test_s1_an_analyst_sees_no_identifier_anywhere(studio: Studio) -> None:
    viewer = studio.viewer(platform_user_id="98765432101", login="secretlogin", name="SecretName")
    player = studio.player(player_id="player-secret-77", name="SecretHero")
    claim = studio.claim(
        State.FAILED, viewer=viewer, player=player, platform_claim_id="claim-secret-1",
        platform_user_name="SecretName", raw='{"user_id": "98765432101"}', detail="for 98765432101",
    )  # fmt: skip
    DeliveryAttempt.objects.create(
        delivery=claim.delivery, number=1, started_at=NOW, duration_ms=5, status=500, answer="no SecretHero here"
    )
    secrets = ("98765432101", "secretlogin", "SecretName", "SecretHero", "player-secret-77", "claim-secret-1")
    for page in (
        url(CLAIM, "changelist"),
        url(CLAIM, "change", claim.pk),
        reverse("admin:find") + f"?q={claim.pk}",
        url("fulfillment.delivery", "changelist") + "?show=all",
        url("linking.player", "changelist"),
        url("linking.player", "change", player.pk),
    ):
        answer = sign_in(studio.members[Role.ANALYST]).get(page)
        assert answer.status_code == 200, page
        text = answer.content.decode()
        assert [secret for secret in secrets if secret in text] == [], page
    seen = sign_in(studio.members[Role.SUPPORT]).get(url(CLAIM, "change", claim.pk)).content.decode()
    assert [secret for secret in secrets if secret not in seen and secret != "secretlogin"] == []


def test_s1_an_analyst_cannot_find_out_by_searching_what_is_masked(studio: Studio) -> None:
    claim = studio.claim(viewer=studio.viewer(platform_user_id="555000111"))
    client = sign_in(studio.members[Role.ANALYST])
    assert claim.pk not in client.get(url(CLAIM, "changelist") + "?q=555000111").content.decode()
    assert claim.pk in client.get(url(CLAIM, "changelist") + f"?q={claim.pk}").content.decode()
    assert claim.pk not in client.get(reverse("admin:find") + "?q=555000111").content.decode()


def test_a9_a_claim_is_found_by_every_id_it_has(studio: Studio, elsewhere: Studio) -> None:
    viewer = studio.viewer(platform_user_id="4242424242", login="nova", name="Nova Prime")
    player = studio.player(player_id="hero-9", name="Hero Nine")
    claim = studio.claim(State.DELIVERED, viewer=viewer, player=player, platform_claim_id="pc-1")
    stuck = studio.claim(State.QUARANTINED, external_id="item-unmapped", platform_reward_id="there-7")
    elsewhere.claim(viewer=elsewhere.viewer(platform_user_id="4242424242", login="nova"), platform_claim_id="pc-1")
    client = sign_in(studio.members[Role.SUPPORT])
    words = {
        claim.pk: claim, claim.pk.lower(): claim, claim.pk[:20]: claim, "pc-1": claim, "4242424242": claim, "nova": claim,
        "NOVA": claim, "Nova Prime": claim, viewer.pk: claim, "hero-9": claim, "Hero Nine": claim, "item-cloak": claim,
        "item-unmapped": stuck, "there-7": stuck,
    }  # fmt: skip
    for word, expected in words.items():
        listed = client.get(url(CLAIM, "changelist"), {"q": word}).context["cl"].result_list
        assert expected.pk in [row.pk for row in listed], word
        assert {row.organization_id for row in listed} == {studio.organization.pk}, word
        assert expected.pk in client.get(reverse("admin:find"), {"q": word}, follow=True).content.decode(), word
    assert not client.get(url(CLAIM, "changelist"), {"q": "nobody"}).context["cl"].result_list


@pytest.mark.parametrize(
    ("query", "states"),
    [
        ({}, ["failed", "held", "quarantined", "waiting"]),
        ({"state": "failed"}, ["failed"]),
        ({"state": "attention"}, ["failed", "held", "quarantined"]),
        ({"reason": "late"}, ["held"]),
        ({"on_platform": "kick"}, ["failed", "held", "quarantined", "waiting"]),
        ({"on_platform": "twitch"}, []),
        ({"attempted": "yes"}, ["failed"]),
        ({"source__exact": "sweep"}, ["waiting"]),
        ({"received_at_from_0": "2000-01-01", "received_at_to_0": "2000-01-01"}, []),
        ({"received_at_to_0": "2000-01-01", "received_at_to_1": "noon"}, ["failed", "held", "quarantined", "waiting"]),
    ],
)
def test_filters_keep_what_they_say(studio: Studio, query: dict[str, str], states: list[str]) -> None:
    studio.claim(State.FAILED)
    studio.claim(State.HELD, "late")
    studio.claim(State.QUARANTINED)
    studio.claim(State.WAITING, source=Claim.Source.SWEEP)
    answer = sign_in(studio.members[Role.OWNER]).get(url(CLAIM, "changelist"), query)
    assert sorted(row.state for row in answer.context["cl"].result_list) == states
    assert answer.context["cl"].result_count == len(states)


def test_the_list_goes_on_over_pages_newest_first(studio: Studio) -> None:
    made = [studio.claim(state).pk for state in [State.WAITING, State.HELD, State.QUARANTINED] * 18]
    client = sign_in(studio.members[Role.OWNER])
    pages = [client.get(url(CLAIM, "changelist"), {"p": page}).context["cl"].result_list for page in (1, 2, 3)]
    assert [row.pk for page in pages for row in page] == sorted(made, reverse=True)


@pytest.mark.parametrize("page", ["fulfillment.claim", "fulfillment.delivery", "linking.link", "linking.player"])
def test_a_list_asks_as_often_for_twenty_rows_as_for_one(studio: Studio, page: str) -> None:
    client = sign_in(studio.members[Role.OWNER])
    asked = []
    for count in (1, 19):
        for _ in range(count):
            studio.claim(State.READY)
            studio.link()
        client.get(url(page, "changelist"))
        with CaptureQueriesContext(connection) as queries:
            client.get(url(page, "changelist"))
        asked.append(len(queries))
    assert asked[0] == asked[1]


@pytest.mark.parametrize(
    ("state", "code"), [(state, code) for code, row in REASONS.items() for state in sorted(row.states)]
)
def test_f4_the_page_says_in_words_what_happened_and_what_the_viewer_reads(
    studio: Studio, state: State, code: str
) -> None:
    claim = studio.claim(state, code)
    page = sign_in(studio.members[Role.SUPPORT]).get(url(CLAIM, "change", claim.pk))
    assert page.context["staff_text"] == REASONS[code].staff  # type: ignore[index]
    assert page.context["seen"].next_text == shown(claim).next_text
    assert shown(claim).next_text in page.context["summary"]
    assert 'data-copies="ticket-text"' in page.content.decode(), "a keyboard cannot click to select"


def test_the_raw_message_is_shown_as_text_to_those_who_may_see_people(studio: Studio) -> None:
    claim = studio.claim(raw='{"name": "<script>alert(1)</script>"}')
    page = sign_in(studio.members[Role.SUPPORT]).get(url(CLAIM, "change", claim.pk)).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page
    assert "alert(1)" not in sign_in(studio.members[Role.ANALYST]).get(url(CLAIM, "change", claim.pk)).content.decode()


DEEDS = {
    "retry": (State.FAILED, State.READY),
    "hold": (State.READY, State.HELD),
    "release": (State.HELD, State.HELD),
    "resend": (State.DELIVERED, State.READY),
    "abandon": (State.FAILED, State.ABANDONED),
    "reopen": (State.ABANDONED, State.RECEIVED),
    "assign_reward": (State.QUARANTINED, State.QUARANTINED),
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("role", list(Role))
def test_s1_s5_each_deed_asks_for_a_reason_and_is_kept_in_history_and_audit(
    studio: Studio, deed: str, role: Role
) -> None:
    before, after = DEEDS[deed]
    claim = studio.claim(before, "late" if before == State.HELD else "")
    client = sign_in(studio.members[role])
    address = url(CLAIM, deed, claim.pk)
    if role not in MENDERS:
        assert client.get(address).status_code == 403
        assert client.post(address, {"reason": "x"}).status_code == 403
        assert not ClaimEvent.objects.filter(claim=claim).exists()
        return
    assert client.get(address).status_code == 200
    assert client.post(address, {"reason": " "}).status_code == 200, "without a reason it asks again"
    assert not ClaimEvent.objects.filter(claim=claim).exists()
    posted = client.post(address, {"reason": "ticket 4711", "reward": studio.reward.pk})
    assert posted.status_code == 302
    claim.refresh_from_db()
    assert claim.state == after
    event = ClaimEvent.objects.get(claim=claim)
    assert "ticket 4711" in event.detail
    assert event.actor == studio.members[role]
    entry = AuditEntry.objects.get(object_type="fulfillment.claim", object_id=claim.pk)
    assert (entry.action, entry.reason, entry.actor) == (deed, "ticket 4711", studio.members[role])


def test_a_claim_leads_back_to_the_list_as_it_was_filtered_also_after_a_deed(studio: Studio) -> None:
    claim, client = studio.claim(State.HELD, "late"), sign_in(studio.members[Role.OWNER])
    listed, page = url(CLAIM, "changelist"), url(CLAIM, "change", claim.pk)
    back = f'href="{listed}?state=held&amp;p=1"'
    came = f"{page}?_changelist_filters=state%3Dheld%26p%3D1"
    shown = client.get(came)
    assert back in shown.content.decode()
    deed = next(address for address, label, _style in shown.context["deeds"] if label.startswith("Release"))
    asked = client.get(deed)
    assert asked.context["back"] == came
    after = client.post(deed, {"reason": "in time after all"}, follow=True)
    assert after.redirect_chain == [(came, 302)]
    assert back in after.content.decode()
    assert f'href="{listed}"' in client.get(page).content.decode()
    assert (
        f'href="{listed}?x=%2F%2Felsewhere"'
        in client.get(f"{page}?_changelist_filters=x%3D//elsewhere").content.decode()
    )


def test_what_has_to_be_written_again_takes_the_focus(studio: Studio) -> None:
    client, claim = sign_in(studio.members[Role.OWNER]), studio.claim(State.QUARANTINED)
    address = url(CLAIM, "assign_reward", claim.pk)
    assert "autofocus" not in client.get(address).content.decode(), "the page is read from its top"
    for posted, field in (({"reason": "x"}, "reward"), ({"reward": studio.reward.pk, "reason": " "}, "reason")):
        page = client.post(address, posted).content.decode()
        [focused] = re.findall(r"<(?:select|textarea|input)[^>]* autofocus[^>]*>", page)
        assert f'name="{field}"' in focused
        assert f'aria-describedby="id_{field}' in focused


@pytest.mark.parametrize(
    ("since", "looks_again", "said"),
    [(timedelta(seconds=10), True, "looks again by itself"), (timedelta(hours=1), False, "whether the worker runs")],
)
def test_f4_a_claim_that_waits_to_be_worked_out_is_told_as_such_and_looked_at_again_for_a_minute(
    studio: Studio, since: timedelta, looks_again: bool, said: str
) -> None:
    claim = studio.claim(State.RECEIVED, reward=None)
    Claim.objects.filter(pk=claim.pk).update(resolve_at=NOW)
    with time_machine.travel(NOW + since, tick=False):
        client = sign_in(studio.members[Role.SUPPORT])
        answer = client.get(url(CLAIM, "change", claim.pk))
        page = answer.content.decode()
        assert "Claim that is to be worked out" in page and said in page
        assert answer.headers.get("Refresh", "").startswith("5; ") is looks_again
        Claim.objects.filter(pk=claim.pk).update(resolve_at=NOW + timedelta(days=1))
        answer = client.get(url(CLAIM, "change", claim.pk))
        assert "waits to be worked out" not in answer.content.decode() and "Refresh" not in answer.headers


def test_f3_a_deed_that_no_longer_fits_says_so_and_changes_nothing(studio: Studio) -> None:
    claim = studio.claim(State.DELIVERED)
    answer = sign_in(studio.members[Role.OWNER]).post(url(CLAIM, "abandon", claim.pk), {"reason": "x"})
    assert answer.status_code == 200
    assert "does not fit the claim" in answer.content.decode()
    claim.refresh_from_db()
    assert claim.state == State.DELIVERED


def test_i5_only_rewards_of_the_own_organization_can_be_assigned(studio: Studio, elsewhere: Studio) -> None:
    claim = studio.claim(State.QUARANTINED)
    client = sign_in(studio.members[Role.OWNER])
    answer = client.post(url(CLAIM, "assign_reward", claim.pk), {"reason": "x", "reward": elsewhere.reward.pk})
    assert answer.status_code == 200
    claim.refresh_from_db()
    assert claim.assigned_reward is None
