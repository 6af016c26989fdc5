"""Two people, or two processes, at the same list at the same moment, on connections of their own (C7)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import astuple

import pytest
from django.db import connection

from campaigns.channel_lists.applying import NotApplied, state_of_list
from campaigns.channel_lists.importing import read_list
from campaigns.channel_lists.resolving import work_off
from campaigns.models import Campaign, ChannelImport
from campaigns.rules.channel_outcomes import Deed
from portal.models import User
from tests.campaigns.channel_lists.lists import apply, begin, listed, resolved
from tests.doubles.platform_server import TwitchApi
from tests.factories import NOW

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
PATIENCE = 20.0


def at_once(*deeds: Callable[[], object]) -> list[object]:
    """Do these at the same time, each on a connection of its own; return what came of each, an exception included."""
    start, found = threading.Barrier(len(deeds)), []

    def run(deed: Callable[[], object]) -> None:
        try:
            start.wait(PATIENCE)
            found.append(deed())
        except NotApplied as refused:
            found.append(refused)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return found


def test_c7_of_two_lists_that_are_applied_at_once_the_second_is_shown_the_difference_again(
    campaign: Campaign, owner: User, twitch: TwitchApi
) -> None:
    twitch.users = {"1": "nova", "2": "star"}
    lists = [resolved(campaign, name, deed=Deed.REPLACE) for name in ("nova", "star")]
    seen = state_of_list(campaign)
    found = at_once(*(lambda one=one: apply(one, owner, seen=seen) for one in lists))  # type: ignore[misc]
    assert sum(isinstance(one, NotApplied) for one in found) == 1
    assert len(listed(campaign)) == 1
    assert campaign.channel_versions.count() == 1


def test_c7_a_list_that_two_processes_take_up_is_looked_up_once(campaign: Campaign, twitch: TwitchApi) -> None:
    twitch.users = {str(n): f"user{n}" for n in range(1, 201)}
    one = begin(campaign, "\n".join(twitch.users))  # looked up at once: in tests a task is run where it is made
    lines = [astuple(line) for line in read_list("\n".join(twitch.users), platform="twitch")]
    ChannelImport.objects.filter(pk=one.pk).update(state="resolving", position=0, due_at=NOW, outcome=[], lines=lines)
    twitch.calls.clear()
    at_once(*[lambda: work_off(one.pk, clock=lambda: NOW)] * 3)
    done = ChannelImport.objects.get(pk=one.pk)
    assert (done.state, done.position, done.found_count) == ("ready", 200, 200)
    assert sum(path == "/helix/users" for _method, path, _asked in twitch.calls) == 4
