"""Erasing a viewer from heartbeats and registrations, and the copy of what is stored (F8, L9)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, models

from campaigns.channel_of import channel_of_viewer
from campaigns.models import (
    CampaignChannel,
    Channel,
    Heartbeat,
    HeartbeatSource,
    HeartbeatViewers,
    RegisteredIdentifier,
    SourceTest,
    Viewer,
)
from campaigns.registering.tokens import ViewerToken
from fulfillment.erasure import erase_viewer, preview_viewer
from fulfillment.export import export_viewer
from fulfillment.models import Claim
from linking.links import make_link
from linking.models import Player
from portal.tombstones import is_tombstone
from tests.factories import (
    NOW,
    make_campaign,
    make_channel,
    make_credential,
    make_game,
    make_organization,
    make_player,
    make_staff,
    make_viewer,
)
from tests.watching import beat, make_source

pytestmark = pytest.mark.django_db

USER = "770012345"
NAME = "Quiet Cometé"
TOKEN = ViewerToken(access_token="access-of-comet", refresh_token="refresh-of-comet", expires_at=None)
State = RegisteredIdentifier.State


class Story:
    """A viewer who streams too, with heartbeats by identifier and by user id."""

    def __init__(self) -> None:
        self.organization = make_organization()
        self.staff = make_staff(self.organization)
        self.game = make_game(self.organization)
        self.credential = make_credential(self.organization, "twitch")
        self.registered = make_source(self.game, "registered", "twitch", credential=self.credential)
        self.platform = make_source(self.game, "platform", "twitch")
        self.viewer = make_viewer(self.organization, "twitch", platform_user_id=USER, login="comet", name=NAME)
        player = make_player(self.game)
        make_link(game=self.game, viewer=self.viewer, player=player, scopes=[], token=TOKEN, now=NOW)

    def erase(self) -> Any:
        return erase_viewer(viewer=self.viewer, actor=self.staff, reason="Ticket 8841", now=NOW)


@pytest.fixture
def story() -> Story:
    return Story()


def lists() -> list[list[str]]:
    kept = HeartbeatViewers.objects.order_by("pk").values_list("ids", flat=True)
    return [json.loads(bytes(one)) for one in kept]


def test_f8_kept_viewer_lists_lose_the_viewer_by_id_and_by_identifier_and_nobody_else(story: Story) -> None:
    ulid = story.viewer.pk
    beat(story.platform, viewers=["1", USER, f"{USER}9", "2"], minute=NOW)
    beat(story.platform, viewers=["1", "2"], minute=NOW)
    beat(story.registered, viewers=[ulid, USER], minute=NOW)
    stranger = make_source(make_game(), "platform", "twitch")
    beat(stranger, viewers=[USER], minute=NOW)
    kick = make_source(story.game, "platform", "kick")
    beat(kick, viewers=[USER], minute=NOW)
    done = story.erase()
    assert lists() == [["1", f"{USER}9", "2"], ["1", "2"], [USER], [USER], [USER]]
    assert done.heartbeats == 2
    assert story.erase().heartbeats == 0


def test_f8_headers_of_heartbeats_name_an_erased_streamer_no_longer(story: Story) -> None:
    channel_of_viewer(story.viewer)
    for source, name in ((story.platform, USER), (story.registered, story.viewer.pk), (story.platform, "900")):
        beat(source, viewers=["1"], minute=NOW, broadcaster=name)
    HeartbeatViewers.objects.all().delete()
    Heartbeat.objects.update(due_at=None, outcome=Heartbeat.Outcome.COUNTED)
    SourceTest.objects.create(source=story.platform, platform_user_id=USER, started_at=NOW)
    assert story.erase().heartbeats == 2
    names = list(Heartbeat.objects.order_by("pk").values_list("broadcaster", flat=True))
    assert [is_tombstone(name) for name in names] == [True, True, False]
    assert is_tombstone(SourceTest.objects.get().platform_user_id)


def test_f8_a_heartbeat_kept_for_an_unknown_broadcaster_names_nobody_after_the_erasure(story: Story) -> None:
    beat(story.registered, viewers=["1"], minute=NOW, broadcaster=story.viewer.pk)
    Heartbeat.objects.update(due_at=None, outcome=Heartbeat.Outcome.NO_BROADCASTER)
    story.erase()
    assert is_tombstone(Heartbeat.objects.get().broadcaster)


def test_f8_a_channel_known_by_its_stream_alone_goes_and_one_that_campaigns_list_stays(story: Story) -> None:
    channel_of_viewer(story.viewer)
    assert preview_viewer(story.viewer).channels == 1
    assert story.erase().channels == 1
    channel = Channel.objects.get()
    assert (is_tombstone(channel.platform_channel_id), channel.login, channel.name) == (True, "", "")
    other = Story()
    listed = make_channel(other.organization, "twitch", platform_channel_id=USER, name="Our partner")
    CampaignChannel.objects.create(campaign=make_campaign(other.game), channel=listed, listed_at=NOW)
    assert other.erase().channels == 0
    listed.refresh_from_db()
    assert (listed.platform_channel_id, listed.name) == (USER, "Our partner")


def test_f8_the_registration_is_removed_and_counted_and_no_identifier_stays_anywhere(story: Story) -> None:
    channel_of_viewer(story.viewer)
    beat(story.platform, viewers=["1", USER], minute=NOW, broadcaster=USER)
    assert preview_viewer(story.viewer).identifiers == 1
    done = story.erase()
    assert (done.identifiers, done.links_ended) == (1, 1)
    row = RegisteredIdentifier.objects.get()
    assert row.state == State.UNWANTED and row.due_at is not None and row.due_at < NOW + timedelta(minutes=1)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            stored = "".join(str(one) for one in cursor.fetchall())
            assert not any(identifier in stored for identifier in (USER, NAME, "comet")), table


def test_f8_a_registration_without_a_link_is_removed_too(story: Story) -> None:
    loose = make_viewer(story.organization, "twitch")
    RegisteredIdentifier.objects.create(credential=story.credential, viewer=loose, state=State.LAPSED, wanted_at=NOW)
    assert erase_viewer(viewer=loose, actor=story.staff, reason="Ticket", now=NOW).identifiers == 1
    assert RegisteredIdentifier.objects.get(viewer=loose).state == State.UNWANTED


def test_the_copy_of_what_is_stored_names_the_registration_and_no_token(story: Story) -> None:
    copy = export_viewer(Viewer.objects.get(pk=story.viewer.pk))
    assert copy["registrations"] == [
        {
            "platform": "twitch",
            "identifier": story.viewer.pk,
            "state": "wanted",
            "wanted_at": NOW.isoformat(),
            "registered_at": None,
            "checked_at": None,
        }
    ]
    assert "of-comet" not in json.dumps(copy)
    assert HeartbeatSource.objects.count() == 2


def test_f8_columns_for_identifiers_hold_their_markers() -> None:
    marker = len("erased:") + 40
    for model, name in ((Viewer, "platform_user_id"), (Player, "player_id"), (Claim, "platform_user_id")):
        field = model._meta.get_field(name)
        assert isinstance(field, models.CharField)
        assert (field.max_length or 0) >= marker
