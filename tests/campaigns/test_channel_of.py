"""The channel of a viewer who streams (L10)."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.channel_of import channel_of_viewer, channels_of_viewers
from campaigns.models import Channel
from campaigns.returning import viewer_tombstone
from tests.factories import make_channel, make_organization, make_viewer

pytestmark = pytest.mark.django_db


def test_l10_a_streamers_channel_is_made_known_once_with_the_streamers_names() -> None:
    viewer = make_viewer(make_organization(), "twitch", login="mira_plays", name="Mira_Plays")
    channel = channel_of_viewer(viewer)
    assert channel_of_viewer(viewer) == channel == Channel.objects.get()
    assert (channel.organization, channel.platform, channel.platform_channel_id, channel.login, channel.name) == (
        viewer.organization,
        "twitch",
        viewer.platform_user_id,
        "mira_plays",
        "Mira_Plays",
    )


def test_l10_a_known_channel_is_the_one_and_only_gets_the_names_it_lacks(django_assert_num_queries: Any) -> None:
    viewer = make_viewer(make_organization(), login="mira", name="Mira")
    known = make_channel(
        viewer.organization, platform_channel_id=viewer.platform_user_id, login="", name="Mira, our partner"
    )
    make_channel(make_organization(), platform_channel_id=viewer.platform_user_id)
    make_channel(viewer.organization, "twitch", platform_channel_id=viewer.platform_user_id)
    channel = channel_of_viewer(viewer)
    assert (channel, channel.login, channel.name) == (known, "mira", "Mira, our partner")
    with django_assert_num_queries(1):
        assert channel_of_viewer(viewer) == known


def test_f8_the_channel_of_an_erased_streamer_is_found_again_when_the_streamer_comes_back() -> None:
    viewer = make_viewer(make_organization())
    user = viewer.platform_user_id
    marker = viewer_tombstone((viewer.organization_id, viewer.platform, user))
    erased = make_channel(viewer.organization, platform_channel_id=marker, login="", name="")
    viewer.platform_user_id = marker
    with pytest.raises(ValueError, match="erased"):
        channel_of_viewer(viewer)
    viewer.platform_user_id = user
    channel = channel_of_viewer(viewer)
    assert (channel, channel.platform_channel_id, channel.name) == (erased, user, viewer.name)


def test_l10_the_channels_of_many_are_what_those_of_each_are(django_assert_num_queries: Any) -> None:
    organization = make_organization()
    known, new, erased, back = (
        make_viewer(organization, login=login, name=login) for login in ("mira", "tom", "gone", "back")
    )
    make_channel(organization, platform_channel_id=known.platform_user_id, login="", name="Mira, our partner")
    marker = viewer_tombstone((organization.pk, back.platform, back.platform_user_id))
    of_back = make_channel(organization, platform_channel_id=marker, login="", name="")
    erased.platform_user_id = viewer_tombstone((organization.pk, erased.platform, erased.platform_user_id))
    viewers = [known, new, erased, back]
    channels = channels_of_viewers(viewers)
    assert channels == {viewer.pk: channel_of_viewer(viewer) for viewer in (known, new, back)}
    assert channels[back.pk] == of_back
    assert list(Channel.objects.order_by("login").values_list("login", "name")) == [
        ("back", "back"),
        ("mira", "Mira, our partner"),
        ("tom", "tom"),
    ]
    with django_assert_num_queries(1):
        assert channels_of_viewers(viewers) == channels
    with django_assert_num_queries(0):
        assert channels_of_viewers([erased]) == {}
