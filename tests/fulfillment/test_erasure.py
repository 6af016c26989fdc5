"""Erasure (F8): no identifier is left in any table, what was given is not given again, totals stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from campaigns.models import CampaignTester, Viewer
from campaigns.returning import recognize_viewers
from fulfillment.arrivals import Arrival, record_claims
from fulfillment.claims import NotPossible, abandon_claims, reopen_claims, resend_claim
from fulfillment.delivery import lease_due
from fulfillment.erasure import Erasure, ErasureRefused, erase_player, erase_viewer, preview_player, preview_viewer
from fulfillment.former_names import on_renamed
from fulfillment.models import Claim, ClaimEvent, Delivery, DeliveryAttempt, KeptMessage
from fulfillment.people.notes import add_note
from fulfillment.resolve import resolve_due
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from linking.links import end_link, make_link
from linking.models import GameSignIn, Link, Player
from linking.players import prove_oidc_player, prove_portal_player
from portal import audit
from portal.models import AuditEntry, User
from portal.platforms.messages import ClaimReceived
from portal.tombstones import is_tombstone
from tests.factories import (
    NOW,
    make_campaign,
    make_credential,
    make_endpoint,
    make_game,
    make_organization,
    make_reward,
    make_staff,
    make_subscription,
    make_user,
)
from tests.fulfillment.deliveries import deliver

pytestmark = pytest.mark.django_db

USER = "77001234567"
LOGIN = "quietcomet_login"
NAME = "Quiet Cometé"
PLAYER = "acc-99-zebra-4711"
PLAYER_NAME = "Zebra Rider"
OLD_NAME = "Silent Meteoré"
OLD_PLAYER_NAME = "Okapi Rider"
IDENTIFIERS = (USER, LOGIN, NAME, OLD_NAME, PLAYER, PLAYER_NAME, OLD_PLAYER_NAME)
LATER = NOW + timedelta(hours=1)


class Story:
    """A person with a delivered reward, a waiting one, a link, and traces everywhere."""

    def __init__(self, url: str = "https://game.example.org/") -> None:
        self.organization = make_organization()
        self.staff = make_staff(self.organization)
        self.game = make_game(self.organization)
        self.sign_in = GameSignIn.objects.create(
            game=self.game, method="oidc", issuer="https://id.example.org", client_id="c"
        )
        self.rewards = [make_reward(self.game, platform_ids={"kick": f"r{n}"}, image=False) for n in (1, 2)]
        self.campaign = make_campaign(self.game, rewards=self.rewards, platform_ids={"kick": "c1"})
        make_endpoint(self.game, url)
        make_subscription(self.organization)
        self.player = self.prove()
        self.viewer = Viewer.objects.create(
            organization=self.organization, platform="kick", platform_user_id=USER, login=LOGIN, name=NAME
        )

    def prove(self) -> Player:
        return prove_oidc_player(
            sign_in=self.sign_in, claims={"sub": PLAYER, "preferred_username": PLAYER_NAME}, now=NOW
        )

    def link(self, player: Player | None = None, viewer: Viewer | None = None) -> Link:
        player = player or self.player
        return make_link(
            game=self.game, viewer=viewer or self.viewer, player=player, scopes=[], now=NOW, actor=player.user
        )

    def arrive(self, claim: str, reward: str = "r1", user: str = USER) -> Claim:
        received = ClaimReceived(
            platform_claim_id=claim,
            platform_user_id=user,
            platform_user_name=NAME,
            platform_campaign_id="c1",
            platform_reward_id=reward,
            granted_at=NOW,
        )
        raw = json.dumps({"user_id": int(user), "name": NAME, "login": LOGIN})
        record_claims(
            organization_id=self.organization.pk,
            platform="kick",
            arrivals=[Arrival(received, raw)],
            source="webhook",
            now=NOW,
        )
        return self.claim(claim)

    def claim(self, claim: str) -> Claim:
        return Claim.objects.get(platform_claim_id=claim)

    def settle(self) -> None:
        while resolve_due(now=LATER + timedelta(days=1)):
            pass

    def erase(self, **values: Any) -> Erasure:
        return erase_viewer(viewer=self.viewer, **{"actor": self.staff, "reason": "Ticket 8841", "now": NOW, **values})

    def erase_player(self, **values: Any) -> Erasure:
        return erase_player(player=self.player, **{"actor": self.staff, "reason": "Ticket 8841", "now": NOW, **values})


@pytest.fixture
def story() -> Story:
    return Story()


def delivered(story: Story, claim: str = "first", reward: str = "r1") -> Claim:
    """Have a claim delivered as the drain would have it, with an answer that names the player."""
    story.arrive(claim, reward)
    story.settle()
    when = LATER + timedelta(days=1)
    [leased] = lease_due(now=when, limit=1)
    Delivery.objects.filter(pk=leased.message_id).update(leased=False, due_at=None)
    DeliveryAttempt.objects.create(
        delivery_id=leased.message_id,
        number=1,
        started_at=when,
        duration_ms=5,
        status=200,
        answer=f"gave it to {PLAYER}",
    )
    Claim.objects.filter(pk=leased.message_id).update(state=State.DELIVERED, reason="delivered", delivered_at=when)
    return story.claim(claim)


def everything_stored() -> Iterator[tuple[str, str]]:
    """Yield every text that is in the database, read past the models, with the column it is in."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    if isinstance(value, memoryview | bytes):
                        value = bytes(value).decode("utf-8", "replace")
                    elif isinstance(value, dict | list):
                        value = json.dumps(value, ensure_ascii=False)
                    if isinstance(value, str):
                        yield f"{table}.{name}", value


