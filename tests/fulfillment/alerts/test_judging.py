"""Alerts open, go on and close with what is found, and it is written down whom to tell: once, in time, and when muted later."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fulfillment.alerts.judging import Judged, judge, judge_all
from fulfillment.alerts.muting import UNTIL_OVER, mute_alert, mute_channel
from fulfillment.alerts.watched import mute_rule, set_rule
from fulfillment.health.facts import OrganizationFacts
from fulfillment.models import Alert, AlertMessage, AlertWatch
from fulfillment.rules.alerts import RULES
from portal.models import AuditEntry, Organization, User
from tests.factories import NOW, make_organization, make_staff
from tests.fulfillment.alerts.rows import at, facts, judged, lapsed, make_channel, told
from tests.loopback import free_port

pytestmark = pytest.mark.django_db
RULE = RULES["grant_lapsed"]
DAY = 24 * 60


@pytest.fixture
def studio() -> Organization:
    return make_organization()


@pytest.fixture
def owner(studio: Organization) -> User:
    return make_staff(studio)


def arrive(minutes: float = 0) -> None:
    """Have all messages arrive that are due."""
    AlertMessage.objects.filter(due_at__isnull=False).update(due_at=None, sent_at=at(minutes))


def test_what_is_found_opens_an_alert_once_and_keeps_it_up_to_date(studio: Organization) -> None:
    lapsed(studio)
    lapsed(studio, 1)
    [alert] = Alert.objects.all()
    assert (alert.rule, alert.subject, alert.facts["name"]) == ("grant_lapsed", "kick", "Kick")
    assert (alert.opened_at, alert.seen_at, alert.closed_at) == (NOW, at(1), None)
    lapsed(studio, 2, "kick", "twitch")
    assert Alert.objects.filter(closed_at=None).count() == 2


def test_it_closes_once_it_was_not_found_twice_and_not_for_one_miss(studio: Organization) -> None:
    lapsed(studio)
    judged(studio, 1)
    lapsed(studio, 2)
    judged(studio, 3)
    assert Alert.objects.get().closed_at is None
    judged(studio, 4)
    assert Alert.objects.get().closed_at == at(3)
    lapsed(studio, 5)
    assert [alert.closed_at for alert in Alert.objects.order_by("opened_at")] == [at(3), None]


def test_two_judgements_within_seconds_count_as_one_miss(studio: Organization) -> None:
    lapsed(studio)
    judged(studio, 1)
    judged(studio, 1.1)
    assert Alert.objects.get().closed_at is None


def test_facts_older_than_the_last_judgement_change_nothing(studio: Organization) -> None:
    assert judged(studio, 5)
    assert not lapsed(studio, 4)
    assert not lapsed(studio, 5)
    assert not Alert.objects.exists()
    assert AlertWatch.objects.get().judged_at == at(5)


def test_every_channel_that_wants_it_is_told_once(studio: Organization) -> None:
    everything, chosen = make_channel(studio), make_channel(studio, rules=["grant_lapsed", "silence"])
    other, off = make_channel(studio, rules=["silence"]), make_channel(studio, enabled=False)
    stranger = make_channel(make_organization())
    lapsed(studio)
    lapsed(studio, 1)
    assert told(everything) == told(chosen) == ["opened"]
    assert told(other) == told(off) == told(stranger) == []
    assert set(AlertMessage.objects.values_list("due_at", flat=True)) == {NOW}


def test_a_channel_that_is_added_later_is_told_of_what_is_open(studio: Organization) -> None:
    lapsed(studio)
    channel = make_channel(studio)
    lapsed(studio, 1)
    assert told(channel) == ["opened"]


def test_a_reminder_comes_once_a_day_while_it_is_open(studio: Organization) -> None:
    channel = make_channel(studio)
    lapsed(studio)
    arrive()
    for minutes in (DAY - 1, DAY, DAY + 1, 2 * DAY - 1):
        lapsed(studio, minutes)
        arrive(minutes)
    assert told(channel) == ["opened", "still"]
    lapsed(studio, 2 * DAY)
    assert told(channel) == ["opened", "still", "still"]


def test_no_reminder_is_added_to_one_that_has_not_gone_out(studio: Organization) -> None:
    channel = make_channel(studio)
    lapsed(studio)
    lapsed(studio, 2 * DAY)
    assert told(channel) == ["opened"]


def test_that_it_is_over_is_told_to_who_heard_that_it_began(studio: Organization) -> None:
    heard, deaf, unsure = make_channel(studio), make_channel(studio), make_channel(studio)
    lapsed(studio)
    AlertMessage.objects.filter(channel=heard).update(sent_at=NOW, due_at=None)
    AlertMessage.objects.filter(channel=deaf).update(problem="status:404", due_at=None)
    AlertMessage.objects.filter(channel=unsure).update(problem="unsure", due_at=None)
    late = make_channel(studio)
    for minutes in (1, 2, 3):
        judged(studio, minutes)
    assert told(heard) == told(unsure) == ["opened", "closed"]
    assert told(deaf) == ["opened"] and told(late) == []


def test_a_muted_rule_tells_nobody_and_tells_then_what_is_still_open(studio: Organization, owner: User) -> None:
    channel = make_channel(studio)
    mute_rule(organization=studio, rule=RULE, until=at(60), actor=owner, now=NOW)
    for minutes in (0, 59):
        lapsed(studio, minutes)
    assert Alert.objects.count() == 1 and told(channel) == []
    lapsed(studio, 60)
    assert told(channel) == ["opened"]


def test_a_muted_channel_is_told_later_and_others_at_once(studio: Organization, owner: User) -> None:
    channel, other = make_channel(studio), make_channel(studio)
    mute_channel(channel=channel, until=at(60), actor=owner, now=NOW)
    lapsed(studio)
    assert told(channel) == [] and told(other) == ["opened"]
    lapsed(studio, 60)
    assert told(channel) == told(other) == ["opened"]


def test_who_was_muted_meanwhile_is_told_after_it_that_it_is_over(studio: Organization, owner: User) -> None:
    channel = make_channel(studio)
    lapsed(studio)
    arrive()
    mute_rule(organization=studio, rule=RULE, until=at(60), actor=owner, now=NOW)
    for minutes in (1, 2, 59):
        judged(studio, minutes)
    assert told(channel) == ["opened"]
    judged(studio, 60)
    assert told(channel) == ["opened", "closed"]


def test_a_muted_alert_reminds_nobody_until_the_mute_ends(studio: Organization, owner: User) -> None:
    channel = make_channel(studio)
    lapsed(studio)
    arrive()
    mute_alert(alert=Alert.objects.get(), until=at(2 * DAY), actor=owner, now=NOW)
    lapsed(studio, DAY + 5)
    assert told(channel) == ["opened"]
    lapsed(studio, 2 * DAY)
    assert told(channel) == ["opened", "still"]


def test_muted_until_it_is_over_says_that_it_is_over_and_begins_anew(studio: Organization, owner: User) -> None:
    channel = make_channel(studio)
    lapsed(studio)
    arrive()
    alert = Alert.objects.get()
    assert mute_alert(alert=alert, until=UNTIL_OVER, actor=owner, now=NOW)
    lapsed(studio, 3 * DAY)
    judged(studio, 3 * DAY + 1)
    judged(studio, 3 * DAY + 2)
    assert told(channel) == ["opened", "closed"]
    assert not mute_alert(alert=alert, until=None, actor=owner, now=NOW)
    lapsed(studio, 3 * DAY + 9)
    assert told(channel) == ["opened", "closed", "opened"]


def test_muting_and_unmuting_stand_in_the_audit_trail(studio: Organization, owner: User) -> None:
    lapsed(studio)
    alert, channel = Alert.objects.get(), make_channel(studio)
    for until in (at(60), None):
        mute_alert(alert=alert, until=until, actor=owner, now=NOW)
        mute_channel(channel=channel, until=until, actor=owner, now=NOW)
        mute_rule(organization=studio, rule=RULE, until=until, actor=owner, now=NOW)
    entries = AuditEntry.objects.order_by("pk")
    assert list(entries.values_list("action", flat=True)) == [
        *("muted alert", "muted alert channel", "muted alert rule"),
        *("unmuted alert", "unmuted alert channel", "unmuted alert rule"),
    ]
    assert {entry.actor for entry in entries} == {owner} and entries[0].after == {"muted_until": at(60).isoformat()}


def test_a_rule_that_is_not_watched_finds_nothing_and_does_not_claim_that_all_is_well(
    studio: Organization, owner: User
) -> None:
    channel = make_channel(studio)
    lapsed(studio)
    arrive()
    assert set_rule(organization=studio, rule=RULE, enabled=False, threshold=None, actor=owner, now=NOW)
    lapsed(studio, 1)
    lapsed(studio, 2)
    assert Alert.objects.get().closed_at == at(1) and told(channel) == ["opened"]
    set_rule(organization=studio, rule=RULE, enabled=True, threshold=None, actor=owner, now=NOW)
    judged(studio, 3)
    assert told(channel) == ["opened"]


def test_a_threshold_of_the_organization_holds_for_it_alone(studio: Organization, owner: User) -> None:
    other, rule = make_organization(), RULES["unmapped"]
    assert set_rule(organization=studio, rule=rule, enabled=True, threshold=2, actor=owner, now=NOW)
    assert not set_rule(organization=studio, rule=rule, enabled=True, threshold=2, actor=owner, now=NOW)
    for organization in (studio, other):
        judged(organization, unknown=("a",))
    assert Alert.objects.get().organization == other
    assert AuditEntry.objects.get().after == {"threshold": 2}
    for wrong in (0, 10_001):
        with pytest.raises(ValueError, match="unmapped"):
            set_rule(organization=studio, rule=rule, enabled=True, threshold=wrong, actor=owner, now=NOW)
    with pytest.raises(ValueError, match="grant_lapsed"):
        set_rule(organization=studio, rule=RULE, enabled=True, threshold=1, actor=owner, now=NOW)


def read_lapsed(organization: Organization, *, now: datetime) -> OrganizationFacts:
    if organization.name == "Broken":
        raise RuntimeError("on purpose")
    return facts(organization, (now - NOW) / timedelta(minutes=1), lapsed=("kick",))


def test_one_organization_that_fails_keeps_no_other_back(studio: Organization, caplog: Any) -> None:
    broken, other = make_organization(name="Broken"), make_organization()
    run = judge_all(read=read_lapsed, clock=lambda: NOW, seconds=30)
    assert run == Judged(judged=2, failed=1)
    assert {alert.organization for alert in Alert.objects.all()} == {studio, other}
    assert broken.pk in caplog.text


def test_a_run_that_is_out_of_time_leaves_the_rest_to_be_first_in_the_next(studio: Organization) -> None:
    other = make_organization()
    judged(studio)
    assert not judge_all(read=read_lapsed, clock=lambda: at(1), seconds=0).finished
    seen: list[str] = []

    def read(organization: Organization, *, now: datetime) -> OrganizationFacts:
        seen.append(organization.pk)
        return read_lapsed(organization, now=now)

    judge_all(read=read, clock=lambda: at(1), seconds=30)
    assert seen == [other.pk, studio.pk]


def test_the_facts_that_are_read_from_the_database_are_judged(studio: Organization) -> None:
    assert judge_all(clock=lambda: NOW, seconds=30) == Judged(judged=1)


def test_twenty_alerts_cost_no_query_more_than_one(studio: Organization) -> None:
    make_channel(studio)
    counts = []
    for minutes, wrong in ((0, 1), (10, 20)):
        judged(studio, minutes, unknown=tuple(map(str, range(wrong))))
        with CaptureQueriesContext(connection) as queries:
            judged(studio, minutes + 1, unknown=tuple(map(str, range(wrong))))
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_judges_at_once_open_and_tell_once() -> None:
    studio = make_organization()
    channel = make_channel(studio, address=f"http://127.0.0.1:{free_port()}/")
    start, turns = threading.Barrier(4), []

    def work(seconds: float) -> None:
        given = facts(studio, seconds / 60, lapsed=("kick", "twitch"))
        try:
            start.wait(10)
            turns.append(judge(facts=given))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(second,)) for second in (0, 0, 0, 0.001)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert 1 <= sum(turns) <= 2 and len(turns) == 4
    assert Alert.objects.count() == 2 and told(channel) == ["opened", "opened"]
