"""The list of event subscriptions at platforms: how each stands, in words, with what to do, and two buttons (S1, S5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.conf import Conf

from fulfillment.models import PlatformSubscription
from fulfillment.subscribing.again import ANOTHER
from fulfillment.subscribing.words import what_is_wrong
from portal import platforms
from portal.models import AuditEntry, PlatformCredential
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import NOW, make_channel, make_credential
from tests.fulfillment.admin.story import Studio
from tests.linking.walk import text_of

pytestmark = pytest.mark.django_db

PAGE = "fulfillment.platformsubscription"
GRANT, ONLINE = "drop.entitlement.grant", "stream.online"
State = PlatformSubscription.State


@pytest.fixture
def studio(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Studio:
    settings.BASE_URL = "https://portal.example.org"
    monkeypatch.setattr(Conf, "SYNC", False)
    studio = Studio()
    make_credential(studio.organization, "twitch", client_id="app-1", platform_organization_id="9001")
    return studio


def subscribe(studio: Studio, type: str = ONLINE, subject: str = "55", **fields: Any) -> PlatformSubscription:
    credential = studio.organization.credentials.get(platform="twitch")
    values = {"state": State.ENABLED, "enabled_at": NOW, "due_at": NOW, **fields}
    return PlatformSubscription.objects.create(credential=credential, type=type, subject=subject, **values)


def listed(client: Client, **query: Any) -> list[str]:
    answer = client.get(url(PAGE, "changelist"), query)
    assert answer.status_code == 200
    return [row.subject for row in answer.context["cl"].result_list]


def test_events_and_what_they_are_about_are_said_in_words(owner: Client, studio: Studio) -> None:
    subscribe(studio, GRANT, "9001")
    subscribe(studio, "user.authorization.revoke", "app-1")
    make_channel(studio.organization, "twitch", platform_channel_id="55", name="Comet Live")
    row = subscribe(studio)
    page = text_of(owner.get(url(PAGE, "changelist")))
    for words in ("a viewer gets a reward", "your organization", "your app", "Comet Live", "at work"):
        assert words in page
    assert "Comet Live" in text_of(owner.get(url(PAGE, "change", row.pk)))
    assert "Event subscriptions at platforms" in page


def test_what_is_not_at_work_comes_first_and_is_found_by_state_and_platform(owner: Client, studio: Studio) -> None:
    for number, state in enumerate(State, start=1):
        subscribe(studio, subject=str(number), state=state)
    subscribe(studio, subject="9", wanted=False)
    stranger = Studio()
    make_credential(stranger.organization, "twitch")
    subscribe(stranger, subject="77")
    assert listed(owner) == ["1", "2", "4", "5", "3", "9"]
    assert listed(owner, standing="not_at_work") == ["1", "2", "4", "5"]
    assert listed(owner, standing="refused") == ["5"]
    assert listed(owner, standing="leaving") == ["9"]
    assert listed(owner, on_platform="kick") == []
    assert listed(owner, q="4") == ["4"]
    assert len(listed(owner, standing="nonsense")) == 6


CASES = [
    ({"state": State.ENABLED}, "", ""),
    ({"state": State.PENDING}, "is checking the portal", "takes seconds"),
    ({"state": State.ENABLED, "problem": "status:503"}, "status 503", "tried again by itself"),
    (
        {"state": State.ENDED, "detail": "notification_failures_exceeded"},
        "The platform has ended it. Too many messages could not be delivered",
        "makes it anew by itself",
    ),
    ({"state": State.ENDED, "detail": "a_new_word"}, "The platform has ended it. a_new_word", "makes it anew"),
    ({"state": State.ENDED}, "The platform has ended it.", "makes it anew"),
    ({"state": State.REFUSED, "problem": "no_secret"}, "has no webhook secret", "New webhook secret"),
    ({"state": State.REFUSED, "problem": "status:403"}, "does not let this app be told", "Look now"),
    ({"state": State.REFUSED, "problem": "status:400"}, "does not take what it was asked for", "Look now"),
    ({"state": State.MISSING, "problem": "taken"}, "another program made it", "app of its own"),
    ({"state": State.REFUSED, "problem": "full"}, "as many event subscriptions", "higher limit"),
    ({"state": State.MISSING, "problem": "slow"}, "took too long", "tried again by itself"),
    ({"state": State.MISSING, "problem": "status:401"}, "refuses the app", "Check"),
]


@pytest.mark.parametrize(("fields", "happened", "advice"), CASES)
def test_what_is_wrong_is_said_with_what_to_do(
    fields: dict[str, Any], happened: str, advice: str, owner: Client, studio: Studio
) -> None:
    row = subscribe(studio, **fields)
    told = what_is_wrong(row)
    assert bool(told[0]) == bool(happened)
    for address in (url(PAGE, "changelist"), url(PAGE, "change", row.pk)):
        page = text_of(owner.get(address))
        assert happened in page and advice in page


def test_in_development_the_refused_address_is_explained(owner: Client, studio: Studio, settings: Any) -> None:
    settings.BASE_URL = "http://localhost:8000"
    subscribe(studio, state=State.REFUSED, problem="status:400")
    page = text_of(owner.get(url(PAGE, "changelist")))
    assert "does not begin with https://" in page and "PORTAL_BASE_URL" in page and "sandbox" in page


@pytest.mark.parametrize(("deed", "action"), [("look", "looked at"), ("anew", "made anew")])
def test_s5_owners_have_one_looked_at_or_made_anew(deed: str, action: str, owner: Client, studio: Studio) -> None:
    later = timezone.now() + timedelta(hours=5)
    row = subscribe(studio, due_at=later, attempts=3)
    assert "Make anew" in text_of(owner.get(url(PAGE, "change", row.pk)))
    address = url(PAGE, deed, row.pk)
    assert owner.get(address).status_code == 200
    assert PlatformSubscription.objects.get().due_at == later
    assert "Reload the page" in text_of(owner.post(address, follow=True))
    row.refresh_from_db()
    assert row.due_at is not None and row.due_at < later
    assert (row.callback_digest, row.attempts) == ((ANOTHER, 0) if deed == "anew" else ("", 3))
    entry = AuditEntry.objects.get(object_id=str(row.pk))
    assert action in entry.action and entry.actor == studio.members[Role.OWNER]


def test_s1_others_may_look_and_not_act_and_strangers_find_nothing(studio: Studio) -> None:
    row = subscribe(studio)
    for role in (Role.PRODUCER, Role.SUPPORT, Role.ANALYST):
        client = sign_in(studio.members[role])
        assert "Make anew" not in text_of(client.get(url(PAGE, "change", row.pk)))
        for deed in ("look", "anew"):
            assert client.post(url(PAGE, deed, row.pk)).status_code == 403
    stranger = sign_in(Studio().members[Role.OWNER])
    for page in ("change", "look", "anew"):
        assert stranger.get(url(PAGE, page, row.pk)).status_code == 404
        assert stranger.get(url(PAGE, page, "9" * 30)).status_code == 404
    assert not AuditEntry.objects.exists()


def test_nothing_is_done_about_what_is_not_wanted_or_switched_off(owner: Client, studio: Studio) -> None:
    row = subscribe(studio, wanted=False)
    assert "Make anew" not in text_of(owner.get(url(PAGE, "change", row.pk)))
    assert "not wanted any more" in text_of(owner.post(url(PAGE, "anew", row.pk), follow=True))
    PlatformSubscription.objects.update(wanted=True)
    PlatformCredential.objects.update(enabled=False)
    assert "switched off" in text_of(owner.post(url(PAGE, "look", row.pk), follow=True))
    assert not AuditEntry.objects.exists()


def test_an_empty_list_says_why_it_is_empty(owner: Client, studio: Studio) -> None:
    page = text_of(owner.get(url(PAGE, "changelist")))
    assert "Nothing was asked for yet" in page
    PlatformCredential.objects.filter(platform="twitch").update(platform_organization_id="")
    page = text_of(owner.get(url(PAGE, "changelist")))
    assert "Twitch cannot tell of claims" in page and "Enter it" in page
    PlatformCredential.objects.update(enabled=False)
    assert "Twitch is switched off" in text_of(owner.get(url(PAGE, "changelist")))
    bare = sign_in(Studio().members[Role.ANALYST])
    page = text_of(bare.get(url(PAGE, "changelist")))
    assert "no platform credential yet" in page and "Owners add one" in page


def test_no_secret_is_read_for_it(owner: Client, studio: Studio, settings: Any) -> None:
    row = subscribe(studio)
    settings.PORTAL_ENCRYPTION_KEYS = ["a key that reads nothing of what is stored here"]
    for page in (url(PAGE, "changelist"), url(PAGE, "change", row.pk), url(PAGE, "look", row.pk)):
        assert owner.get(page).status_code == 200


def test_twenty_cost_as_many_queries_as_one(owner: Client, studio: Studio) -> None:
    counts = []
    for number in (1, 20):
        for one in range(number):
            make_channel(studio.organization, "twitch", platform_channel_id=f"{number}{one:03}")
            subscribe(studio, subject=f"{number}{one:03}")
        owner.get(url(PAGE, "changelist"))
        with CaptureQueriesContext(connection) as captured:
            assert owner.get(url(PAGE, "changelist")).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_every_platform_has_words_for_every_event_that_it_is_asked_for() -> None:
    for platform in platforms.registry.values():
        api = platform.subscriptions
        if api is not None:
            topics = api.topics(organization_id="1", client_id="2", channel_ids=["3"])
            assert {topic.type for topic in topics} <= api.words.keys()