def found(*identifiers: str) -> set[str]:
    """Return the columns in which one of these stands, in any spelling that JSON allows."""
    spellings = {spelling for known in identifiers for spelling in (known, json.dumps(known)[1:-1])}
    return {
        place
        for place, text in everything_stored()
        if any(spelling.casefold() in text.casefold() for spelling in spellings)
    }


def leave_traces(story: Story) -> None:
    link = story.link()
    delivered(story)
    waiting = story.arrive("second", "r2")
    story.settle()
    abandon_claims(claim_ids=[waiting.pk], actor=story.staff, now=NOW, reason=f"{NAME} ({USER}) asked for it")
    reopen_claims(claim_ids=[waiting.pk], actor=story.staff, now=NOW, reason=f"a mistake: {PLAYER}")
    story.arrive("third", "unknown-reward")
    story.settle()
    story.arrive("fourth", "r2")
    Claim.objects.filter(pk=waiting.pk).update(partner_status=f"mailed to {PLAYER} for {NAME}")
    CampaignTester.objects.create(campaign=story.campaign, platform="kick", platform_user_id=USER, note=NAME)
    audit.record(
        actor=story.staff,
        action=f"added tester {NAME}",
        obj=story.campaign,
        organization=story.organization,
        after={"testers": f"kick {USER}; kick 5550001"},
        reason=f"{PLAYER_NAME} and {LOGIN} test for us",
    )
    credential = make_credential(story.organization)
    for number, body in enumerate((b'{"user_id": "77001234567", "broken', b'{"user_id": "5550001", "broken')):
        KeptMessage.objects.create(
            credential=credential, received_at=NOW, message_id=f"m{number}", problem="not JSON", body=body
        )
    end_link(link=link, reason=Link.EndReason.VIEWER, now=NOW, actor=story.player.user)
    story.link()
    for person, name in ((story.viewer, OLD_NAME), (story.player, OLD_PLAYER_NAME)):
        on_renamed(person, [name], NOW)
        text = f"{NAME}, once {OLD_NAME}, plays {PLAYER_NAME} (once {OLD_PLAYER_NAME}, {PLAYER}); user {USER}"
        add_note(organization=story.organization, person=person, text=text, actor=story.staff, now=NOW)


def test_the_scan_finds_what_is_there(story: Story) -> None:
    leave_traces(story)
    assert {
        "campaigns_viewer.platform_user_id",
        "campaigns_viewer.login",
        "campaigns_campaigntester.note",
        "linking_player.player_id",
        "fulfillment_claim.raw",
        "fulfillment_claim.platform_user_name",
        "fulfillment_claim.partner_status",
        "fulfillment_claimevent.detail",
        "fulfillment_delivery.body",
        "fulfillment_deliveryattempt.answer",
        "fulfillment_event.body",
        "fulfillment_formername.name",
        "fulfillment_keptmessage.body",
        "fulfillment_staffnote.text",
        "portal_user.display_name",
        "portal_auditentry.after",
        "portal_auditentry.actor_label",
        "portal_auditentry.object_label",
        "portal_auditentry.reason",
    } <= found(*IDENTIFIERS)


