"""What is said of a list and its lines are sentences, whatever the platform is called (C7)."""

from __future__ import annotations

from campaigns.admin.channel_list.words import said_of, why_not_asked
from campaigns.models import ChannelImport
from campaigns.rules.channel_outcomes import Outcome, Result


def test_c7_a_sentence_that_begins_with_the_platform_begins_with_a_capital() -> None:
    told = why_not_asked(ChannelImport(platform="portal", not_asked="no_directory"))
    assert told.startswith("The studio's own player offers no way to look channels up. ")
    line = Outcome(number=1, written="stage-1", result=Result.FOUND, platform="portal", code="gone")
    assert said_of(line).startswith("The studio's own player does not find it any more")
