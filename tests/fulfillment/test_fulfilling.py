"""What partners may say of claims (D3, A5): every state with every saying, and what each leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Viewer
from fulfillment.api.callers import Caller
from fulfillment.claim_counts import differences
from fulfillment.claims import resend_claim
from fulfillment.delivery.tally import tallies
from fulfillment.fulfilling import FULFILLED_DETAIL, Answer, Said, find_claims, say
from fulfillment.models import ApiClient, Claim, ClaimEvent, Delivery, DeliveryTally, Endpoint, Notice
from fulfillment.rules.codes import Code
from fulfillment.rules.notices import Kind
from fulfillment.rules.states import DONE, LISTED, OPEN, State
from portal.models import User
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.test_resolve import LATER, World, settle

pytestmark = pytest.mark.django_db

PULL, PUSH, NO_ENDPOINT = "pull", "push", "no endpoint"
SOON = LATER + timedelta(minutes=1)


class Partner(World):
    """The world with a client of its organization, and claims brought to where they are by their own ways."""

    def __init__(self, mode: str = PULL, **client: object) -> None:
        super().__init__()
        self.reach(mode)
        self.client = make.make_api_client(self.organization, **client)  # type: ignore[arg-type]

    def reach(self, mode: str) -> None:
        """Have the game reached in this way."""
        Endpoint.objects.filter(game=self.game).delete()
        if mode != NO_ENDPOINT:
            make.make_endpoint(self.game, "" if mode == PULL else "https://game.example.org/rewards", mode=mode)

    def ready(self, user_id: str = "7", platform: str = "kick", **fields: object) -> Claim:
        """Make a claim that was worked out to be ready."""
        self.link(user_id, platform=platform)
        claim = self.claim(platform, platform_user_id=user_id, **fields)
        settle()
        claim.refresh_from_db()
        assert claim.state == State.READY
        return claim

    def caller(self, user: User | None = None, client: ApiClient | None = None) -> Caller:
        client = client or self.client
        return Caller(client, client.oauth_id, user, frozenset(), None)

    def say(self, *sayings: Said, caller: Caller | None = None, shape: str = "kick") -> dict[str, Answer]:
        return say(caller=caller or self.caller(), shape=shape, sayings=sayings, now=SOON)


def bring(claim: Claim, state: State) -> None:
    """Put a ready claim into a state, with what the state demands, and the counts with it."""
    Claim.objects.filter(pk=claim.pk).update(
        state=state,
        reason="",
        delivered_at=NOW if state in DONE else None,
        **({} if state in LISTED or state == State.HELD else {"player_slot": None, "viewer_slot": None}),
    )


def fulfilled(claim: Claim, text: str = "") -> Said:
    return Said(claim.platform_claim_id, fulfilled=True, text=text)


def not_fulfilled(claim: Claim, text: str = "") -> Said:
    return Said(claim.platform_claim_id, fulfilled=False, text=text)


def expected(state: State, mode: str, said_fulfilled: bool) -> tuple[Answer, State]:
    """The table: what is answered, and where the claim is then."""
    if state in DONE:
        return Answer.DONE, state
    if state not in OPEN:
        return Answer.NOT_NOW, state
    if not said_fulfilled:
        return Answer.DONE, state
    if mode == PUSH:
        return Answer.READ_ONLY, state
    if state == State.DELIVERING:
        return Answer.NOT_NOW, state
    return Answer.DONE, State.DELIVERED


@pytest.mark.parametrize("mode", [PULL, PUSH, NO_ENDPOINT])
@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize(("said_fulfilled", "text"), [(True, ""), (True, "granted"), (False, ""), (False, "seen")])
def test_d3_every_state_with_every_saying(state: State, mode: str, said_fulfilled: bool, text: str) -> None:
    partner = Partner(mode)
    claim = partner.ready()
    bring(claim, state)
    answer, after = expected(state, mode, said_fulfilled)
    said = Said(claim.platform_claim_id, fulfilled=said_fulfilled, text=text)
    before = ClaimEvent.objects.filter(claim=claim).count()
    for _again in range(2):
        assert partner.say(said) == {claim.platform_claim_id: answer}
        claim.refresh_from_db()
        assert claim.state == after
    moved = state != after
    kept = text if answer is Answer.DONE and state in OPEN else ""
    assert claim.partner_status == kept
    assert claim.delivered_at == (SOON if moved else NOW if state in DONE else None)
    events = ClaimEvent.objects.filter(claim=claim).order_by("pk")[before:]
    noted = (state in DONE and not said_fulfilled) or (state in OPEN and not moved and bool(kept))
    assert len(events) == (1 if moved or noted else 0)
    for event in events:
        assert (event.from_state, event.to_state, event.at) == (state, after, SOON)
        assert event.actor_label == f"API client {partner.client}"
        if moved:
            assert (event.reason, event.detail) == (Code.DELIVERED, FULFILLED_DETAIL)


def test_d3_a_delivery_that_waits_is_withdrawn_with_the_claim_it_is_of() -> None:
    partner = Partner(PUSH)
    fresh, tried = partner.ready("7"), partner.ready("8")
    assert Delivery.objects.filter(due_at__isnull=False).count() == 2
    Delivery.objects.filter(pk=tried.pk).update(attempt=1, body='{"frozen": true}')
    Claim.objects.filter(pk=tried.pk).update(attempted_at=NOW)
    partner.reach(PULL)
    assert set(partner.say(fulfilled(fresh), fulfilled(tried)).values()) == {Answer.DONE}
    kept = Delivery.objects.get()
    assert (kept.pk, kept.due_at, kept.leased, kept.body) == (tried.pk, None, False, '{"frozen": true}')
    fresh.refresh_from_db()
    tried.refresh_from_db()
    assert (fresh.attempted_at, tried.attempted_at) == (SOON, NOW)


def test_l6_what_was_fulfilled_keeps_its_player_when_the_link_ends() -> None:
    partner = Partner()
    claim = partner.ready()
    partner.say(fulfilled(claim))
    player = claim.player_id
    Claim.objects.update(resolve_at=LATER)
    settle(SOON)
    claim.refresh_from_db()
    assert (claim.state, claim.player_id) == (State.DELIVERED, player)


def test_d3_what_a_game_fetched_and_fulfilled_is_counted_once_as_taken() -> None:
    partner = Partner()
    claim = partner.ready()
    partner.say(fulfilled(claim))
    partner.say(fulfilled(claim))
    tallies.flush()
    assert list(DeliveryTally.objects.values_list("game", "outcome", "count")) == [(claim.game_id, "delivered", 1)]


def test_d3_one_that_is_sent_again_is_fulfilled_again() -> None:
    partner = Partner()
    claim = partner.ready()
    partner.say(fulfilled(claim, "granted"))
    staff = make.make_staff(partner.organization)
    resend_claim(claim_id=claim.pk, actor=staff, now=SOON, reason="lost in a rollback")
    claim.refresh_from_db()
    assert (claim.state, claim.partner_status) == (State.READY, "granted")
    assert partner.say(fulfilled(claim)) == {claim.platform_claim_id: Answer.DONE}
    claim.refresh_from_db()
    assert (claim.state, claim.partner_status) == (State.DELIVERED, "")


def test_of_an_id_that_is_named_twice_the_last_saying_counts() -> None:
    partner = Partner()
    one, other = partner.ready("7"), partner.ready("8")
    answers = partner.say(fulfilled(one), not_fulfilled(other), not_fulfilled(one, "seen"), fulfilled(other))
    assert answers == {one.platform_claim_id: Answer.DONE, other.platform_claim_id: Answer.DONE}
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.state, one.partner_status, other.state) == (State.READY, "seen", State.DELIVERED)
    assert ClaimEvent.objects.filter(claim=other, to_state=State.DELIVERED).count() == 1


def test_a5_texts_are_kept_told_once_and_taken_back() -> None:
    partner = Partner()
    claim = partner.ready()
    before = ClaimEvent.objects.count()
    for text in ("seen", "seen", "packed", "", ""):
        partner.say(not_fulfilled(claim, text))
        claim.refresh_from_db()
        assert claim.partner_status == text
    said = list(ClaimEvent.objects.order_by("pk").values_list("detail", flat=True))[before:]
    assert said == [
        "A partner set the status “seen”.",
        "A partner set the status “packed”.",
        "A partner took back the status it had set.",
    ]


def test_a5_what_is_said_of_a_delivered_claim_is_told_once_and_again_after_it_was_sent_again() -> None:
    partner = Partner()
    claim = partner.ready()
    partner.say(fulfilled(claim))

    def told() -> int:
        return ClaimEvent.objects.filter(claim=claim, detail__contains="changes nothing").count()

    for _ in range(3):
        partner.say(not_fulfilled(claim))
    assert told() == 1
    partner.say(not_fulfilled(claim, "lost"))
    assert told() == 2
    Claim.objects.update(state_changed_at=SOON + timedelta(seconds=1))
    say(caller=partner.caller(), shape="kick", sayings=[not_fulfilled(claim)], now=SOON + timedelta(seconds=2))
    assert told() == 3


# Who may say it (A1, A2, A5).


def test_a2_what_a_caller_may_not_see_is_unknown_and_stays() -> None:
    partner, stranger = Partner(other_platforms=True), Partner(other_platforms=True)
    claim = partner.ready()
    for claim_id in (claim.pk, claim.platform_claim_id, "nobody-s", ""):
        said = Said(claim_id, fulfilled=True)
        assert stranger.say(said) == {claim_id: Answer.UNKNOWN}
    claim.refresh_from_db()
    assert claim.state == State.READY


def test_a5_own_claims_go_by_the_platform_s_id_and_others_by_ours_for_those_who_see_them() -> None:
    partner = Partner()
    wide = partner.caller(client=make.make_api_client(partner.organization, other_platforms=True))
    narrow = partner.caller()
    kick, twitch = partner.ready("7"), partner.ready("8", "twitch")
    granted = partner.ready("9", source=Claim.Source.STAFF)
    every = [one for claim in (kick, twitch, granted) for one in (claim.pk, claim.platform_claim_id)]
    assert find_claims(narrow, "kick", every) == {kick.platform_claim_id: kick.pk}
    assert find_claims(narrow, "twitch", every) == {twitch.platform_claim_id: twitch.pk}
    of_kick = {kick.platform_claim_id: kick.pk, twitch.pk: twitch.pk, granted.pk: granted.pk}
    of_twitch = {twitch.platform_claim_id: twitch.pk, kick.pk: kick.pk, granted.pk: granted.pk}
    assert find_claims(wide, "kick", every) == of_kick
    assert find_claims(wide, "twitch", every) == of_twitch
    assert partner.say(Said(granted.pk, fulfilled=True), caller=wide) == {granted.pk: Answer.DONE}


def test_a5_a_platform_s_id_that_looks_like_one_of_ours_is_the_platform_s() -> None:
    partner = Partner(other_platforms=True)
    twitch = partner.ready("8", "twitch")
    kick = partner.ready("7", platform_claim_id=twitch.pk)
    partner.say(Said(twitch.pk, fulfilled=True))
    twitch.refresh_from_db()
    kick.refresh_from_db()
    assert (kick.state, twitch.state) == (State.DELIVERED, State.READY)


def test_a1_a_player_speaks_of_own_claims_alone_whether_by_viewer_or_player() -> None:
    partner = Partner()
    user = make.make_user()
    claims = [partner.ready(user_id) for user_id in ("7", "8", "9")]
    Viewer.objects.filter(platform_user_id="7").update(user=user)
    player = claims[1].player
    assert player
    player.user = user
    player.save()
    answers = partner.say(*[fulfilled(claim) for claim in claims], caller=partner.caller(user))
    assert list(answers.values()) == [Answer.DONE, Answer.DONE, Answer.UNKNOWN]
    stranger = Partner()
    assert set(partner.say(fulfilled(claims[0]), caller=stranger.caller(user)).values()) == {Answer.UNKNOWN}


# What follows from it.


def test_f6_whoever_owns_the_claim_is_told_once_that_it_was_delivered() -> None:
    partner = Partner()
    user = make.make_user()
    make.make_viewer(partner.organization, platform_user_id="7", user=user)
    claim = partner.ready("7")
    for _ in range(3):
        partner.say(fulfilled(claim))
        partner.say(not_fulfilled(claim))
    notices = Notice.objects.filter(user=user, claim=claim, kind=Kind.DELIVERED)
    assert notices.count() == 1


def test_the_counts_of_claims_stay_right() -> None:
    partner = Partner()
    claims = [partner.ready(str(user)) for user in range(6)]
    assert differences() == []
    partner.say(*[fulfilled(claim) for claim in claims[:3]], not_fulfilled(claims[3]), not_fulfilled(claims[4], "seen"))
    partner.say(*[not_fulfilled(claim) for claim in claims[:2]])
    assert differences() == []
    assert Claim.objects.filter(state=State.DELIVERED).count() == 3


def test_an_id_that_was_purged_meanwhile_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    partner = Partner()
    one, other = partner.ready("7"), partner.ready("8")
    monkeypatch.setattr(
        "fulfillment.fulfilling.lock_claims", lambda ids: list(Claim.objects.filter(pk__in=ids).exclude(pk=one.pk))
    )
    answers = partner.say(fulfilled(one), fulfilled(other))
    assert answers == {one.platform_claim_id: Answer.UNKNOWN, other.platform_claim_id: Answer.DONE}


def test_all_of_it_or_none_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    partner = Partner()
    one, other = partner.ready("7"), partner.ready("8")

    def fail(*_args: object, **_named: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr("fulfillment.fulfilling._note", fail)
    with pytest.raises(RuntimeError):
        partner.say(fulfilled(one), not_fulfilled(other, "seen"))
    assert not Claim.objects.exclude(state=State.READY, partner_status="").exists()


@pytest.mark.parametrize("saying", [fulfilled, not_fulfilled])
def test_a_hundred_cost_as_many_statements_as_two(saying: Callable[..., Said]) -> None:
    partner = Partner()

    def statements(claims: list[Claim]) -> int:
        with CaptureQueriesContext(connection) as counted:
            partner.say(*[saying(claim, "seen") for claim in claims])
        return len(counted)

    few = [partner.ready(str(user)) for user in range(2)]
    many = [partner.ready(str(user)) for user in range(10, 30)]
    assert statements(few) == statements(many)
