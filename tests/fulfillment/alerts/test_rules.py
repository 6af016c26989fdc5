"""What the rules of alerts find, as tables; and that a finding is gone with its cause."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.health.facts import (
    LimitFacts,
    LiveCampaign,
    NotLive,
    OrganizationFacts,
    PlatformFacts,
    PoolFacts,
    Unmapped,
)
from fulfillment.rules.alert_sentences import CASES, sentence_of
from fulfillment.rules.alerts import MOST, RULES, Unit, example_facts, example_of

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def platform(**fields: Any) -> PlatformFacts:
    given: dict[str, Any] = {
        "credential_id": "c",
        "platform": "kick",
        "name": "Kick",
        "enabled": True,
        "sends_claims": True,
    }
    given["first_swept_at"] = ago(9000)
    return PlatformFacts(**{**given, **fields})


def facts(one: PlatformFacts | None = None, **fields: Any) -> OrganizationFacts:
    platforms = (one,) if one else ()
    return OrganizationFacts(**{"organization_id": "o", "now": NOW, "platforms": platforms, **fields})


def live(minutes: float, name: str = "Comet week") -> LiveCampaign:
    return LiveCampaign(id=name, name=name, starts_at=ago(minutes), ends_at=NOW + timedelta(days=1))


def found(rule: str, given: OrganizationFacts, threshold: int | None = None) -> list[str]:
    return [str(finding.sentence) for finding in RULES[rule].findings(given, threshold).values()]


def cases_of(rule: str, given: OrganizationFacts, threshold: int | None = None) -> list[str]:
    return [finding.facts["case"] for finding in RULES[rule].findings(given, threshold).values()]


@pytest.mark.parametrize(
    ("one", "threshold", "is_found"),
    [
        (platform(live=(live(361),)), None, True),
        (platform(live=(live(359),)), None, False),
        (platform(live=(live(9000),), claims_webhook_at=ago(360)), None, True),
        (platform(live=(live(9000),), claims_webhook_at=ago(359)), None, False),
        (platform(live=(live(30),), claims_webhook_at=ago(9000)), None, False),
        (platform(live=(live(30), live(9000)), claims_webhook_at=ago(9000)), None, True),
        (platform(live=(live(30),)), 30, True),
        (platform(claims_webhook_at=ago(9000)), None, False),
        (platform(live=(live(9000),), enabled=False), None, False),
    ],
)
def test_silence_runs_from_the_later_of_start_and_last_message(
    one: PlatformFacts, threshold: int | None, is_found: bool
) -> None:
    assert bool(found("silence", facts(one), threshold)) is is_found


def test_silence_says_since_when_and_names_the_campaigns() -> None:
    names = tuple(live(9000, name) for name in ("A", "B", "C", "D"))
    [said] = found("silence", facts(platform(live=names, claims_webhook_at=ago(400))))
    assert said == (
        "No message of Kick has brought a claim since 2026-11-20 05:20 UTC, though it counts a campaign that is live: "
        "A, B, C, …."
    )


@pytest.mark.parametrize(
    ("rule", "one", "threshold", "expected"),
    [
        ("revoked", platform(subscription_ended_at=ago(5), subscriptions={"ended": 1}), None, ["revoked"]),
        ("revoked", platform(subscription_ended_at=ago(4)), None, []),
        ("revoked", platform(subscriptions={"ended": 1}), None, []),
        ("sweep_gap", platform(by_sweep_hour=5, by_webhook_hour=45), None, ["sweep_gap"]),
        ("sweep_gap", platform(by_sweep_hour=5, by_webhook_hour=46), None, []),
        ("sweep_gap", platform(by_sweep_hour=4), None, []),
        ("sweep_gap", platform(by_sweep_hour=50, first_swept_at=None), None, []),
        ("sweep_gap", platform(by_sweep_hour=50, first_swept_at=ago(119)), None, []),
        ("sweep_gap", platform(by_sweep_hour=50, first_swept_at=ago(120)), None, ["sweep_gap"]),
        ("sweep_gap", platform(by_sweep_hour=5, by_webhook_hour=46), 9, ["sweep_gap"]),
        ("sweep_stuck", platform(sweep_at=ago(60)), None, ["sweep_late"]),
        ("sweep_stuck", platform(sweep_at=ago(59), sweep_began_at=ago(58)), None, []),
        ("sweep_stuck", platform(sweep_began_at=ago(60)), None, ["sweep_late"]),
        ("sweep_stuck", platform(), None, []),
        ("sweep_stuck", platform(sweep_at=ago(1), unreadable=2), None, ["sweep_unreadable"]),
        ("sweep_stuck", platform(sweep_at=ago(90), unreadable=2), None, ["sweep_late", "sweep_unreadable"]),
        ("api_failing", platform(failures=2, succeeded_at=ago(20), failed_at=ago(5)), None, ["api_failing"]),
        ("api_failing", platform(failures=1, succeeded_at=ago(20), failed_at=ago(5)), None, []),
        ("api_failing", platform(failures=9, succeeded_at=ago(14), failed_at=ago(0)), None, []),
        ("api_failing", platform(failures=2, failed_at=ago(0)), None, ["api_never"]),
        ("api_failing", platform(failures=0, succeeded_at=ago(1), failed_at=ago(20)), None, []),
        ("api_failing", platform(paused_until=ago(-1), succeeded_at=ago(15)), None, ["api_paused"]),
        ("api_failing", platform(paused_until=ago(-1), succeeded_at=ago(14)), None, []),
        ("api_failing", platform(paused_until=ago(1), succeeded_at=ago(15)), None, []),
        ("write_back_late", platform(write_backs=3, write_back_oldest=ago(60)), None, ["write_back_late"]),
        ("write_back_late", platform(write_backs=3, write_back_oldest=ago(59)), None, []),
        ("write_back_late", platform(write_backs_refused=1), None, ["write_back_refused"]),
        ("secret_age", platform(client_secret_set_at=ago(365 * 1440)), None, ["secret_client"]),
        ("secret_age", platform(client_secret_set_at=ago(364 * 1440)), None, []),
        ("secret_age", platform(webhook_secret_set_at=ago(31 * 1440)), 30, ["secret_webhook"]),
        ("grant_lapsed", platform(grant="lapsed"), None, ["grant_lapsed"]),
        ("grant_lapsed", platform(grant="good"), None, []),
        ("authorizations_lapsed", platform(lapsed=20), None, ["authorizations_lapsed"]),
        ("authorizations_lapsed", platform(lapsed=19), None, []),
        ("authorizations_lapsed", platform(doubted_since=ago(1)), None, ["authorizations_doubted"]),
    ],
)
def test_what_a_platform_gives_reason_for(
    rule: str, one: PlatformFacts, threshold: int | None, expected: list[str]
) -> None:
    assert cases_of(rule, facts(one), threshold) == expected
    assert cases_of(rule, facts(replace(one, enabled=False)), threshold) == []


@pytest.mark.parametrize(
    ("rule", "given", "threshold", "expected"),
    [
        ("failure_rate", facts(delivered=18, failed=2), None, ["failure_rate"]),
        ("failure_rate", facts(delivered=17, failed=2), None, []),
        ("failure_rate", facts(delivered=19, failed=2), None, []),
        ("failure_rate", facts(delivered=90), 1, []),
        ("deliveries_late", facts(due=3, due_oldest=ago(15), worker_at=NOW), None, ["deliveries_late"]),
        ("deliveries_late", facts(due=3, due_oldest=ago(14), worker_at=NOW), None, []),
        ("deliveries_late", facts(worker_at=ago(15)), None, ["no_worker"]),
        ("deliveries_late", facts(received=1), None, ["no_worker_yet"]),
        ("deliveries_late", facts(), None, []),
    ],
)
def test_what_the_deliveries_give_reason_for(
    rule: str, given: OrganizationFacts, threshold: int | None, expected: list[str]
) -> None:
    assert cases_of(rule, given, threshold) == expected


def unknown(platform_id: str, claims: int = 1, what: str = "reward") -> Unmapped:
    return Unmapped(platform="kick", what=what, platform_id=platform_id, claims=claims, first_at=ago(9), last_at=NOW)


def test_each_unknown_id_is_a_finding_of_its_own() -> None:
    given = facts(platform(), unmapped=(unknown("a", 2), unknown("b"), unknown("a", what="campaign")))
    assert list(RULES["unmapped"].findings(given)) == ["kick:reward:a", "kick:reward:b", "kick:campaign:a"]
    assert list(RULES["unmapped"].findings(given, 2)) == ["kick:reward:a"]
    assert found("unmapped", given, 2) == [
        "Claims from Kick name a reward that the portal does not know, a. So far: 2, the first at 2026-11-20 11:51 UTC."
    ]
    [long] = RULES["unmapped"].findings(facts(platform(), unmapped=(unknown("x" * 400),)))
    assert len(long) == 200


@pytest.mark.parametrize("why", ["draft", "organization", "credential", "endpoint", "paused"])
def test_a_campaign_that_is_not_what_it_should_be_is_named_with_why(why: str) -> None:
    given = facts(platform(), not_live=(NotLive(id="c1", name="Comet week", why=why, platform="kick", since=ago(5)),))
    [said] = found("not_live", given)
    assert said.startswith("Comet week ") and UNKNOWN not in said
    assert list(RULES["not_live"].findings(given)) == [f"c1:{why}:kick"]


UNKNOWN = "–"


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_has_words_a_default_in_its_bounds_and_an_example(rule: Any) -> None:
    assert all(map(str, (rule.title, rule.watches, rule.means, rule.advice)))
    assert (rule.unit is Unit.NONE) == (rule.default == 0)
    assert rule.default <= MOST.get(rule.unit, 0)
    example = example_of(rule, now=NOW)
    assert json.loads(json.dumps(dict(example.facts))) == example.facts
    assert "xample" in str(example.sentence) or rule.key in {"failure_rate", "deliveries_late"}
    assert UNKNOWN not in str(example.sentence)


def test_facts_of_another_version_still_give_a_sentence() -> None:
    assert str(sentence_of({"case": "later_than_this"})) == "What was found is no longer known in words."
    assert "%" not in str(sentence_of({"case": "revoked", "since": "whenever"}))
    assert str(sentence_of({"case": "revoked", "count": 10_000})).count("10,000+") == 1
    for case in CASES:
        assert str(sentence_of({"case": case}))


def test_nothing_is_wrong_where_nothing_is_known() -> None:
    for rule in RULES.values():
        assert rule.findings(facts()) == rule.findings(facts(platform())) == {}


times = st.none() | st.integers(-60, 10_000).map(ago)
counts = st.integers(0, 200)
platforms = st.builds(
    platform,
    platform=st.sampled_from(["kick", "twitch"]),
    claims_webhook_at=times,
    sweep_at=times,
    sweep_began_at=times,
    unreadable=st.integers(0, 2),
    by_sweep_hour=counts,
    by_webhook_hour=counts,
    subscription_ended_at=times,
    succeeded_at=times,
    failed_at=times,
    failures=st.integers(0, 4),
    paused_until=times,
    write_back_oldest=times,
    write_backs_refused=st.integers(0, 1),
    doubted_since=times,
    lapsed=counts,
    grant=st.sampled_from(["", "none", "good", "lapsed"]),
    client_secret_set_at=times,
    live=st.lists(st.integers(0, 10_000).map(live), max_size=2).map(tuple),
)


def pool(key: str, free: int) -> PoolFacts:
    return PoolFacts(id=key, name=f"Keys {key}", free=free, low_stock=10)


def limit(key: str, given: int) -> LimitFacts:
    return LimitFacts(
        id=key, which="total", campaign_id="c", campaign="Autumn", reward=f"Reward {key}", given=given, limit=100
    )


everything = st.builds(
    facts,
    platforms,
    delivered=counts,
    failed=counts,
    due=counts,
    due_oldest=times,
    received=counts,
    worker_at=times,
    unmapped=st.lists(st.builds(unknown, st.sampled_from("abc")), max_size=3).map(tuple),
    pools=st.lists(st.builds(pool, st.sampled_from("abc"), st.integers(0, 30)), max_size=2).map(tuple),
    limits=st.lists(st.builds(limit, st.sampled_from("abc"), st.integers(0, 120)), max_size=2).map(tuple),
)
thresholds = st.none() | st.integers(1, 90)

MENDED: dict[str, dict[str, Any]] = {
    "silence": {"claims_webhook_at": NOW},
    "revoked": {"subscription_ended_at": None},
    "sweep_gap": {"by_sweep_hour": 0},
    "sweep_stuck": {"sweep_at": NOW, "unreadable": 0},
    "api_failing": {"failures": 0, "succeeded_at": NOW, "paused_until": None},
    "write_back_late": {"write_back_oldest": None, "write_backs_refused": 0},
    "secret_age": {"client_secret_set_at": NOW},
    "grant_lapsed": {"grant": "good"},
    "authorizations_lapsed": {"lapsed": 0, "doubted_since": None},
}
MENDED_FOR_ALL: dict[str, dict[str, Any]] = {
    "failure_rate": {"failed": 0},
    "unmapped": {"unmapped": ()},
    "not_live": {"not_live": ()},
    "deliveries_late": {"due_oldest": None, "worker_at": NOW},
    "codes_low": {"pools": ()},
    "limit_near": {"limits": ()},
}


@given(given=everything, threshold=thresholds)
def test_a_finding_is_gone_with_its_cause_and_others_stay(given: OrganizationFacts, threshold: int | None) -> None:
    before = {key: set(rule.findings(given, threshold)) for key, rule in RULES.items()}
    assert set(MENDED) | set(MENDED_FOR_ALL) == set(RULES)
    for key in RULES:
        one = replace(given.platforms[0], **MENDED.get(key, {}))
        mended = replace(given, platforms=(one,), **MENDED_FOR_ALL.get(key, {}))
        after = {other: set(rule.findings(mended, threshold)) for other, rule in RULES.items()}
        assert after[key] == set()
        untouched = set(RULES) - {key}
        assert {k: v for k, v in after.items() if k in untouched} == {k: v for k, v in before.items() if k in untouched}


@given(given=everything, lower=st.integers(1, 50), more=st.integers(0, 50))
def test_a_higher_threshold_never_finds_more(given: OrganizationFacts, lower: int, more: int) -> None:
    for rule in RULES.values():
        assert set(rule.findings(given, lower + more)) <= set(rule.findings(given, lower))


def test_the_example_has_every_rule_at_fault() -> None:
    assert all(rule.findings(example_facts(NOW)) for rule in RULES.values())
