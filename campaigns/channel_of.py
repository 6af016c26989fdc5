"""The channel that a viewer broadcasts on: a streamer links it by the same flow as viewers do (L10)."""

from __future__ import annotations

from campaigns.models import Channel, Viewer
from campaigns.returning import recognize_channel
from portal.tombstones import is_tombstone


def channel_of_viewer(viewer: Viewer) -> Channel:
    """Return the channel of a viewer on the viewer's platform; it is made known where it was not.

    On every platform a channel's id is its broadcaster's user id. Names that the channel lacks are the viewer's. A
    constant number of queries, one where the channel is known. Raises ``ValueError`` for a viewer who was erased: there
    is nobody whose channel could be told.
    """
    if is_tombstone(viewer.platform_user_id):
        raise ValueError("The viewer was erased.")
    key = (viewer.organization_id, viewer.platform, viewer.platform_user_id)
    known = Channel.objects.filter(
        organization=viewer.organization_id, platform=viewer.platform, platform_channel_id=viewer.platform_user_id
    ).first()
    if known is None and recognize_channel(key):
        return channel_of_viewer(viewer)
    if known is None:
        known, _made = Channel.objects.get_or_create(
            organization_id=viewer.organization_id,
            platform=viewer.platform,
            platform_channel_id=viewer.platform_user_id,
            defaults={"login": viewer.login, "name": viewer.name},
        )
    return _named(known, viewer)


def _named(channel: Channel, viewer: Viewer) -> Channel:
    """Fill the names that the channel lacks; those that a producer entered stay."""
    lacking = [field for field in ("login", "name") if not getattr(channel, field) and getattr(viewer, field)]
    for field in lacking:
        setattr(channel, field, getattr(viewer, field))
    if lacking:
        channel.save(update_fields=lacking)
    return channel
