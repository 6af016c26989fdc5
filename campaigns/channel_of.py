"""The channel that a viewer broadcasts on: a streamer links it by the same flow as viewers do (L10)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from campaigns.models import Channel, Viewer
from campaigns.returning import UserKey, recognize_channel, recognize_channels
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


def channels_of_viewers(viewers: Sequence[Viewer]) -> dict[str, Channel]:
    """Return the channels of viewers of one organization, by the viewers' ids; the same for many.

    The number of queries does not depend on how many there are, and is one where all channels are known.
    """
    keys = {viewer.pk: _key(viewer) for viewer in viewers if not is_tombstone(viewer.platform_user_id)}
    known = _known(keys.values())
    lacking = sorted((viewer for viewer in viewers if viewer.pk in keys and keys[viewer.pk] not in known), key=_key)
    if lacking:
        recognize_channels([_key(viewer) for viewer in lacking])
        Channel.objects.bulk_create([_channel(viewer) for viewer in lacking], ignore_conflicts=True)
        known = _known(keys.values())
    found = {viewer.pk: known[keys[viewer.pk]] for viewer in viewers if viewer.pk in keys}
    for field in ("login", "name"):
        nameless = []
        for viewer in viewers:
            channel = found.get(viewer.pk)
            if channel is not None and getattr(viewer, field) and not getattr(channel, field):
                setattr(channel, field, getattr(viewer, field))
                nameless.append(channel)
        Channel.objects.bulk_update(sorted(nameless, key=lambda channel: channel.pk), [field])
    return found


def _key(viewer: Viewer) -> UserKey:
    return viewer.organization_id, viewer.platform, viewer.platform_user_id


def _known(keys: Iterable[UserKey]) -> dict[UserKey, Channel]:
    wanted = set(keys)
    if not wanted:
        return {}
    organizations, platforms, ids = (sorted(set(parts)) for parts in zip(*wanted, strict=True))
    found = Channel.objects.filter(organization__in=organizations, platform__in=platforms, platform_channel_id__in=ids)
    known = {(one.organization_id, one.platform, one.platform_channel_id): one for one in found}
    return {key: channel for key, channel in known.items() if key in wanted}


def _channel(viewer: Viewer) -> Channel:
    organization, platform, user_id = _key(viewer)
    return Channel(
        organization_id=organization,
        platform=platform,
        platform_channel_id=user_id,
        login=viewer.login,
        name=viewer.name,
    )


def _named(channel: Channel, viewer: Viewer) -> Channel:
    """Fill the names that the channel lacks; those that a producer entered stay."""
    lacking = [field for field in ("login", "name") if not getattr(channel, field) and getattr(viewer, field)]
    for field in lacking:
        setattr(channel, field, getattr(viewer, field))
    if lacking:
        channel.save(update_fields=lacking)
    return channel
