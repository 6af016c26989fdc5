"""The pages of heartbeat sources: three kinds of ids, an address shown once, its renewal, names taken in (W1, P1, S1, S5)."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.heartbeats.sources import find_source
from campaigns.models import GameName, Heartbeat, HeartbeatSource, HeartbeatTally
from portal.models import AuditEntry, PlatformCredential
from portal.roles import Role
from tests.admin_pages import errors_of, form_of, rows, sign_in, url
from tests.factories import NOW, make_credential, make_game, make_viewer
from tests.fulfillment.admin.story import Studio
from tests.watching import beat, body_of, count_all, make_source

pytestmark = pytest.mark.django_db

PAGE = "campaigns.heartbeatsource"
FORM = "heartbeatsource_form"
ADDRESS = re.compile(r"http[^\s<']*/webhooks/heartbeats/([\w-]{43})")
DEEDS = {"address": Role.OWNER, "new_address": Role.OWNER, "end_address": Role.OWNER, "accept_name": None, "test": None}


@pytest.fixture
def owner(studio: Studio) -> Client:
    return sign_in(studio.members[Role.OWNER])


@pytest.fixture
def twitch(studio: Studio) -> PlatformCredential:
    return make_credential(studio.organization, "twitch")


def filled(client: Client, studio: Studio, **fields: Any) -> dict[str, Any]:
    return form_of(client, url(PAGE, "add"), FORM) | {"game": studio.game.pk, "name": "Heartbeats", **fields}


def made(client: Client, studio: Studio, **fields: Any) -> tuple[HeartbeatSource, str]:
    """Make a source through its form and return it with the page that comes next."""
    answer = client.post(url(PAGE, "add"), filled(client, studio, **fields), follow=True)
    assert answer.redirect_chain, errors_of(answer)
    return HeartbeatSource.objects.get(), answer.content.decode()


# What its ids are.


def test_w1_registered_identifiers_go_by_a_credential_and_the_platform_follows(
    owner: Client, studio: Studio, twitch: PlatformCredential
) -> None:
    source, page = made(owner, studio, identifiers="registered", credential=twitch.pk, platform="")
    assert (source.identifiers, source.credential, source.platform) == ("registered", twitch, "twitch")
    assert "VHS Configuration" in page
    assert twitch.client_id in page


def test_w1_user_ids_go_by_a_platform_and_no_credential(
    owner: Client, studio: Studio, twitch: PlatformCredential
) -> None:
    source, page = made(owner, studio, identifiers="platform", platform="kick", credential=twitch.pk)
    assert (source.platform, source.credential) == ("kick", None)
    assert "curl -i" in page


def test_w1_player_ids_are_the_studios_own_players(owner: Client, studio: Studio) -> None:
    source, page = made(owner, studio, identifiers="player", platform="kick")
    assert (source.platform, source.credential) == ("portal", None)
    assert "player ids of the game" in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"identifiers": "registered"}, "There is no credential of a platform that takes identifiers yet"),
        ({"identifiers": "platform"}, "Choose the platform whose user ids they are"),
        ({"identifiers": "platform", "platform": "portal"}, "not one of the available choices"),
        ({"identifiers": "player", "name": ""}, "This field is required"),
        ({"identifiers": ""}, "This field is required"),
    ],
)
def test_w1_what_is_missing_for_a_kind_is_said(
    owner: Client, studio: Studio, fields: dict[str, str], said: str
) -> None:
    answer = owner.post(url(PAGE, "add"), filled(owner, studio, **fields))
    assert any(said in error for error in errors_of(answer)), errors_of(answer)
    assert not HeartbeatSource.objects.exists()


def test_w1_only_credentials_of_platforms_that_take_identifiers_are_offered(
    owner: Client, studio: Studio, twitch: PlatformCredential
) -> None:
    kick = make_credential(studio.organization, "kick")
    answer = owner.post(url(PAGE, "add"), filled(owner, studio, identifiers="registered", credential=kick.pk))
    assert errors_of(answer)
    assert kick.pk not in owner.get(url(PAGE, "add")).content.decode()
    answer = owner.post(url(PAGE, "add"), filled(owner, studio, identifiers="registered", credential=""))
    assert any("Choose the credential" in error for error in errors_of(answer))


def test_i4_another_organizations_credential_cannot_be_chosen(owner: Client, studio: Studio) -> None:
    theirs = make_credential(Studio().organization, "twitch")
    answer = owner.post(url(PAGE, "add"), filled(owner, studio, identifiers="registered", credential=theirs.pk))
    assert errors_of(answer)
    assert not HeartbeatSource.objects.exists()


def test_a_name_is_taken_once_for_a_game(owner: Client, studio: Studio) -> None:
    make_source(studio.game, name="Heartbeats")
    answer = owner.post(url(PAGE, "add"), filled(owner, studio, identifiers="player"))
    assert errors_of(answer)
    assert HeartbeatSource.objects.count() == 1


def test_what_a_source_is_stays_as_it_was_once_it_exists(owner: Client, studio: Studio) -> None:
    source = make_source(studio.game, platform="kick")
    page = url(PAGE, "change", source.pk)
    values = form_of(owner, page, FORM)
    assert set(values) & {"identifiers", "platform", "credential", "game"} == set()
    owner.post(page, values | {"name": "Renamed", "identifiers": "player", "platform": "twitch", "enabled": ""})
    source.refresh_from_db()
    assert (source.name, source.identifiers, source.platform, source.enabled) == ("Renamed", "platform", "kick", False)


# The address.


def test_p1_a_new_source_has_an_address_that_works_is_shown_once_and_kept_nowhere(
    owner: Client, studio: Studio
) -> None:
    source, page = made(owner, studio, identifiers="player")
    (token,) = set(ADDRESS.findall(page))
    assert find_source(token, now=NOW) == source
    again = owner.get(url(PAGE, "address", source.pk))
    assert "There is no address to show" in again.content.decode()
    assert "no-store" in again.headers["Cache-Control"]
    assert token not in owner.get(url(PAGE, "change", source.pk)).content.decode()
    assert token not in json.dumps([owner.session.get(key) for key in owner.session.keys()])  # noqa: SIM118
    assert token not in json.dumps(list(AuditEntry.objects.values("action", "before", "after")))
    assert not any(token in str(value) for value in HeartbeatSource.objects.values().get().values())


def test_p1_an_address_on_its_way_to_its_page_is_not_in_clear_text_in_the_session(
    owner: Client, studio: Studio
) -> None:
    owner.post(url(PAGE, "add"), filled(owner, studio, identifiers="player"))
    source = HeartbeatSource.objects.get()
    kept = json.dumps(dict(owner.session.items()))
    assert f"heartbeat_address_{source.pk}" in kept
    assert "webhooks/heartbeats" not in kept
    assert "Its new address has not been shown yet" in owner.get(url(PAGE, "change", source.pk)).content.decode()
    assert ADDRESS.search(owner.get(url(PAGE, "address", source.pk)).content.decode())


def test_p1_an_address_that_nobody_looked_at_is_gone_after_a_while(
    owner: Client, studio: Studio, time_machine: Any
) -> None:
    time_machine.move_to(NOW, tick=False)
    owner.post(url(PAGE, "add"), filled(owner, studio, identifiers="player"))
    time_machine.move_to(NOW + timedelta(minutes=16), tick=False)
    page = owner.get(url(PAGE, "address", HeartbeatSource.objects.get().pk)).content.decode()
    assert "There is no address to show" in page


def test_p1_nobody_else_is_shown_the_address(owner: Client, studio: Studio) -> None:
    owner.post(url(PAGE, "add"), filled(owner, studio, identifiers="player"))
    from tests.factories import make_staff

    other = sign_in(make_staff(studio.organization))
    page = other.get(url(PAGE, "address", HeartbeatSource.objects.get().pk)).content.decode()
    assert not ADDRESS.search(page)


@pytest.mark.parametrize(("overlap", "lasts"), [(0, 0), (3600, 1), (86_400, 24), (604_800, 168)])
def test_p1_the_old_address_works_for_as_long_as_was_chosen(
    owner: Client, studio: Studio, time_machine: Any, overlap: int, lasts: int
) -> None:
    time_machine.move_to(NOW, tick=False)
    source = make_source(studio.game, token="the-old-one")
    asked = form_values(owner.get(url(PAGE, "new_address", source.pk)).content.decode())
    answer = owner.post(url(PAGE, "new_address", source.pk), asked | {"overlap": overlap}, follow=True)
    (token,) = set(ADDRESS.findall(answer.content.decode()))
    assert find_source(token, now=NOW) == source
    end = NOW + timedelta(hours=lasts)
    if lasts:
        assert find_source("the-old-one", now=end - timedelta(seconds=1)) == source
    assert find_source("the-old-one", now=end) is None
    entry = AuditEntry.objects.get(action="new heartbeat address")
    assert entry.actor == studio.members[Role.OWNER]


def form_values(page: str) -> dict[str, Any]:
    return dict(re.findall(r'<input type="hidden" name="(seen)" value="(\w+)"', page))


def test_p1_pressing_twice_makes_one_address_and_never_ends_the_senders(owner: Client, studio: Studio) -> None:
    source = make_source(studio.game, token="the-old-one")
    asked = form_values(owner.get(url(PAGE, "new_address", source.pk)).content.decode()) | {"overlap": 3600}
    for _ in range(2):
        owner.post(url(PAGE, "new_address", source.pk), asked)
    assert AuditEntry.objects.filter(action="new heartbeat address").count() == 1
    source.refresh_from_db()
    (token,) = set(ADDRESS.findall(owner.get(url(PAGE, "address", source.pk)).content.decode()))
    assert find_source(token, now=NOW) is not None
    assert find_source("the-old-one", now=NOW) == source


def test_p1_a_second_renewal_while_the_old_one_is_valid_is_warned_of(
    owner: Client, studio: Studio, time_machine: Any
) -> None:
    time_machine.move_to(NOW, tick=False)
    source = make_source(studio.game, previous_token_hash="x", previous_until=NOW + timedelta(hours=3))
    page = owner.get(url(PAGE, "new_address", source.pk)).content.decode()
    assert "is valid until 2026-11-20 15:00 UTC" in page
    assert "ends it at once" in page


@pytest.mark.parametrize("wrong", [{"overlap": 5}, {"overlap": ""}, {"overlap": 3600, "seen": ""}])
def test_p1_a_renewal_that_was_not_asked_for_properly_changes_nothing(
    owner: Client, studio: Studio, wrong: dict[str, Any]
) -> None:
    source = make_source(studio.game)
    asked = form_values(owner.get(url(PAGE, "new_address", source.pk)).content.decode())
    assert owner.post(url(PAGE, "new_address", source.pk), asked | wrong).status_code == 200
    assert HeartbeatSource.objects.get().url_token_hash == source.url_token_hash


def test_p1_the_old_address_can_be_ended_at_once(owner: Client, studio: Studio) -> None:
    source = make_source(studio.game, token="old")
    asked = form_values(owner.get(url(PAGE, "new_address", source.pk)).content.decode()) | {"overlap": 604_800}
    owner.post(url(PAGE, "new_address", source.pk), asked)
    assert "End the old address" in owner.get(url(PAGE, "change", source.pk)).content.decode()
    assert owner.get(url(PAGE, "end_address", source.pk)).status_code == 200
    assert find_source("old", now=NOW) == source
    owner.post(url(PAGE, "end_address", source.pk))
    assert find_source("old", now=NOW) is None
    assert AuditEntry.objects.filter(action="ended previous heartbeat address").count() == 1
    told = owner.get(url(PAGE, "end_address", source.pk), follow=True).content.decode()
    assert "there is no old one to end" in told


def test_p4_switching_off_is_heard_by_the_next_call(owner: Client, studio: Studio) -> None:
    source, page = made(owner, studio, identifiers="player")
    (token,) = set(ADDRESS.findall(page))
    body = json.dumps(body_of(source, viewers=["1"], minute=NOW))
    call = f"/webhooks/heartbeats/{token}"
    assert Client().post(call, body, content_type="application/json").status_code == 204
    change = url(PAGE, "change", source.pk)
    owner.post(change, form_of(owner, change, FORM) | {"enabled": ""})
    assert Client().post(call, body, content_type="application/json").status_code == 503
    assert "answered with 503" in owner.get(change).content.decode()


# Roles.


@pytest.mark.parametrize("role", list(Role))
def test_s1_addresses_are_the_owners_names_and_tests_the_producers_too(studio: Studio, role: Role) -> None:
    source = make_source(studio.game)
    client = sign_in(studio.members[role])
    page = client.get(url(PAGE, "change", source.pk))
    assert page.status_code == 200
    edits = role in (Role.OWNER, Role.PRODUCER)
    for deed, only in DEEDS.items():
        allowed = role is only if only else edits
        answer = client.get(url(PAGE, deed, source.pk))
        assert (answer.status_code == 403) != allowed, deed
        assert (url(PAGE, deed, source.pk) in page.content.decode()) == (
            allowed and deed not in ("address", "end_address")
        )
        if not allowed:
            assert client.post(url(PAGE, deed, source.pk), {"name": "X"}).status_code == 403
    assert not GameName.objects.exists()


def test_f8_a_source_that_received_something_is_kept(owner: Client, studio: Studio) -> None:
    source = make_source(studio.game)
    beat(source, viewers=[], minute=NOW)
    page = owner.get(url(PAGE, "delete", source.pk), follow=True).content.decode()
    assert "is kept: it is used by 1 heartbeat" in page
    unused = make_source(studio.game)
    owner.post(url(PAGE, "delete", unused.pk), {"post": "yes"})
    assert list(HeartbeatSource.objects.all()) == [source]


# Names.


def test_w1_a_name_that_arrived_is_shown_and_taken_in_and_what_was_kept_counts(
    studio: Studio, time_machine: Any
) -> None:
    time_machine.move_to(NOW + timedelta(minutes=5), tick=False)
    source = make_source(studio.game)
    for minute in range(3):
        beat(source, viewers=["1"], minute=NOW + timedelta(minutes=minute), game="Starfall 2: Beyond & back")
    beat(source, viewers=["1"], minute=NOW, game="starfall 2: BEYOND & back ")
    count_all(now=NOW + timedelta(minutes=5))
    producer = sign_in(studio.members[Role.PRODUCER])
    page = producer.get(url(PAGE, "change", source.pk)).content.decode()
    assert "Starfall 2: Beyond &amp; back" in page
    assert "3 heartbeats, the last" in page
    (link,) = re.findall(r'href="([^"]*accept-name/\?name=Starfall[^"]*)"', page)
    asked = producer.get(link)
    assert "4 heartbeats with this name are kept and count at once" in asked.content.decode()
    assert not GameName.objects.exists(), "asking accepts nothing"
    told = producer.post(link.split("?")[0], {"name": "Starfall 2: Beyond & back"}, follow=True).content.decode()
    assert "4 heartbeats that were kept under it are counted now" in told
    assert GameName.objects.get().name == "Starfall 2: Beyond & back"
    assert AuditEntry.objects.get(action="accepted game name").actor == studio.members[Role.PRODUCER]
    count_all(now=NOW + timedelta(minutes=5))
    assert not Heartbeat.objects.filter(outcome=Heartbeat.Outcome.NO_GAME).exists()
    assert "other names" not in producer.get(url(PAGE, "change", source.pk)).content.decode()


def test_w1_a_name_that_is_known_is_taken_in_once(owner: Client, studio: Studio) -> None:
    source = make_source(studio.game)
    page = url(PAGE, "accept_name", source.pk)
    assert "one of its names already" in owner.get(page, {"name": studio.game.name.upper()}).content.decode()
    for name in (studio.game.name, "Other", " other "):
        assert owner.post(page, {"name": name}).status_code == 302
    assert list(GameName.objects.values_list("name", flat=True)) == ["Other"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_w1_no_name_is_no_name(owner: Client, studio: Studio, name: str) -> None:
    source = make_source(studio.game)
    assert owner.post(url(PAGE, "accept_name", source.pk), {"name": name}).status_code == 200
    assert not GameName.objects.exists()


def test_w1_a_name_entered_at_the_game_counts_what_was_kept_too(owner: Client, studio: Studio) -> None:
    source = make_source(studio.game)
    beat(source, viewers=["1"], minute=NOW, game="Alias")
    count_all()
    assert Heartbeat.objects.get().outcome == Heartbeat.Outcome.NO_GAME
    page = url("campaigns.game", "change", studio.game.pk)
    answer = owner.post(page, rows("names", form_of(owner, page, "game_form"), {"name": "alias"}))
    assert answer.status_code == 302, errors_of(answer)
    count_all()
    assert Heartbeat.objects.get().outcome != Heartbeat.Outcome.NO_GAME


# How it is doing.


def test_a_source_says_how_it_is_doing(owner: Client, studio: Studio, time_machine: Any) -> None:
    source = make_source(
        studio.game, last_refused_at=NOW - timedelta(minutes=2), last_refusal="time is <b>not</b> RFC 3339"
    )
    time_machine.move_to(NOW, tick=False)
    page = owner.get(url(PAGE, "change", source.pk)).content.decode()
    assert "No heartbeat has arrived yet" in page
    for second in range(0, 300, 10):
        beat(source, viewers=["1"], minute=NOW - timedelta(seconds=second), broadcaster=str(second))
    beat(source, viewers=["1"], minute=NOW - timedelta(minutes=6), broadcaster="old")
    Heartbeat.objects.filter(broadcaster="old").update(received_at=NOW - timedelta(minutes=6))
    for outcome, count in (("accepted", 1234), ("repeated", 5), ("conflicting", 2), ("refused", 7), ("disabled", 3)):
        HeartbeatTally.objects.create(source=source, hour=NOW, outcome=outcome, count=count)
    HeartbeatTally.objects.create(source=source, hour=NOW - timedelta(hours=13), outcome="accepted", count=999)
    page = owner.get(url(PAGE, "change", source.pk)).content.decode()
    assert "6 a minute" in page
    assert "time is &lt;b&gt;not&lt;/b&gt; RFC 3339" in page
    shown = ("1,234 accepted", "5 sent again", "2 sent again with other contents", "7 refused", "3 while switched off")
    assert [text for text in shown if text not in page] == []
    assert "2,233" not in page, "yesterday's calls are not today's"
    time_machine.move_to(NOW + timedelta(hours=2), tick=False)
    page = owner.get(url(PAGE, "change", source.pk)).content.decode()
    assert "The last heartbeat came 2\xa0hours ago" in page
    assert "0 a minute" in page


def test_w1_broadcasters_that_nobody_linked_are_shown_with_what_it_means(
    studio: Studio, twitch: PlatformCredential
) -> None:
    source = make_source(studio.game, "registered", "twitch", credential=twitch)
    known = make_viewer(studio.organization, "twitch", name="oldbear")
    for minute, broadcaster in enumerate([known.pk, known.pk, "0123456789ABCDEFGHJKMNPQRS"]):
        beat(source, viewers=["1"], minute=NOW + timedelta(minutes=minute), broadcaster=broadcaster)
    count_all()
    seen = sign_in(studio.members[Role.PRODUCER]).get(url(PAGE, "change", source.pk)).content.decode()
    assert "oldbear" in seen
    assert "not linked now" in seen
    assert "0123456789ABCDEFGHJKMNPQRS" in seen
    assert "never gave out this identifier" in seen
    masked = sign_in(studio.members[Role.ANALYST]).get(url(PAGE, "change", source.pk)).content.decode()
    assert "oldbear" not in masked
    assert "0123456789ABCDEFGHJKMNPQRS" not in masked
    assert "01••••••" in masked


def test_a_busy_sources_page_costs_as_many_queries_as_a_quiet_ones(owner: Client, studio: Studio) -> None:
    source = make_source(studio.game)

    def hear(start: int, count: int) -> None:
        for n in range(start, start + count):
            beat(source, viewers=["1"], minute=NOW + timedelta(minutes=n), broadcaster=str(n), game=f"Name {n}")
        count_all()

    hear(0, 1)
    page = url(PAGE, "change", source.pk)
    owner.get(page)
    with CaptureQueriesContext(connection) as one:
        owner.get(page)
    hear(1, 30)
    with CaptureQueriesContext(connection) as many:
        assert "Name 15" in owner.get(page).content.decode()
    assert len(one) == len(many)


def test_s5_making_a_source_is_in_its_history_without_digests(owner: Client, studio: Studio) -> None:
    source, _page = made(owner, studio, identifiers="player")
    entry = AuditEntry.objects.get(object_type="campaigns.heartbeatsource", action="added")
    assert entry.after["name"] == "Heartbeats"
    assert source.url_token_hash not in json.dumps(entry.after)
    assert "added" in owner.get(url(PAGE, "history", source.pk)).content.decode()


def test_the_example_call_survives_any_name_of_a_game(owner: Client, studio: Studio) -> None:
    source = make_source(make_game(studio.organization, name='Ca$h & "Carry" `x` \\'))
    page = owner.get(url(PAGE, "change", source.pk)).content.decode()
    import html
    import subprocess

    example = html.unescape(page.split("&lt;&lt;END")[1].split("\nEND")[0])
    shown = subprocess.run(["sh", "-c", f"cat <<END{example}\nEND"], capture_output=True, text=True, check=True).stdout
    assert json.loads(shown)["game"] == source.game.name
