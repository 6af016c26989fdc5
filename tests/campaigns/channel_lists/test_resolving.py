"""Looking a list up at its platform: in batches, through pauses, outages and deaths of the process (C7, O4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.channel_lists import resolving
from campaigns.channel_lists.importing import ListRefused, ask_no_more, drop_import, read_list
from campaigns.channel_lists.resolving import take_up_due, work_off
from campaigns.models import Campaign, ChannelImport, ChannelImportPart
from campaigns.rules.channel_outcomes import Deed
from portal.models import PlatformCredential
from tests import factories as make
from tests.campaigns.channel_lists.lists import begin, resolved, told
from tests.doubles.platform_server import KickApi, TwitchApi
from tests.factories import NOW, make_channel, spoil_secrets

pytestmark = pytest.mark.django_db

State = ChannelImport.State


def fresh(one: ChannelImport) -> ChannelImport:
    return ChannelImport.objects.get(pk=one.pk)


def test_c7_logins_ids_and_addresses_are_looked_up_at_twitch(campaign: Campaign, twitch: TwitchApi) -> None:
    twitch.users = {"1": "Nova", "2": "Star"}
    one = resolved(campaign, "nova\n2\nhttps://twitch.tv/nova\nnobody\nkick.com/star")
    assert told(one) == [
        (1, "found", "1", ""),
        (2, "found", "2", ""),
        (3, "duplicate", "1", ""),
        (4, "unknown", "", "not_there"),
        (5, "unknown", "", "other_platform"),
    ]
    assert (one.state, one.found_count, one.duplicate_count, one.unknown_count) == (State.READY, 2, 1, 2)
    assert (one.asks, one.not_asked, one.lines) == (True, "", [])
    assert not ChannelImportPart.objects.exists()


def test_c7_kick_is_asked_for_ids_and_for_slugs(campaign: Campaign, kick: KickApi) -> None:
    kick.users = {"1": "Nova", "2": "Star"}
    one = resolved(campaign, "NOVA\n2\nhttps://kick.com/star", platform="kick")
    assert told(one) == [(1, "found", "1", ""), (2, "found", "2", ""), (3, "duplicate", "2", "")]


def test_c7_each_batch_is_one_call_and_moves_the_checkpoint(campaign: Campaign, twitch: TwitchApi) -> None:
    twitch.users = {str(n): f"user{n}" for n in range(1, 121)}
    one = begin(campaign, "\n".join(twitch.users))
    assert not work_off(one.pk, clock=lambda: NOW, seconds=-1)  # the task that follows goes on: in tests, at once
    assert [len(asked) for _method, path, asked in twitch.calls if path == "/helix/users"] == [50, 50, 20]
    assert (fresh(one).position, fresh(one).found_count) == (120, 120)


def test_c7_a_list_of_a_process_that_died_is_taken_up_where_it_was(campaign: Campaign, twitch: TwitchApi) -> None:
    twitch.users = {str(n): f"user{n}" for n in range(1, 101)}
    one = begin(campaign, "\n".join(twitch.users))
    ChannelImport.objects.filter(pk=one.pk).update(position=50, due_at=NOW + resolving.LEASE)
    ChannelImportPart.objects.create(
        channel_import=one, position=0, found=[[str(n), f"user{n}", ""] for n in range(1, 51)]
    )
    assert work_off(one.pk, clock=lambda: NOW)
    assert take_up_due(now=NOW) == 0
    assert fresh(one).state == State.RESOLVING
    later = NOW + resolving.LEASE
    assert take_up_due(now=later) == 1
    assert work_off(one.pk, clock=lambda: later)
    assert (fresh(one).state, fresh(one).found_count) == (State.READY, 100)
    assert sum(path == "/helix/users" for _method, path, _asked in twitch.calls) == 1


@pytest.mark.parametrize(("status", "headers"), [(429, {"Retry_After": "40"}), (503, {"Retry_After": "40"})])
def test_c7_a_platform_that_asks_for_a_pause_is_waited_for(
    campaign: Campaign, twitch: TwitchApi, status: int, headers: dict[str, str]
) -> None:
    twitch.users = {"1": "nova"}
    assert told(resolved(campaign, "nova"))  # the token is there
    twitch.fail(status, **headers)
    one = begin(campaign, "nova")
    assert work_off(one.pk, clock=lambda: NOW)
    waiting = fresh(one)
    assert (waiting.state, waiting.problem) == (State.RESOLVING, f"status:{status}")
    assert waiting.due_at == NOW + timedelta(seconds=40)
    later = NOW + timedelta(seconds=41)
    assert take_up_due(now=later) == 1
    assert work_off(one.pk, clock=lambda: later)
    assert (fresh(one).state, fresh(one).problem, fresh(one).found_count) == (State.READY, "", 1)


def test_c7_an_outage_is_met_with_growing_waits_and_nothing_that_was_found_is_lost(
    campaign: Campaign, twitch: TwitchApi
) -> None:
    twitch.users = {str(n): f"user{n}" for n in range(1, 61)}
    one = begin(campaign, "\n".join(twitch.users))
    now, waits = NOW, []
    for _try in range(3):
        twitch.token_status = 500
        assert work_off(one.pk, clock=lambda at=now: at)
        due = fresh(one).due_at
        assert due is not None
        waits.append((due - now).total_seconds())
        now = due
    assert waits == [20, 40, 80]
    twitch.token_status = 200
    assert work_off(one.pk, clock=lambda: now)
    assert (fresh(one).state, fresh(one).found_count) == (State.READY, 60)


def test_c7_who_does_not_want_to_wait_goes_on_with_what_is_known_here(campaign: Campaign, twitch: TwitchApi) -> None:
    make_channel(campaign.organization, "twitch", platform_channel_id="5", login="nova")
    twitch.token_status = 500
    one = begin(campaign, "nova\nother")
    assert work_off(one.pk, clock=lambda: NOW)
    assert ask_no_more(import_id=one.pk, now=NOW)
    assert not ask_no_more(import_id=one.pk, now=NOW)
    assert work_off(one.pk, clock=lambda: NOW)
    assert told(fresh(one)) == [(1, "found", "5", ""), (2, "unknown", "", "not_here")]
    assert (fresh(one).asks, fresh(one).not_asked) == (False, "chosen")


def test_c7_a_dropped_list_is_looked_up_no_further(campaign: Campaign, twitch: TwitchApi) -> None:
    one = begin(campaign, "nova")
    assert drop_import(import_id=one.pk, now=NOW)
    assert not drop_import(import_id=one.pk, now=NOW)
    assert work_off(one.pk, clock=lambda: NOW)
    assert (fresh(one).state, twitch.calls) == (State.DROPPED, [])


@pytest.mark.parametrize("why", ["no_credential", "disabled", "unreadable", "no_directory"])
def test_c7_where_nobody_can_be_asked_it_is_said_and_what_is_known_here_has_to_do(campaign: Campaign, why: str) -> None:
    platform = "chzzk" if why == "no_directory" else "twitch"
    known = "a" * 32 if why == "no_directory" else "5"
    make_channel(campaign.organization, platform, platform_channel_id=known, login="nova")
    if why in ("disabled", "unreadable"):
        credential = make.make_credential(campaign.organization, "twitch", enabled=why != "disabled")
        if why == "unreadable":
            spoil_secrets(credential)
    one = resolved(campaign, "nova\nother", platform=platform)
    assert told(one) == [(1, "found", known, ""), (2, "unknown", "", "not_here")]
    assert (one.state, one.asks, one.not_asked) == (State.READY, False, why)


def test_i4_only_the_organizations_own_credential_and_channels_are_used(campaign: Campaign, twitch: TwitchApi) -> None:
    PlatformCredential.objects.update(organization=make.make_organization())
    make_channel(make.make_organization(), "twitch", login="nova")
    one = resolved(campaign, "nova")
    assert (one.not_asked, told(one)) == ("no_credential", [(1, "unknown", "", "not_here")])


def test_c7_a_renamed_channel_that_is_known_here_is_asked_for_by_its_id(campaign: Campaign, twitch: TwitchApi) -> None:
    make_channel(campaign.organization, "twitch", platform_channel_id="5", login="old_nova")
    twitch.users = {"5": "Nova", "6": "777"}
    one = resolved(campaign, "old_nova\n777")
    assert told(one) == [(1, "found", "5", "renamed"), (2, "found", "6", "")]


def test_c7_the_studios_own_channels_are_taken_by_any_id(campaign: Campaign) -> None:
    one = resolved(campaign, "player one\nplayer two", platform="portal", deed=Deed.ADD)
    assert told(one) == [(1, "found", "player one", "unchecked"), (2, "found", "player two", "unchecked")]


@pytest.mark.parametrize("text", ["", "\n \n", "login\n", "\n".join(str(n) for n in range(20_001))])
def test_c7_no_channel_or_too_many_are_refused(text: str) -> None:
    with pytest.raises(ListRefused):
        read_list(text, platform="twitch")


def test_c7_twenty_thousand_lines_are_taken(campaign: Campaign) -> None:
    assert len(read_list("\n".join(str(n) for n in range(20_000)), platform="twitch")) == 20_000


def test_f8_imported_lists_go_after_their_time(campaign: Campaign, settings: Any) -> None:
    from portal.retention import kinds

    done = resolved(campaign, "5")
    running = begin(campaign, "6")
    ChannelImport.objects.update(created_at=NOW - timedelta(days=31))
    kind = kinds["channel_imports"]
    assert kind.dispose(kind.expired(NOW - timedelta(days=kind.days))) == 1
    assert list(ChannelImport.objects.values_list("pk", flat=True)) == [running.pk] != [done.pk]
