"""Game events in the campaign's form: what a producer types, what is stored, what is refused, and what is locked (G4, C6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from campaigns.game_state.entering import entering_problems, stored_value, typed_value
from campaigns.models import Campaign, CampaignReward
from portal.models import AuditEntry
from tests.admin_pages import errors_of, form_of, rows, url
from tests.factories import NOW, make_reward
from tests.game_events import make_event_reward

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_clock")]

FORM = "campaign_form"
EVENT = {
    "rule": "game_event",
    "event_name": "Dragon slain",
    "event_path": "$.boss.state",
    "event_condition": "changes_to",
    "event_value": "slain",
    "event_cool_down_seconds": "60",
    "event_per_session": "3",
    "minutes": "",
    "position": "0",
}


def page(campaign: Campaign) -> str:
    return url("campaigns.campaign", "change", campaign.pk)


def save(client: Client, campaign: Campaign, **changed: str) -> Any:
    """Add a reward with a game event, and post the form."""
    values = form_of(client, page(campaign), FORM)
    row = {**EVENT, "reward": make_reward(campaign.game).pk, **changed}
    return client.post(page(campaign), rows("rewards", values, row))


TYPED = [
    ("dragon", "equals", '"dragon"', "dragon"),
    ("the red dragon", "equals", '"the red dragon"', "the red dragon"),
    ("10", "equals", "10", "10"),
    ("10.5", "rises_above", "10.5", "10.5"),
    ("-3", "rises_above", "-3", "-3"),
    ("true", "equals", "true", "true"),
    ("True", "equals", '"True"', "True"),
    ('"10"', "equals", '"10"', '"10"'),
    ('"true"', "appears_in", '"true"', '"true"'),
    ('""', "changes_to", '""', '""'),
    ('" a "', "equals", '" a "', '" a "'),
    ('5" gun', "equals", '"5\\" gun"', '5" gun'),
    ("007", "equals", '"007"', "007"),
    ("Größe", "equals", '"Größe"', "Größe"),
]


@pytest.mark.parametrize(("typed", "condition", "stored", "shown"), TYPED)
def test_g4_a_value_is_what_a_person_types_and_is_shown_so_again(
    typed: str, condition: str, stored: str, shown: str
) -> None:
    assert stored_value(typed, condition=condition) == stored
    assert typed_value(stored) == shown
    assert stored_value(shown, condition=condition) == stored


@pytest.mark.parametrize(
    ("typed", "condition", "said"),
    [
        ("null", "equals", "Write a text"),
        ("[1]", "appears_in", "Write a text"),
        ('"open', "equals", "Write a text"),
        ("NaN", "equals", "Write a text"),
        ("99999999999999999999", "equals", "too large"),
        ("many", "rises_above", "must be a number"),
        ('"10"', "rises_above", "must be a number"),
        ("x" * 199, "equals", "too long"),
    ],
)
def test_g4_a_value_that_cannot_be_compared_is_refused_in_plain_words(typed: str, condition: str, said: str) -> None:
    with pytest.raises(ValueError) as refused:
        stored_value(typed, condition=condition)
    assert said in str(refused.value.args[0])
    assert said in str(entering_problems(path="$.a", condition=condition, value=typed)["value"])


def test_g4_a_game_event_is_stored_whole(owner: Client, draft: Campaign) -> None:
    answer = save(owner, draft)
    assert answer.status_code == 302, errors_of(answer)
    row = draft.rewards.get()
    assert (row.event_name, row.event_path, row.event_condition) == ("Dragon slain", "$.boss.state", "changes_to")
    assert (row.event_value, row.event_cool_down_seconds, row.event_per_session) == ('"slain"', 60, 3)
    shown = form_of(owner, page(draft), FORM)
    assert shown["rewards-0-event_value"] == "slain"
    assert owner.post(page(draft), shown).status_code == 302, "saved again untouched"
    assert CampaignReward.objects.get().event_value == '"slain"'


def test_g4_cool_down_and_limit_are_optional(owner: Client, draft: Campaign) -> None:
    assert save(owner, draft, event_cool_down_seconds="", event_per_session="").status_code == 302
    row = draft.rewards.get()
    assert (row.event_cool_down_seconds, row.event_per_session) == (0, None)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("event_name", "", "Say what happens"),
        ("event_path", "", "Enter where in the game state"),
        ("event_path", "boss.state", "begins with $"),
        ("event_path", "$..state", "two dots"),
        ("event_condition", "", "Choose when"),
        ("event_value", "", "Enter the value"),
        ("event_value", "null", "Write a text"),
        ("event_cool_down_seconds", "86401", "at most a day"),
        ("event_per_session", "0", "from 1 to 1000"),
    ],
)
def test_g4_what_is_missing_or_wrong_is_said_at_the_field(
    owner: Client, draft: Campaign, field: str, value: str, said: str
) -> None:
    answer = save(owner, draft, **{field: value})
    (error,) = errors_of(answer)
    assert said in error
    formset = next(one for one in answer.context["inline_admin_formsets"] if one.formset.prefix == "rewards").formset
    assert list(formset.forms[0].errors) == [field]
    assert f'id="id_rewards-0-{field}"' in answer.content.decode()


def test_g4_an_event_that_has_a_name_alone_does_not_keep_the_rest_from_being_saved(
    owner: Client, draft: Campaign
) -> None:
    row = make_event_reward(draft, event_path="", event_condition="", event_value="")
    values = form_of(owner, page(draft), FORM) | {"name": "Better words"}
    answer = owner.post(page(draft), values)
    assert answer.status_code == 302, errors_of(answer)
    assert (Campaign.objects.get().name, CampaignReward.objects.get()) == ("Better words", row)
    values = form_of(owner, page(draft), FORM) | {"rewards-0-event_name": "Other"}
    assert len(errors_of(owner.post(page(draft), values))) == 3, "who changes it makes it whole"


def test_g4_another_rule_keeps_nothing_of_an_event_and_does_not_stumble_over_it(owner: Client, draft: Campaign) -> None:
    assert save(owner, draft).status_code == 302
    values = form_of(owner, page(draft), FORM)
    values |= {"rewards-0-rule": "watch", "rewards-0-minutes": "30"}
    values |= {"rewards-0-event_cool_down_seconds": "soon", "rewards-0-event_path": "nonsense"}
    answer = owner.post(page(draft), values)
    assert answer.status_code == 302, errors_of(answer)
    row = draft.rewards.get()
    assert (row.minutes, row.event_name, row.event_path, row.event_condition) == (30, "", "", "")
    assert (row.event_value, row.event_cool_down_seconds, row.event_per_session) == ("", 0, None)


def test_g4_an_event_forgets_the_minutes_of_another_rule(owner: Client, draft: Campaign) -> None:
    answer = save(owner, draft, minutes="-5")
    assert answer.status_code == 302, errors_of(answer)
    assert draft.rewards.get().minutes is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"rule": "watch", "minutes": 5, "event_name": ""},
        {"event_value": ""},
        {"event_path": ""},
        {"event_condition": "resembles"},
        {"event_per_session": 0},
    ],
)
def test_g4_the_database_holds_an_event_whole(draft: Campaign, wrong: dict[str, Any]) -> None:
    row = make_event_reward(draft)
    with pytest.raises(IntegrityError), transaction.atomic():
        CampaignReward.objects.filter(pk=row.pk).update(**wrong)


def test_c6_a_live_campaigns_event_is_told_in_words_and_cannot_be_changed(owner: Client, draft: Campaign) -> None:
    row = make_event_reward(draft, event_name="Boss down", event_path="$.boss", event_cool_down_seconds=90)
    opened = form_of(owner, page(draft), FORM)
    began, ends = NOW - timedelta(days=1), NOW + timedelta(days=1)
    Campaign.objects.filter(pk=draft.pk).update(
        status="published", published_at=began, announces_at=began, starts_at=began, ends_at=ends, closes_at=ends
    )
    text = owner.get(page(draft)).content.decode()
    assert "game event “Boss down”: $.boss changes to &quot;dead&quot;, not again for 90 seconds" in text
    assert 'name="rewards-0-event_path"' not in text
    for field, value in (("event_path", "$.b"), ("event_value", "x"), ("event_per_session", "2")):
        answer = owner.post(page(draft), {**opened, f"rewards-0-{field}": value})
        assert any("fixed since the campaign went live" in error for error in errors_of(answer)), field
    row.refresh_from_db()
    assert (row.event_path, row.event_value, row.event_per_session) == ("$.boss", '"dead"', None)


def test_s5_the_trail_tells_an_event_before_and_after(owner: Client, draft: Campaign) -> None:
    save(owner, draft)
    values = form_of(owner, page(draft), FORM) | {"rewards-0-event_value": "fled"}
    assert owner.post(page(draft), values).status_code == 302
    entry = AuditEntry.objects.latest("pk")
    assert 'Dragon slain ($.boss.state changes_to "slain", cool-down 60 s, per session 3)' in entry.before["rewards"]
    assert 'changes_to "fled"' in entry.after["rewards"]


def test_g4_the_form_says_what_a_game_event_needs(owner: Client, draft: Campaign) -> None:
    text = owner.get(page(draft)).content.decode()
    for said in ("an API client that may stream it", "a heartbeat source", "the portal counts on the platform"):
        assert said in text


def test_g4_the_form_costs_the_same_for_one_event_and_for_twelve(
    owner: Client, draft: Campaign, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    make_event_reward(draft)
    owner.get(page(draft))
    with django_assert_max_num_queries(500) as one:
        owner.get(page(draft))
    for _number in range(11):
        make_event_reward(draft)
    with django_assert_max_num_queries(500) as twelve:
        owner.get(page(draft))
    each = (len(twelve) - len(one)) / 11
    assert each <= 2, "for each row what can be chosen as condition, and the chosen reward"
