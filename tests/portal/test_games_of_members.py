"""A member of some games finds nothing of the others, on any page of the admin (S1): the table of roles by games."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import NoReverseMatch, reverse

from campaigns.models import (
    Campaign,
    Game,
    GameEvent,
    GameOfMember,
    GameRecording,
    GameSession,
    Heartbeat,
    HeartbeatSource,
    Reward,
    Viewer,
)
from fulfillment.models import AlertRule, BulkOperation, Claim, Delivery, DeliveryAttempt, EventDelivery, KeptMessage
from linking.models import Link, Player
from portal.admin_pages import pages
from portal.models import AuditEntry, Membership, Organization, User
from portal.reach import entered_games, knows_games
from portal.roles import Role
from tests.admin_pages import sign_in
from tests.factories import (
    NOW,
    make_campaign,
    make_channel,
    make_claim,
    make_credential,
    make_endpoint,
    make_game,
    make_link,
    make_organization,
    make_reward,
    make_staff,
)
from tests.game_events import make_event_reward
from tests.game_sessions import make_game_event, make_game_session, make_recording
from tests.watching import beat, make_source

pytestmark = pytest.mark.django_db

LIMITED = (Role.PRODUCER, Role.SUPPORT, Role.ANALYST)


@dataclass
class Part:
    """What belongs to one game, by its model."""

    game: Game
    rows: dict[type[Model], Any]


def make_part(organization: Organization, name: str) -> Part:
    game = make_game(organization, name=f"{name} game")
    make_endpoint(game)
    reward = make_reward(game, name=f"{name} reward")
    campaign = make_campaign(game, name=f"{name} campaign", rewards=[reward])
    link = make_link(game)
    Viewer.objects.filter(pk=link.viewer_id).update(name=f"{name} viewer", login=f"{name.lower()}login")
    Player.objects.filter(pk=link.player_id).update(name=f"{name} player")
    claim = make_claim(
        organization, game=game, campaign=campaign, reward=reward, viewer=link.viewer, player=link.player
    )
    delivery = Delivery.objects.create(claim=claim, game=game, created_at=NOW, due_at=NOW)
    attempt = DeliveryAttempt.objects.create(delivery=delivery, number=1, started_at=NOW, duration_ms=5)
    source = make_source(game, name=f"{name} source")
    beat(source, viewers=["1"], minute=NOW)
    session = make_game_session(game, [make_channel(organization)], session_key=f"{name} session")
    event = make_game_event(session, make_event_reward(campaign))
    recording = make_recording(session, ("connect", {}))
    rows: dict[type[Model], Any] = {
        type(row): row.pk for row in (game, reward, campaign, link, link.viewer, link.player, claim, delivery, attempt)
    }
    rows |= {type(row): row.pk for row in (source, session, event, recording)}
    rows[Heartbeat] = Heartbeat.objects.get(source=source).pk
    return Part(game, rows)


@pytest.fixture
def organization() -> Organization:
    organization = make_organization()
    make_credential(organization)
    return organization


@pytest.fixture
def mine(organization: Organization) -> Part:
    return make_part(organization, "Mine")


@pytest.fixture
def theirs(organization: Organization, mine: Part) -> Part:
    return make_part(organization, "Hidden")


def limited(organization: Organization, role: Role, *games: Game) -> User:
    person = make_staff(organization, role)
    Membership.objects.filter(user=person).update(all_games=False)
    for game in games:
        GameOfMember.objects.create(membership=Membership.objects.get(user=person), game=game)
    return person


def address(model: type[Model], page: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


def status(client: Client, model: type[Model], pk: Any) -> int:
    return client.get(address(model, "change", pk)).status_code


@pytest.mark.parametrize("role", LIMITED)
def test_s1_in_their_games_a_member_of_some_meets_what_the_role_gives_and_of_others_nothing(
    organization: Organization, mine: Part, theirs: Part, role: Role
) -> None:
    whole, part = sign_in(make_staff(organization, role)), sign_in(limited(organization, role, mine.game))
    none = sign_in(limited(organization, role))
    for model, pk in theirs.rows.items():
        if model not in admin.site._registry:
            continue
        listing = address(model, "changelist")
        everything = "?show=all" if model is Delivery else ""
        answer = part.get(listing + everything)
        assert answer.status_code == whole.get(listing).status_code, model
        assert status(part, model, mine.rows[model]) == status(whole, model, mine.rows[model]), model
        if answer.status_code == 200:
            listed = {row.pk for row in answer.context["cl"].result_list}
            assert mine.rows[model] in listed, model
            assert pk not in listed, model
            assert "Hidden" not in answer.content.decode(), model
            assert not none.get(listing + everything).context["cl"].result_list, model
        # A delivery's and an attempt's page is the claim's, which those may open whom the list is closed to.
        refused = part.get(address(model, "change", pk), follow=True).status_code
        assert refused in ((403, 404) if answer.status_code == 403 else (404,)), model
        assert none.get(address(model, "change", mine.rows[model]), follow=True).status_code in (403, 404), model


def test_s1_every_deed_on_anothers_game_is_unknown(organization: Organization, mine: Part, theirs: Part) -> None:
    client = sign_in(limited(organization, Role.PRODUCER, mine.game))
    for model, pk in theirs.rows.items():
        if model not in admin.site._registry or model in (Delivery, DeliveryAttempt):
            continue
        for pattern in admin.site.get_model_admin(model).get_urls():
            if not pattern.name or "object_id" not in str(pattern.pattern):
                continue
            try:
                page = reverse(f"admin:{pattern.name}", args=[pk])
            except NoReverseMatch:  # it names a row inside the object too
                continue
            for answer in (client.get(page, follow=True), client.post(page, {"post": "yes"}, follow=True)):
                assert answer.status_code == 404, page


@pytest.mark.parametrize("role", LIMITED)
def test_s1_pages_that_belong_to_no_model_keep_to_the_games_or_do_not_exist(
    organization: Organization, mine: Part, theirs: Part, role: Role
) -> None:
    whole, part = sign_in(make_staff(organization, role)), sign_in(limited(organization, role, mine.game))
    for page in pages:
        try:
            where = reverse(f"admin:{page.name}")
        except NoReverseMatch:
            continue
        answer = part.get(where)
        expected = whole.get(where).status_code if page.keeps_to_games else 404
        assert answer.status_code == expected, page.name
        if answer.status_code == 200 and not answer.streaming:
            assert "Hidden" not in answer.content.decode(), page.name


@pytest.mark.parametrize("role", LIMITED)
def test_s1_the_start_page_and_the_menu_know_of_their_games_only(
    organization: Organization, mine: Part, theirs: Part, role: Role
) -> None:
    text = sign_in(limited(organization, role, mine.game)).get(reverse("admin:index")).content.decode()
    assert "Hidden" not in text
    for model in (KeptMessage, EventDelivery, AuditEntry):
        assert f'href="{address(model, "changelist")}"' not in text


def test_s1_nothing_is_found_of_other_games(organization: Organization, mine: Part, theirs: Part) -> None:
    client = sign_in(limited(organization, Role.SUPPORT, mine.game))
    claim = Claim.objects.get(pk=theirs.rows[Claim])
    viewer, player = Viewer.objects.get(pk=theirs.rows[Viewer]), Player.objects.get(pk=theirs.rows[Player])
    for query in (claim.pk, claim.platform_claim_id, viewer.platform_user_id, viewer.login, player.player_id):
        for where in ("admin:find", "admin:fulfillment_claim_changelist"):
            text = client.get(reverse(where), {"q": query}, follow=True).content.decode()
            assert "Hidden" not in text, (where, query)
    for name, key in (("person_viewer", viewer.pk), ("person_player", player.pk)):
        assert client.get(reverse(f"admin:{name}", args=[key])).status_code == 404
    own = sign_in(make_staff(organization, Role.SUPPORT)).get(reverse("admin:find"), {"q": claim.pk}, follow=True)
    assert "Hidden" in own.content.decode()


def test_s1_a_claim_that_nobody_could_place_yet_is_for_members_of_all_games(
    organization: Organization, mine: Part
) -> None:
    stray = make_claim(organization, game=None, campaign=None, reward=None)
    part = sign_in(limited(organization, Role.SUPPORT, mine.game))
    assert status(part, Claim, stray.pk) == 404
    assert status(sign_in(make_staff(organization, Role.SUPPORT)), Claim, stray.pk) == 200


def test_s1_other_games_are_no_choice_in_any_form(organization: Organization, mine: Part, theirs: Part) -> None:
    client = sign_in(limited(organization, Role.PRODUCER, mine.game))
    for model in (Reward, HeartbeatSource):
        answer = client.get(address(model, "add"))
        if answer.status_code == 200:
            assert "Hidden game" not in answer.content.decode()
    posted = {"game": theirs.game.pk, "name": "Stolen", "platform_ids-TOTAL_FORMS": 0, "platform_ids-INITIAL_FORMS": 0}
    assert client.post(address(Reward, "add"), posted).status_code == 200
    assert not Reward.objects.filter(name="Stolen").exists()
    assert client.get(address(Game, "add")).status_code == 403
    assert client.get(address(Game, "delete", mine.game.pk)).status_code == 403
    query = {"app_label": "campaigns", "model_name": "campaignreward", "field_name": "reward", "term": ""}
    found = client.get(reverse("admin:autocomplete"), query).json()["results"]
    assert "Hidden reward" not in str(found)


def test_s1_an_action_on_many_takes_the_claims_of_their_games_only(
    organization: Organization, mine: Part, theirs: Part
) -> None:
    both = [mine.rows[Claim], theirs.rows[Claim]]
    posted = {"action": "hold_chosen", "_selected_action": both, "select_across": "1"}
    client = sign_in(limited(organization, Role.PRODUCER, mine.game))
    client.post(address(Claim, "changelist"), posted)
    assert BulkOperation.objects.get().claim_ids == [mine.rows[Claim]]
    other = sign_in(limited(organization, Role.PRODUCER, mine.game))
    many = reverse("admin:fulfillment_claim_many", args=[BulkOperation.objects.get().pk])
    assert other.get(many).status_code == 404


def test_s1_what_belongs_to_no_game_does_not_exist_for_them_but_channels_and_alerts(
    organization: Organization, mine: Part
) -> None:
    client = sign_in(limited(organization, Role.PRODUCER, mine.game))
    for model in (KeptMessage, EventDelivery, AuditEntry):
        assert client.get(address(model, "changelist")).status_code == 404
    assert client.get(address(AlertRule, "changelist")).status_code == 200
    assert client.get(reverse("admin:campaigns_channel_changelist")).status_code == 200


def test_s1_what_leads_to_a_game_is_known_by_its_foreign_keys() -> None:
    games = entered_games().model
    assert games is Game
    for model in (Campaign, Reward, Claim, Delivery, DeliveryAttempt, Link, Player, Heartbeat, Viewer):
        assert knows_games(model), model
    for model in (GameSession, GameEvent, GameRecording):
        assert knows_games(model), model
    for model in (KeptMessage, AuditEntry, Organization, User):
        assert not knows_games(model), model