@pytest.mark.parametrize("player_first", [False, True])
def test_f8_no_identifier_is_left_in_any_column_of_any_table(story: Story, player_first: bool) -> None:
    leave_traces(story)
    before = {model: model._default_manager.count() for model in (Claim, Link, Delivery, DeliveryAttempt, Viewer)}
    steps = [(story.erase, f"{NAME}, id {USER}, asked by mail"), (story.erase_player, f"account {PLAYER}")]
    for erase, reason in reversed(steps) if player_first else steps:
        erase(reason=reason)
    assert found(*IDENTIFIERS) == set()
    kept = {model: model._default_manager.count() for model in (Claim, Link, Delivery, DeliveryAttempt, Viewer)}
    unsent = {Delivery: before[Delivery] - kept[Delivery]}  # a delivery that was never attempted is taken back
    assert kept == {**before, Delivery: kept[Delivery]}
    assert unsent[Delivery] <= 1
    assert KeptMessage.objects.get(message_id="m1").body == b'{"user_id": "5550001", "broken'
    changed = AuditEntry.objects.get(action__startswith="added tester")
    assert "kick 5550001" in changed.after["testers"]
    assert changed.actor == story.staff


def test_f8_each_erasure_alone_takes_its_own_identifiers(story: Story) -> None:
    leave_traces(story)
    story.erase()
    assert found(USER, LOGIN, NAME, OLD_NAME) == set()
    assert "linking_player.player_id" in found(PLAYER)


def test_f8_a_player_erased_alone_leaves_nothing_of_the_game_account(story: Story) -> None:
    leave_traces(story)
    story.erase_player()
    assert found(PLAYER, PLAYER_NAME, OLD_PLAYER_NAME) == set()
    assert "campaigns_viewer.platform_user_id" in found(USER)


def test_f8_totals_stay_and_what_was_not_delivered_is_closed(story: Story) -> None:
    leave_traces(story)
    expected = preview_viewer(story.viewer)
    done = story.erase()
    assert (done.claims, done.links_ended, done.testers, done.messages) == (4, 1, 1, 1)
    assert (done.claims_closed, done.claims, done.links_ended) == (
        expected.claims_closed,
        expected.claims,
        expected.links_ended,
    )
    states = dict(Claim.objects.values_list("platform_claim_id", "state"))
    assert states == dict.fromkeys(("second", "third", "fourth"), State.ABANDONED) | {"first": State.DELIVERED}
    assert set(Claim.objects.filter(state=State.ABANDONED).values_list("reason", "player_slot")) == {
        (Code.ERASED.value, None)
    }
    assert ClaimEvent.objects.filter(to_state=State.ABANDONED, reason=Code.ERASED).count() == 3
    assert not Link.objects.filter(ended_at=None).exists()
    assert Link.objects.filter(end_reason=Link.EndReason.ERASED).count() == 1
    entry = AuditEntry.objects.get(action="erased")
    assert (entry.actor, entry.reason, entry.after["claims"]) == (story.staff, "Ticket 8841", 4)
    assert is_tombstone(entry.object_label)


def rows() -> dict[str, list[Any]]:
    shapes = [
        model
        for model in apps.get_models()
        if model._meta.app_label in ("portal", "campaigns", "linking", "fulfillment")
    ]
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in shapes}


def test_f8_erasing_twice_changes_nothing_more(story: Story) -> None:
    leave_traces(story)
    story.erase()
    story.erase_player()
    story.settle()
    before = rows()
    assert story.erase() == Erasure()
    assert story.erase_player() == Erasure()
    assert rows() == before


def test_f8_who_comes_back_is_not_given_the_same_reward_again(story: Story) -> None:
    story.link()
    delivered(story)
    story.erase()
    story.erase_player()
    again = story.arrive("again")
    story.settle()
    assert Claim.objects.get(pk=again.pk).viewer_id == story.viewer.pk
    back = Viewer.objects.get()
    assert (back.pk, back.platform_user_id) == (story.viewer.pk, USER)
    player = story.prove()
    assert (player.pk, player.name) == (story.player.pk, PLAYER_NAME)
    story.link(player, back)
    story.settle()
    assert Claim.objects.get(pk=again.pk).state == State.DUPLICATE
    assert Delivery.objects.count() == 1
    assert story.claim("first").raw == "erased"


def test_r4_who_comes_back_with_another_game_account_or_another_platform_account_is_recognized_too(
    story: Story,
) -> None:
    story.link()
    delivered(story)
    story.erase()
    story.erase_player()
    other = prove_oidc_player(sign_in=story.sign_in, claims={"sub": "another-account"}, now=NOW)
    again = story.arrive("again")
    story.settle()
    story.link(other, Viewer.objects.get())
    other_user = story.arrive("other user", user="5550001")
    story.settle()
    story.link(story.prove(), Viewer.objects.get(platform_user_id="5550001"))
    story.settle()
    assert {again.pk, other_user.pk} == set(Claim.objects.filter(state=State.DUPLICATE).values_list("pk", flat=True))


