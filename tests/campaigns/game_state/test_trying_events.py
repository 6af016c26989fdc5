"""Trying game events against a recorded session: what is found, what is told where nothing is, and that nothing is stored (G4)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.game_state.entering import stored_value
from campaigns.game_state.rules_of import event_rule
from campaigns.game_state.trials import try_rules, unsaved_row
from campaigns.models import Campaign, CampaignReward, EarnedReward, EventTrial, GameEvent
from campaigns.rules.game_state.looking import Advice, advice
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import make_game, make_organization, make_staff
from tests.game_events import make_event_reward
from tests.recordings import record

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]


def page(campaign: Campaign) -> str:
    return reverse("admin:campaigns_campaign_event_trial", args=[campaign.pk])


def shown(client: Client, campaign: Campaign, **asked: str) -> str:
    answer = client.get(page(campaign), asked)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def rule(
    path: str, condition: str, value: str, *, cool_down: int = 0, per_session: int | None = None
) -> CampaignReward:
    return unsaved_row(
        path=path,
        condition=condition,
        value=stored_value(value, condition=condition),
        cool_down_seconds=cool_down,
        per_session=per_session,
    )


FOUGHT = [
    {"boss": {"state": "awake"}},
    *[{"boss": {"state": one}} for one in ("dead", "awake", "dead", "awake", "dead")],
]


def test_g4_a_trial_tells_when_an_event_would_have_happened_and_what_is_held_back(draft: Campaign) -> None:
    recording = record(draft.game, *FOUGHT)
    first = rule("$.boss.state", "changes_to", "dead", cool_down=3)
    last = rule("$.boss.state", "changes_to", "dead", per_session=1)
    trial = try_rules(recording, [event_rule(first), event_rule(last)])
    assert (trial.played, trial.messages, trial.is_whole) == (6, 6, True)
    cooled, limited = trial.tried
    assert [(one.number, one.held_back) for one in cooled.found] == [(2, ""), (4, ""), (6, "")]
    assert [(one.number, one.held_back) for one in limited.found] == [(2, ""), (4, "per_session"), (6, "per_session")]
    assert (len(limited.happened), limited.held_back("per_session"), limited.held_back("cool_down")) == (1, 2, 0)


STATE = {
    "boss": {"state": "dead", "hp": 7},
    "kills": 12,
    "won": ["crown"],
    "raid": True,
    "teams": [{"won": 1}, {"won": 2}],
}
NEVER = [
    ("$.bos.state", "equals", "dead", Advice.NOWHERE, "names are at $: boss, kills, won, raid, teams"),
    ("$.boss.stat", "equals", "dead", Advice.NOWHERE, "names are at $['boss']: state, hp"),
    ("$.kills.most", "equals", "dead", Advice.NOWHERE, "something at $['kills'], but it has no names"),
    ("$.kills", "equals", '"12"', Advice.OTHER_KIND, "a number after 2 messages; for example 12"),
    ("$.boss.state", "equals", "Dead", Advice.OTHER_VALUES, "capital letters count"),
    ("$.boss.state", "changes_to", "dead", Advice.FROM_THE_START, "only “is” counts"),
    ("$.boss.state", "appears_in", "dead", Advice.NO_LIST, "needs a list"),
    ("$.boss.state", "rises_above", "1", Advice.NO_NUMBER, "needs a number"),
    ("$.teams[*].won", "rises_above", "5", Advice.NOT_ABOVE, "highest number was 2"),
    ("$.won", "equals", "sword", Advice.IS_LIST, "[*] at the end"),
    ("$.won", "appears_in", "sword", Advice.OTHER_VALUES, "never was the value"),
    ("$.won", "appears_in", "crown", Advice.FROM_THE_START, "from the first message on"),
    ("$.raid", "equals", '"true"', Advice.OTHER_KIND, "true or false after 2 messages"),
]


@pytest.mark.parametrize(("path", "condition", "value", "why", "said"), NEVER)
def test_g4_where_a_rule_never_matched_the_page_says_what_was_there_and_how_to_mend_it(
    owner: Client, draft: Campaign, path: str, condition: str, value: str, why: Advice, said: str
) -> None:
    recording = record(draft.game, STATE, {"tick": 1})
    (tried,) = try_rules(recording, [event_rule(rule(path, condition, value))]).tried
    assert tried.found == []
    assert advice(tried.rule, tried.looked) is why
    text = shown(owner, draft, recording=recording.pk, path=path, condition=condition, value=value)
    assert "never happened" in text
    assert said in text.replace("&#x27;", "'")


def test_g4_what_a_delta_does_not_touch_is_still_there(draft: Campaign) -> None:
    recording = record(draft.game, {"boss": "alive"}, {"tick": 1}, {"boss": "asleep"}, {"tick": 2}, {"boss": None})
    (tried,) = try_rules(recording, [event_rule(rule("$.boss", "equals", "dead"))]).tried
    assert (dict(tried.looked.kinds), tried.looked.nowhere) == ({"text": 4}, 1)
    assert tried.looked.examples == ['"alive"', '"asleep"']


def test_g4_the_page_shows_every_event_of_the_campaign_and_notes_it_for_the_preflight(
    owner: Client, draft: Campaign
) -> None:
    dead = make_event_reward(draft, event_name="Boss down", event_path="$.boss.state")
    fled = make_event_reward(draft, event_name="Boss gone", event_path="$.boss.state", event_value='"fled"')
    make_event_reward(draft, event_name="Old one", event_path="", event_condition="", event_value="")
    recording = record(draft.game, *FOUGHT, name="Boss fight")
    answer = owner.post(page(draft), {"recording": recording.pk})
    assert (answer.status_code, answer["Location"]) == (302, f"{page(draft)}?recording={recording.pk}#found")
    assert dict(EventTrial.objects.values_list("campaign_reward", "happened")) == {dead.pk: 3, fled.pk: 0}
    text = shown(owner, draft, recording=recording.pk)
    for said in ("Boss fight", "happened 3 times", "never happened", "is missing: Old one", "drops-timeline"):
        assert said in text
    assert reverse("admin:campaigns_gamerecording_change", args=[recording.pk]) + "?message=4#message" in text
    owner.post(page(draft), {"recording": recording.pk})
    assert EventTrial.objects.count() == 2
    assert not GameEvent.objects.exists() and not EarnedReward.objects.exists()


def test_g4_a_rule_that_is_not_saved_is_tried_and_nothing_of_it_kept(owner: Client, draft: Campaign) -> None:
    recording = record(draft.game, *FOUGHT)
    asked = {"recording": recording.pk, "path": "$.boss.state", "condition": "changes_to", "value": "dead"}
    text = shown(owner, draft, **asked, cool_down="", per_session="1")
    assert "happened once, 2 by the limit" in text
    assert "no: it had happened as often as it may in a session" in text
    assert 'value="$.boss.state"' in text, "what was entered stays, to be changed and tried again"
    assert not EventTrial.objects.exists() and not CampaignReward.objects.exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"path": "boss"}, "A path begins with $"),
        ({"path": ""}, "Enter where in the game state"),
        ({"condition": ""}, "Choose when it has happened"),
        ({"condition": "resembles"}, "Select a valid choice"),
        ({"value": ""}, "Enter the value"),
        ({"value": "null"}, "Write a text"),
        ({"per_session": "0"}, "from 1 to 1000"),
        ({"cool_down": "-1"}, "0 to 86400"),
        ({"recording": "01M7WD7TG0P0SNPJDV7Q5TQAPH"}, "not there any more"),
    ],
)
def test_g4_a_rule_that_cannot_be_tried_is_refused_in_plain_words(
    owner: Client, draft: Campaign, asked: dict[str, str], said: str
) -> None:
    recording = record(draft.game, *FOUGHT)
    values = {"recording": recording.pk, "path": "$.boss", "condition": "equals", "value": "x", **asked}
    text = shown(owner, draft, **values)
    assert said in text and "What was found" not in text


def test_g4_a_long_recording_is_played_as_far_as_there_is_time_and_the_page_says_so(draft: Campaign) -> None:
    recording = record(draft.game, {"n": 0}, *[{"n": n} for n in range(1, 40)])
    trial = try_rules(recording, [event_rule(rule("$.n", "rises_above", "30"))], seconds=0)
    assert (trial.played, trial.messages, trial.is_whole) == (1, 40, False)


def test_g4_without_a_recording_the_page_says_how_to_get_one(owner: Client, draft: Campaign) -> None:
    record(make_game(draft.organization), {"boss": "dead"})
    text = shown(owner, draft)
    assert "has been recorded yet" in text and "record game sessions" in text
    assert url("campaigns.game", "change", draft.game_id) + "#id_record_game_state" in text
    draft.further_games.create(game=make_game(draft.organization))
    record(draft.further_games.get().game, {"boss": "dead"})
    assert "has been recorded yet" not in shown(owner, draft), "a further game's streams count as well"


def test_s1_another_organizations_trial_does_not_exist_and_analysts_do_not_see_states(draft: Campaign) -> None:
    stranger = sign_in(make_staff(make_organization()))
    assert stranger.get(page(draft)).status_code == 404
    for role, status in ((Role.PRODUCER, 200), (Role.SUPPORT, 200), (Role.ANALYST, 403)):
        member = sign_in(make_staff(draft.organization, role))
        assert member.get(page(draft)).status_code == status
        link = page(draft) in member.get(url("campaigns.campaign", "change", draft.pk)).content.decode()
        assert link is (status == 200)
    theirs = record(make_game(make_organization()), {"boss": "dead"})
    owner = sign_in(make_staff(draft.organization))
    record(draft.game, {"boss": "alive"})
    make_event_reward(draft)
    assert "not there any more" in shown(owner, draft, recording=theirs.pk)
    assert owner.post(page(draft), {"recording": theirs.pk}).status_code == 200
    assert not EventTrial.objects.exists()


def test_g4_the_page_costs_the_same_for_one_event_and_recording_and_for_many(owner: Client, draft: Campaign) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            shown(owner, draft, recording=recording.pk)
        return len(found)

    recording = record(draft.game, *FOUGHT)
    make_event_reward(draft, event_path="$.boss.state")
    shown(owner, draft)
    one = queries()
    for _number in range(11):
        make_event_reward(draft, event_path="$.boss.state")
        record(draft.game, *FOUGHT)
    assert queries() == one
