"""Finding anybody by anything: one box, straight to the person, nothing of other organizations, few queries."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfillment.admin import search
from fulfillment.finders import finders
from fulfillment.former_names import on_renamed
from fulfillment.models import Event
from fulfillment.rules.states import State
from portal.models import Membership
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import NOW, make_link, make_user
from tests.fulfillment.admin.story import Studio

pytestmark = pytest.mark.django_db


class Known:
    """A linked person with all ids and names one can have."""

    def __init__(self, studio: Studio) -> None:
        self.user = make_user(email="Nova@Example.org")
        EmailAddress.objects.create(user=self.user, email="second@example.org")
        self.viewer = studio.viewer(platform_user_id="4242424242", login="nova_live", name="Nova Prime")
        self.player = studio.player(player_id="hero-9", name="Hero Nine", user=self.user)
        self.link = make_link(studio.game, viewer=self.viewer, player=self.player)
        self.claim = studio.claim(
            State.FAILED, viewer=self.viewer, player=self.player, platform_claim_id="pc-1", link=self.link
        )
        self.event = Event.objects.create(
            organization=studio.organization, type="claim.failed", at=NOW, subject=self.claim.pk, body="{}"
        )
        on_renamed(self.viewer, ["nova_before"], NOW)
        on_renamed(self.player, ["Hero Eight"], NOW)

    @property
    def page(self) -> str:
        return reverse("admin:person_viewer", args=[self.viewer.pk])

    @property
    def player_page(self) -> str:
        return reverse("admin:person_player", args=[self.player.pk])


def _found(client: Any, word: str) -> str:
    answer = client.get(reverse("admin:find"), {"q": word})
    return str(answer.get("Location", "")).split("#")[0]


def test_a9_one_person_is_reached_straight_by_everything_they_have(studio: Studio, elsewhere: Studio) -> None:
    known, client = Known(studio), sign_in(studio.members[Role.SUPPORT])
    stranger = elsewhere.viewer(platform_user_id="4242424242", login="nova_live", name="Nova Prime")
    elsewhere.claim(viewer=stranger, platform_claim_id="pc-1")
    viewer = [
        "4242424242",
        "nova_live",
        "NOVA_LIVE",
        "Nova Prime",
        "nova prime",
        "nova_before",
        "Nova_Before",
        known.viewer.pk,
        known.viewer.pk.lower(),
    ]
    viewer += [
        known.link.pk,
        known.claim.pk,
        known.claim.pk[:20],
        "pc-1",
        known.event.pk,
        "nova_l",
        "nova_bef",
        "Nova P",
        "NOVA P",
    ]
    assert {word: _found(client, word) for word in viewer} == dict.fromkeys(viewer, known.page)
    player = [
        "hero-9",
        "Hero Nine",
        "hero nine",
        "HERO EIGHT",
        "hero n",
        "nova@example.org",
        "NOVA@example.org",
        "second@example.org",
        "hero",
    ]
    assert {word: _found(client, word) for word in player} == dict.fromkeys(player, known.player_page)


def test_a_claim_s_id_leads_to_the_claim_on_the_person_s_page(studio: Studio) -> None:
    known = Known(studio)
    answer = sign_in(studio.members[Role.SUPPORT]).get(reverse("admin:find"), {"q": known.claim.pk})
    assert answer["Location"] == f"{known.page}#claim-{known.claim.pk}"


def test_several_people_are_listed(studio: Studio) -> None:
    for number in (1, 2):
        studio.viewer(name="Twin", platform_user_id=f"{number}000")
    answer = sign_in(studio.members[Role.SUPPORT]).get(reverse("admin:find"), {"q": "Twin"})
    assert answer.status_code == 200
    assert len(answer.context["viewers"]) == 2


def test_who_is_not_found_is_looked_for_again_in_the_same_box(studio: Studio) -> None:
    client = sign_in(studio.members[Role.OWNER])
    for name, hint in (("admin:find", "find-nothing"), ("admin:grant", "grant-nothing")):
        page = client.get(reverse(name), {"q": "nobody at all"}).content.decode()
        box = page[page.index(f'aria-describedby="{hint} ') :].split(">")[0]
        assert box.endswith(" autofocus")
        assert f'id="{hint}"' in page
    assert (
        reverse("admin:fulfillment_webhooktally_changelist")
        in client.get(reverse("admin:find"), {"q": "x"}).content.decode()
    )
    assert "find-nothing" not in client.get(reverse("admin:find")).content.decode()


def test_what_an_app_enters_is_found_too(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Known(studio)
    asked: list[str] = []

    def by_code(organization: Any, text: str) -> list[str]:
        asked.append(text)
        return [known.claim.pk] if (organization, text) == (studio.organization, "X7Q9") else []

    monkeypatch.setattr("fulfillment.admin.search.finders", [*finders, by_code])
    assert _found(sign_in(studio.members[Role.SUPPORT]), "X7Q9") == known.page
    asked.clear()
    assert _found(sign_in(studio.members[Role.ANALYST]), "X7Q9") == ""
    assert asked == []


def test_s1_an_analyst_finds_claims_by_our_id_and_no_person(studio: Studio) -> None:
    known, client = Known(studio), sign_in(studio.members[Role.ANALYST])
    for word in ("4242424242", "nova_live", "nova_before", "hero-9", "nova@example.org", known.link.pk, "pc-1"):
        answer = client.get(reverse("admin:find"), {"q": word})
        assert (answer.status_code, answer.context["viewers"], answer.context["claims"]) == (200, [], [])
    assert client.get(reverse("admin:find"), {"q": known.claim.pk}).context["claims"]
    assert client.get(known.page).status_code == 403


def test_a_search_costs_at_most_twenty_queries_and_no_more_for_many(studio: Studio) -> None:
    Known(studio)
    client = sign_in(studio.members[Role.SUPPORT])
    counts = []
    for round_ in range(3):
        for word in ("Nova", "nobody at all", "someone@example.org", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "Twin"):
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse("admin:find"), {"q": word})
            counts.append(len(queries))
        for number in range(20):
            studio.viewer(name="Twin", platform_user_id=f"99{round_}{number}")
    assert max(counts) <= 20, counts
    assert counts[9] == counts[14], counts


@pytest.mark.sqlite
def test_every_look_up_is_answered_by_an_index(studio: Studio) -> None:
    Known(studio)
    client = sign_in(studio.members[Role.SUPPORT])
    words = ("Nova", "nobody at all", "someone@example.org", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKT")
    with CaptureQueriesContext(connection) as queries:
        for word in words:
            client.get(reverse("admin:find"), {"q": word})
    tables = ("campaigns_viewer", "linking_", "fulfillment_claim", "fulfillment_formername", "fulfillment_event")
    asked = [
        query["sql"]
        for query in queries
        if query["sql"].startswith("SELECT") and any(f'FROM "{table}' in query["sql"] for table in tables)
    ]
    assert len(asked) > len(words)
    with connection.cursor() as cursor:
        plans = []
        for sql in asked:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plans.append([row[3] for row in cursor.fetchall()])
    walked = [
        step for step in itertools.chain(*plans) if step.startswith("SCAN") and "fulfillment_claim USING" not in step
    ]
    assert [
        step for step in walked if any(name in step for name in ("viewer", "player", "link", "former", "event"))
    ] == []


@pytest.mark.parametrize("count", [2, 3])
def test_a_search_says_that_it_did_not_look_through_all_claims_in_quarantine(
    studio: Studio, elsewhere: Studio, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(search, "LOOKED_THROUGH", 2)
    Known(studio)
    for number in range(count):
        studio.claim(State.QUARANTINED, external_id=f"item-{number}")
        elsewhere.claim(State.QUARANTINED, external_id=f"item-{number}")
    told, client = "only the newest 2 were looked through", sign_in(studio.members[Role.SUPPORT])
    for place in (reverse("admin:find"), url("fulfillment.claim", "changelist")):
        for word in ("item-0", "item-1", "item-of-nobody"):
            page = client.get(place, {"q": word}).content.decode()
            assert (told in page) == (count > 2), (place, word)
            assert ("“Unmapped claims” has all of them" in page) == (count > 2)
        for word in ("nova_live", "pc-1"):
            assert told not in client.get(place, {"q": word}, follow=True).content.decode(), (place, word)
    Membership.objects.filter(user=studio.members[Role.SUPPORT]).update(all_games=False)
    page = client.get(reverse("admin:find"), {"q": "item-0"}).content.decode()
    assert (told in page, "“Unmapped claims”" in page) == (count > 2, False), "who has some games has not that page"
    analyst = sign_in(studio.members[Role.ANALYST])
    assert told not in analyst.get(reverse("admin:find"), {"q": "item-0"}).content.decode()
