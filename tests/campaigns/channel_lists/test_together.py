"""Two people, or two processes, at the same list at the same moment, on connections of their own (C7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from functools import partial

import pytest

from campaigns.channel_lists.applying import NotApplied, state_of_list
from campaigns.channel_lists.importing import read_list
from campaigns.channel_lists.resolving import work_off
from campaigns.models import Campaign, ChannelImport
from campaigns.rules.channel_outcomes import Deed
from portal.models import User
from tests.campaigns.channel_lists.lists import apply, begin, listed, resolved
from tests.doubles.platform_server import TwitchApi
from tests.factories import NOW
from tests.together import at_once

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def outcomes(*deeds: Callable[[], object]) -> list[object]:
    """Do these at the same time; return what came of each, a refusal included."""
    found: list[object] = []

    def run(deed: Callable[[], object]) -> None:
        try:
            found.append(deed())
        except NotApplied as refused:
            found.append(refused)

    assert at_once(*(partial(run, deed) for deed in deeds)) == []
    return found


def test_c7_of_two_lists_that_are_applied_at_once_the_second_is_shown_the_difference_again(
    campaign: Campaign, owner: User, twitch: TwitchApi
) -> None:
    twitch.users = {"1": "nova", "2": "star"}
    lists = [resolved(campaign, name, deed=Deed.REPLACE) for name in ("nova", "star")]
    seen = state_of_list(campaign)
    found = outcomes(*(lambda one=one: apply(one, owner, seen=seen) for one in lists))  # type: ignore[misc]
    assert sum(isinstance(one, NotApplied) for one in found) == 1
    assert len(listed(campaign)) == 1
    assert campaign.channel_versions.count() == 1


def test_c7_a_list_that_two_processes_take_up_is_looked_up_once(campaign: Campaign, twitch: TwitchApi) -> None:
    twitch.users = {str(n): f"user{n}" for n in range(1, 201)}
    one = begin(campaign, "\n".join(twitch.users))  # looked up at once: in tests a task is run where it is made
    lines = [astuple(line) for line in read_list("\n".join(twitch.users), platform="twitch")]
    ChannelImport.objects.filter(pk=one.pk).update(state="resolving", position=0, due_at=NOW, outcome=[], lines=lines)
    twitch.calls.clear()
    outcomes(*[lambda: work_off(one.pk, clock=lambda: NOW)] * 3)
    done = ChannelImport.objects.get(pk=one.pk)
    assert (done.state, done.position, done.found_count) == ("ready", 200, 200)
    assert sum(path == "/helix/users" for _method, path, _asked in twitch.calls) == 4
