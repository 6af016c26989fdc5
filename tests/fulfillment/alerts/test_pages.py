"""The admin pages of alerts: who sees and does what, what they say, and that no webhook's address is shown or kept in the trail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from fulfillment.alerts.card import alerts_card
from fulfillment.alerts.judging import judge
from fulfillment.alerts.muting import UNTIL_OVER
from fulfillment.health.facts import OrganizationFacts, Unmapped
from fulfillment.models import Alert, AlertChannel, AlertMessage, AlertRule, AlertWatch
from fulfillment.rules.alerts import RULES
from portal.models import AuditEntry, Organization
from portal.roles import Role
from tests.admin_pages import errors_of, form_of, sign_in, url
from tests.factories import make_organization, make_staff
from tests.fulfillment.alerts.rows import Chat, chatting, make_channel

pytestmark = pytest.mark.django_db
ALERT, CHANNEL, RULE = "fulfillment.alert", "fulfillment.alertchannel", "fulfillment.alertrule"


@pytest.fixture
def studio() -> Organization:
    return make_organization(name="Northlight")


@pytest.fixture
def owner(studio: Organization) -> Client:
    return sign_in(make_staff(studio, email="owner@example.org"))


@pytest.fixture
def chat() -> Iterator[Chat]:
    with chatting() as double:
        yield double


def wrong(studio: Organization, *ids: str, minutes: float = 0) -> list[Alert]:
    """Judge, now, that claims name these unknown rewards."""
    now = timezone.now() + timedelta(minutes=minutes)
    rows = tuple(
        Unmapped(platform="kick", what="reward", platform_id=one, claims=1, first_at=now, last_at=now) for one in ids
    )
    judge(facts=OrganizationFacts(organization_id=studio.pk, now=now, platforms=(), unmapped=rows))
    return list(Alert.objects.filter(organization=studio, closed_at=None).order_by("pk"))


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def url_of(rule: str, page: str = "rule") -> str:
    return reverse(f"admin:fulfillment_alertrule_{page}", args=[rule])


# The list, and the page of one.


def test_the_list_has_what_is_open_first_and_says_what_since_when_and_who_was_told(
    studio: Organization, owner: Client
) -> None:
    ops = make_channel(studio, name="Ops room")
    make_channel(studio, name="Deaf room")
    wrong(studio, "<b>old</b>")
    Alert.objects.update(closed_at=timezone.now())
    wrong(studio, "new-id", minutes=1)
    AlertMessage.objects.filter(channel=ops).update(sent_at=timezone.now())
    seen = text(owner, url(ALERT, "changelist"))
    assert seen.index("new-id") < seen.index("&lt;b&gt;old") and "<b>old" not in seen
    assert "Claims for something unknown" in seen and "not reached: Deaf room" in seen and "Ops room (2" in seen
    filtered = text(owner, url(ALERT, "changelist") + "?state=over&alert=unmapped")
    assert "&lt;b&gt;old" in filtered and "new-id" not in filtered


def test_without_a_channel_the_list_says_that_nobody_is_told_and_offers_to_add_one(
    studio: Organization, owner: Client
) -> None:
    wrong(studio)
    add = url(CHANNEL, "add")
    seen = text(owner, url(ALERT, "changelist"))
    assert "Nobody is told." in seen and add in seen and "Nobody is watching." not in seen
    support = sign_in(make_staff(studio, Role.SUPPORT))
    seen = text(support, url(ALERT, "changelist"))
    assert "An owner of the organization can add one." in seen and add not in seen
    make_channel(studio)
    assert "Nobody is told." not in text(owner, url(ALERT, "changelist"))


def test_the_list_says_when_nobody_looks(studio: Organization, owner: Client) -> None:
    seen = text(owner, url(ALERT, "changelist"))
    assert "Nothing was looked for yet." in seen and "Nobody is watching." not in seen
    assert "Nothing is wrong" not in seen
    wrong(studio)
    assert "Last looked:" in text(owner, url(ALERT, "changelist"))
    AlertWatch.objects.update(judged_at=timezone.now() - timedelta(minutes=11))
    assert "Nobody is watching." in text(owner, url(ALERT, "changelist"))


def test_the_page_says_what_happened_what_it_means_what_to_do_and_where(studio: Organization, owner: Client) -> None:
    channel = make_channel(studio, name="Ops room")
    [alert] = wrong(studio, "new-id")
    AlertMessage.objects.filter(channel=channel).update(due_at=None, problem="status:410")
    seen = text(owner, url(ALERT, "change", alert.pk))
    assert "new-id" in seen and str(RULES["unmapped"].advice) in seen and reverse("admin:drift") in seen
    assert "Ops room" in seen and "given up" in seen and "Make a new webhook in the chat" in seen
    Alert.objects.update(rule="of_another_version", facts={})
    assert "of_another_version" in text(owner, url(ALERT, "change", alert.pk))


@pytest.mark.parametrize("rule", RULES)
def test_every_alert_leads_to_a_page_that_its_reader_may_open(studio: Organization, rule: str) -> None:
    now = timezone.now()
    alert = Alert.objects.create(organization=studio, rule=rule, facts={}, opened_at=now, seen_at=now)
    for role in (Role.OWNER, Role.ANALYST):
        member = sign_in(make_staff(studio, role))
        address = member.get(url(ALERT, "change", alert.pk)).context["page_address"]
        assert member.get(address).status_code == 200


def test_s1_an_alert_is_seen_by_all_members_muted_by_who_may_mend_and_is_not_there_for_others(
    studio: Organization,
) -> None:
    [alert] = wrong(studio, "new-id")
    page, mute = url(ALERT, "change", alert.pk), url(ALERT, "mute", alert.pk)
    for role, may_mute in ((Role.OWNER, True), (Role.PRODUCER, True), (Role.SUPPORT, True), (Role.ANALYST, False)):
        member = sign_in(make_staff(studio, role))
        assert ("Mute until it is over" in text(member, page)) is may_mute
        assert member.post(mute, {"for": "hour"}).status_code == (302 if may_mute else 403)
    stranger = sign_in(make_staff(make_organization()))
    for address in (page, mute):
        assert stranger.get(address).status_code == stranger.post(address, {"for": "day"}).status_code == 404
    assert "new-id" not in text(stranger, url(ALERT, "changelist"))


@pytest.mark.parametrize(
    ("chosen", "span", "shown"),
    [
        ("hour", 60, "muted until 2"),
        ("day", 1440, "muted until 2"),
        ("week", 10080, "muted until 2"),
        ("over", 0, "until it"),
    ],
)
def test_an_alert_is_muted_and_unmuted_by_a_button(
    studio: Organization, owner: Client, chosen: str, span: int, shown: str
) -> None:
    [alert] = wrong(studio, "new-id")
    mute, page = url(ALERT, "mute", alert.pk), url(ALERT, "change", alert.pk)
    owner.get(mute)
    alert.refresh_from_db()
    assert alert.muted_until is None
    before = timezone.now()
    owner.post(mute, {"for": chosen})
    alert.refresh_from_db()
    assert alert.muted_until is not None
    expected = before + timedelta(minutes=span) if span else UNTIL_OVER
    assert abs(alert.muted_until - expected) < timedelta(minutes=1)
    seen = text(owner, page)
    assert shown in seen and "Unmute" in seen and "open, muted" in seen
    owner.post(mute, {"for": ""})
    alert.refresh_from_db()
    assert alert.muted_until is None
    assert owner.post(mute, {"for": "ever"}).status_code == 404
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["muted alert", "unmuted alert"]


def test_what_is_over_cannot_be_muted(studio: Organization, owner: Client) -> None:
    [alert] = wrong(studio, "new-id")
    Alert.objects.update(closed_at=timezone.now())
    assert "Mute until" not in text(owner, url(ALERT, "change", alert.pk))
    answer = owner.post(url(ALERT, "mute", alert.pk), {"for": "hour"}, follow=True)
    assert "there is nothing to mute" in answer.content.decode()


def test_the_list_asks_no_more_for_twenty_alerts_than_for_one(studio: Organization, owner: Client) -> None:
    make_channel(studio)
    make_channel(studio)
    counts = []
    for minutes, number in ((0, 1), (1, 20)):
        wrong(studio, *map(str, range(number)), minutes=minutes)
        owner.get(url(ALERT, "changelist"))
        with CaptureQueriesContext(connection) as queries:
            text(owner, url(ALERT, "changelist"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_start_page_has_what_is_open_and_whether_anybody_is_told(studio: Organization, owner: Client) -> None:
    request: Any = owner.get(reverse("admin:index")).wsgi_request
    card = alerts_card(request, studio)
    assert card and card.lines[0].value == "none" and "was not looked for yet" in card.text
    wrong(studio)
    AlertWatch.objects.update(judged_at=timezone.now() - timedelta(minutes=11))
    card = alerts_card(request, studio)
    assert card and "Nobody is watching" in card.text
    AlertWatch.objects.update(judged_at=timezone.now())
    card = alerts_card(request, studio)
    assert card and "Nobody is told" in card.text
    make_channel(studio)
    wrong(studio, "a", "b", minutes=1)
    card = alerts_card(request, studio)
    assert card and card.text == ""
    assert [(line.label, line.value, line.attention) for line in card.lines] == [
        ("Claims for something unknown", "2", True)
    ]
    assert "Claims for something unknown" in text(owner, card.lines[0].url)


# What is watched.


def test_all_rules_are_in_one_table_with_their_state(studio: Organization, owner: Client) -> None:
    wrong(studio, "a")
    AlertRule.objects.create(organization=studio, rule="silence", enabled=False, threshold=90)
    AlertRule.objects.create(organization=studio, rule="revoked", muted_until=timezone.now() + timedelta(hours=1))
    seen = text(owner, url(RULE, "changelist"))
    for rule in RULES.values():
        assert str(rule.title).replace("'", "&#x27;") in seen and url_of(rule.key) in seen
    assert "1 open" in seen and "not watched" in seen and "Muted until" in seen and 'value="90"' in seen


def test_an_owner_changes_thresholds_and_what_is_watched_and_the_trail_has_it(
    studio: Organization, owner: Client
) -> None:
    address = url(RULE, "changelist")
    values = form_of(owner, address, "rules")
    del values["watched_silence"]
    answer = owner.post(address, values | {"threshold_sweep_gap": "25", "threshold_revoked": ""}, follow=True)
    assert "2 rules were changed." in answer.content.decode()
    rows = {row.rule: (row.enabled, row.threshold) for row in AlertRule.objects.filter(organization=studio)}
    assert rows["silence"] == (False, None) and rows["sweep_gap"] == (True, 25) and rows["revoked"] == (True, None)
    assert sorted(AuditEntry.objects.values_list("object_label", flat=True)) == ["silence", "sweep_gap"]
    assert "Nothing was changed." in owner.post(address, form_of(owner, address, "rules"), follow=True).content.decode()


@pytest.mark.parametrize(("name", "value"), [("sweep_gap", "101"), ("silence", "0"), ("secret_age", "x")])
def test_a_threshold_that_cannot_be_is_refused_with_what_can_be(owner: Client, name: str, value: str) -> None:
    address = url(RULE, "changelist")
    answer = owner.post(address, form_of(owner, address, "rules") | {f"threshold_{name}": value})
    seen = answer.content.decode()
    assert answer.status_code == 200 and "Nothing was stored" in seen and f"id_threshold_{name}_error" in seen
    assert not AlertRule.objects.filter(threshold__isnull=False).exists()


def test_s1_only_an_owner_changes_and_tries_rules_and_who_may_mend_mutes_them(studio: Organization) -> None:
    for role in (Role.PRODUCER, Role.SUPPORT, Role.ANALYST):
        member = sign_in(make_staff(studio, role))
        assert "Save" not in text(member, url(RULE, "changelist"))
        assert member.post(url(RULE, "changelist"), {}).status_code == 403
        assert member.post(url_of("silence", "try")).status_code == 403
        assert member.post(url_of("silence", "mute"), {"for": "day"}).status_code == (
            403 if role is Role.ANALYST else 302
        )
        assert "Send the example" not in text(member, url_of("silence"))


def test_a_rule_is_muted_and_unmuted_for_its_organization_alone(studio: Organization, owner: Client) -> None:
    owner.post(url_of("silence", "mute"), {"for": "week"})
    row = AlertRule.objects.get()
    assert row.organization == studio and row.muted_until and row.muted_until > timezone.now() + timedelta(days=6)
    assert "Muted until" in text(owner, url_of("silence"))
    owner.post(url_of("silence", "mute"), {"for": ""})
    row.refresh_from_db()
    assert row.muted_until is None
    assert owner.post(url_of("silence", "mute"), {"for": "over"}).status_code == 404
    assert owner.get(url_of("nothing")).status_code == 404


def test_trying_a_rule_sends_its_example_to_who_would_be_told_and_says_what_came_of_it(
    studio: Organization, owner: Client, chat: Chat
) -> None:
    make_channel(studio, name="Room", address=chat.url, rules=["silence"])
    make_channel(studio, "email", name="Mail", address="ops@example.org")
    make_channel(studio, name="Gone", address="https://169.254.0.1/hook")
    make_channel(studio, name="Other", address=chat.url, rules=["revoked"])
    make_channel(studio, name="Muted", address=chat.url, muted_until=timezone.now() + timedelta(hours=1))
    make_channel(studio, name="Off", address=chat.url, enabled=False)
    seen = owner.post(url_of("silence", "try")).content.decode()
    assert seen.count("It arrived:") == 2 and "Gone:" in seen and "not permitted" in seen
    assert "tried again by itself" not in seen
    [said] = chat.texts
    assert "Test: No claim while a campaign is live" in said and "This is a test. Nothing is wrong" in said
    [letter] = mail.outbox
    assert letter.to == ["ops@example.org"] and "This is a test." in letter.body
    tests = AlertMessage.objects.filter(about="test")
    assert tests.count() == 3 and tests.filter(sent_at=None, problem="link_local", due_at=None).count() == 1
    AlertChannel.objects.update(enabled=False)
    assert "Nothing was sent" in owner.post(url_of("silence", "try")).content.decode()


# Who is told.


def channel_form(client: Client, **values: Any) -> dict[str, Any]:
    return form_of(client, url(CHANNEL, "add"), "alertchannel_form") | values


def test_the_first_channel_is_suggested_with_the_owners_own_address(studio: Organization, owner: Client) -> None:
    values = channel_form(owner)
    assert (values["name"], values["kind"], values["email"]) == ("Owners", "email", "owner@example.org")
    assert owner.post(url(CHANNEL, "add"), values).status_code == 302
    channel = AlertChannel.objects.get()
    assert (channel.organization, channel.kind, channel.address) == (studio, "email", "owner@example.org")
    assert channel.enabled and channel.rules == []
    assert "owner@example.org" in text(owner, url(CHANNEL, "changelist"))
    assert form_of(owner, url(CHANNEL, "change", channel.pk), "alertchannel_form")["email"] == "owner@example.org"


def test_s2_the_address_of_a_webhook_is_never_shown_again_and_not_in_the_trail(owner: Client) -> None:
    secret = "https://chat.example.org/hooks/very-secret"
    given = channel_form(owner, name="Room", kind="discord", webhook=secret, email="")
    assert owner.post(url(CHANNEL, "add"), given).status_code == 302
    channel = AlertChannel.objects.get()
    assert channel.address == secret
    page = url(CHANNEL, "change", channel.pk)
    for address in (
        page,
        url(CHANNEL, "changelist"),
        url(CHANNEL, "history", channel.pk),
        url(CHANNEL, "test", channel.pk),
    ):
        assert "very-secret" not in text(owner, address)
    values = form_of(owner, page, "alertchannel_form")
    assert "email" not in values and values["webhook"] == ""
    owner.post(page, values | {"name": "Other room", "rules": ["silence"]})
    channel.refresh_from_db()
    assert (channel.address, channel.name, channel.rules) == (secret, "Other room", ["silence"])
    owner.post(page, form_of(owner, page, "alertchannel_form") | {"webhook": f"{secret}-2"})
    channel.refresh_from_db()
    assert channel.address == f"{secret}-2"
    trail = json.dumps(list(AuditEntry.objects.values("action", "before", "after", "reason", "object_label")))
    assert "very-secret" not in trail and "replaced address of channel" in trail
    answer = owner.post(url(CHANNEL, "add"), {**given, "name": ""})
    assert answer.status_code == 200 and "very-secret" not in answer.content.decode()


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"kind": "email", "email": ""}, "needs this address"),
        ({"kind": "email", "email": "nobody"}, "valid email"),
        ({"kind": "slack", "webhook": ""}, "needs this address"),
        ({"kind": "slack", "webhook": "http://chat.example.org/x"}, "https://"),
        ({"kind": "discord", "webhook": "https://10.0.0.1/x"}, "private network"),
        ({"kind": "email", "email": "a@example.org", "name": "Taken"}, "already"),
    ],
)
def test_d7_an_address_that_cannot_be_is_refused_with_why(
    studio: Organization, owner: Client, values: dict[str, str], error: str
) -> None:
    make_channel(studio, name="Taken")
    answer = owner.post(url(CHANNEL, "add"), channel_form(owner, **values))
    assert error in " ".join(errors_of(answer))
    assert AlertChannel.objects.count() == 1


def test_s1_channels_are_the_owners(studio: Organization) -> None:
    channel = make_channel(studio)
    pages = [url(CHANNEL, "changelist"), *(url(CHANNEL, name, channel.pk) for name in ("change", "test", "mute"))]
    for role in (Role.PRODUCER, Role.SUPPORT, Role.ANALYST):
        member = sign_in(make_staff(studio, role))
        assert [member.get(page).status_code for page in pages] == [403] * 4
    stranger = sign_in(make_staff(make_organization()))
    assert [stranger.post(page).status_code for page in pages[1:]] == [404] * 3


def test_a_test_goes_at_once_and_says_what_came_of_it(studio: Organization, owner: Client, chat: Chat) -> None:
    channel = make_channel(studio, "discord", address=chat.url, enabled=False)
    page = url(CHANNEL, "test", channel.pk)
    text(owner, page)
    assert chat.bodies == []
    assert "It arrived" in owner.post(page).content.decode()
    assert chat.bodies[0]["allowed_mentions"] == {"parse": []}
    chat.status = 404
    assert "The webhook does not exist any more." in owner.post(page).content.decode()
    seen = text(owner, url(CHANNEL, "change", channel.pk))
    assert "Make a new webhook" in seen and "A test" in seen
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == [
        "sent a test message: arrived",
        "sent a test message: status:404",
    ]


def test_a_test_that_arrives_has_what_waited_go_at_once(studio: Organization, owner: Client, chat: Chat) -> None:
    later = timezone.now() + timedelta(hours=2)
    channel = make_channel(studio, address=chat.url, not_before=later, problem="status:500")
    wrong(studio, "a")
    AlertMessage.objects.update(due_at=later, problem="status:500", attempts=5)
    owner.post(url(CHANNEL, "test", channel.pk))
    channel.refresh_from_db()
    assert channel.not_before is None and channel.problem == ""
    assert AlertMessage.objects.filter(about="opened", due_at__lte=timezone.now()).exists()


def test_a_channel_is_muted_and_unmuted(studio: Organization, owner: Client) -> None:
    channel = make_channel(studio, sent_at=timezone.now())
    owner.post(url(CHANNEL, "mute", channel.pk), {"for": "day"})
    assert "muted" in text(owner, url(CHANNEL, "changelist"))
    channel.refresh_from_db()
    assert channel.muted_until is not None
    owner.post(url(CHANNEL, "mute", channel.pk), {"for": ""})
    channel.refresh_from_db()
    assert channel.muted_until is None


def test_a_new_address_has_what_was_given_up_told_anew(studio: Organization, owner: Client) -> None:
    channel = make_channel(studio, problem="status:404", failed_at=timezone.now())
    wrong(studio, "a")
    AlertMessage.objects.update(due_at=None, problem="status:404")
    page = url(CHANNEL, "change", channel.pk)
    owner.post(page, form_of(owner, page, "alertchannel_form") | {"webhook": "https://chat.example.org/new"})
    channel.refresh_from_db()
    assert channel.problem == "" and channel.failed_at is None
    wrong(studio, "a", minutes=1)
    assert AlertMessage.objects.get().due_at is not None


def test_a_channel_can_be_deleted_with_what_it_was_told(studio: Organization, owner: Client) -> None:
    channel = make_channel(studio)
    wrong(studio, "a")
    assert owner.post(url(CHANNEL, "delete", channel.pk), {"post": "yes"}).status_code == 302
    assert not AlertChannel.objects.exists() and Alert.objects.count() == 1