def test_f8_what_was_never_delivered_may_be_claimed_again(story: Story) -> None:
    story.arrive("waits")
    story.settle()
    story.erase()
    again = story.arrive("again")
    story.settle()
    story.link(viewer=Viewer.objects.get())
    story.settle()
    assert Claim.objects.get(pk=again.pk).state == State.READY
    assert story.claim("waits").state == State.ABANDONED


def test_f1_a_late_arrival_of_an_erased_claim_brings_nothing_back(story: Story) -> None:
    story.link()
    delivered(story)
    story.erase()
    story.erase_player()
    story.arrive("first")
    story.settle()
    assert found(*IDENTIFIERS) == set()


def test_s2_an_erased_viewer_is_recognized_after_the_key_was_changed(story: Story, settings: Any) -> None:
    key = (story.organization.pk, "kick", USER)
    story.erase()
    old, new = settings.PORTAL_ENCRYPTION_KEYS[0], "another-key-another-key-another-key-0"
    settings.PORTAL_ENCRYPTION_KEYS = [new]
    assert recognize_viewers([key]) == 0
    settings.PORTAL_ERASURE_KEYS = [old]
    assert recognize_viewers([key]) == 1
    assert Viewer.objects.get().platform_user_id == USER


def test_i4_the_marker_tells_other_organizations_nothing(story: Story) -> None:
    other = make_organization()
    mine = Viewer.objects.create(organization=other, platform="kick", platform_user_id=USER)
    story.erase()
    erase_viewer(viewer=mine, actor=None, reason="x", now=LATER)
    assert len(set(Viewer.objects.values_list("platform_user_id", flat=True))) == 2
    recognize_viewers([(other.pk, "kick", USER)])
    assert Viewer.objects.get(platform_user_id=USER).organization == other


def test_l6_claims_never_sent_outlive_the_game_account_and_wait(story: Story) -> None:
    story.link()
    claim = story.arrive("waits")
    story.settle()
    assert Delivery.objects.filter(claim=claim).exists()
    story.erase_player()
    fresh = Claim.objects.get(pk=claim.pk)
    assert (fresh.state, fresh.player_id, fresh.player_slot) == (State.WAITING, None, None)
    assert not Delivery.objects.exists()
    story.settle()
    assert Claim.objects.get(pk=claim.pk).state == State.WAITING
    story.link(prove_oidc_player(sign_in=story.sign_in, claims={"sub": "another-account"}, now=NOW))
    story.settle()
    assert Claim.objects.get(pk=claim.pk).state == State.READY


def test_f8_what_is_being_sent_is_refused_with_a_reason_and_nothing_is_erased(story: Story) -> None:
    story.link()
    story.arrive("first")
    story.settle()
    assert lease_due(now=LATER + timedelta(days=1), limit=1)
    before = rows()
    for erase in (story.erase, story.erase_player):
        with pytest.raises(ErasureRefused, match="being sent"):
            erase()
    assert rows() == before


def test_f8_a_reason_is_demanded(story: Story) -> None:
    for erase, reason in ((story.erase, "  "), (story.erase_player, "")):
        with pytest.raises(ErasureRefused, match="reason"):
            erase(reason=reason)


def test_f8_nothing_is_sent_to_an_erased_player_whatever_staff_press(story: Story) -> None:
    story.link()
    first = delivered(story)
    failed = delivered(story, "failed", "r2")
    Claim.objects.filter(pk=failed.pk).update(state=State.FAILED, delivered_at=None)
    assert preview_player(story.player).claims_closed == 1
    story.erase_player()
    with pytest.raises(NotPossible, match="erased"):
        resend_claim(claim_id=first.pk, actor=story.staff, now=LATER, reason="x")
    outcome = reopen_claims(claim_ids=[failed.pk], actor=story.staff, now=LATER, reason="x")
    assert outcome.done == [failed.pk]
    story.settle()
    assert Claim.objects.get(pk=failed.pk).state == State.WAITING
    assert deliver(LATER + timedelta(days=2)) == []


def test_f8_an_account_on_the_portal_stays_and_its_player_is_recognized(story: Story) -> None:
    game = make_game(story.organization)
    user = make_user(display_name="Somebody Else")
    player = prove_portal_player(user, game)
    erase_player(player=player, actor=story.staff, reason="x", now=LATER)
    assert User.objects.filter(pk=user.pk).exists()
    erased = Player.objects.get(pk=player.pk)
    assert (is_tombstone(erased.player_id), erased.name, erased.user) == (True, "", None)
    assert prove_portal_player(user, game).pk == player.pk


def test_f8_the_game_user_goes_with_its_last_player(story: Story) -> None:
    assert (user_id := story.player.user_id) is not None
    story.erase_player()
    assert not User.objects.filter(pk=user_id).exists()
