"""Sandbox users watch channels, and the portal is told by heartbeats, as Twitch's Viewer Heartbeat Service would.

Twitch names people by the identifiers that the portal registered for them, and reports nobody else. Kick has no such
service: there the sandbox stands in for a site or player of the studio's own that knows Kick's user ids.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime, timedelta

from django.db.models import Q

from portal.sandbox.crowd import MINUTE, Beat, minute_of, moment_of
from portal.sandbox.messages import Message, to_json
from portal.sandbox.models import Application, Platform, PlatformUser, SentHeartbeat, WatchSession
from portal.sandbox.playing import AddressRefused, check_address
from portal.sandbox.sending import send
from portal.sandbox.vhs import identifier_of

#: At most so many minutes are told at once, and at most so long a live session lasts.
MOST_MINUTES = 120
#: The second of its minute that a heartbeat's time names.
_SECOND = 30
#: What was not accepted is sent again at the next heartbeat interval, for so long (Twitch queues; no limit is documented).
RETRY_AFTER, RETRY_FOR = timedelta(seconds=50), timedelta(hours=1)


def minute_after(moment: datetime) -> int:
    """The first clock minute that begins at ``moment`` or later: a minute that has begun was watched."""
    return minute_of(moment + MINUTE - timedelta(microseconds=1))


class NotReported(ValueError):
    """No heartbeat goes out about this; the text says why and what to do."""


def address_of(app: Application) -> str:
    """Where the platform's heartbeats go. Raises NotReported where none go."""
    if not app.heartbeat_url:
        raise NotReported(
            "No heartbeat URL is registered: copy it from the portal's heartbeat source into the console."
        )
    if not app.heartbeats_enabled:
        raise NotReported("Heartbeats are switched off in the console, so none are sent.")
    try:
        check_address(app.heartbeat_url)
    except AddressRefused as refusal:
        raise NotReported(f"Nothing can be sent to the heartbeat URL: {refusal}") from refusal
    return app.heartbeat_url


def named(user: PlatformUser) -> str:
    """What heartbeats name ``user`` by. Raises NotReported for a Twitch user whom the portal has not registered."""
    if user.platform != Platform.TWITCH:
        return user.user_id
    app = Application.objects.get(pk=user.platform)
    identifier = identifier_of(user=user, client_id=app.client_id)
    if identifier:
        return identifier
    raise NotReported(
        f"The portal has not registered {user.display_name} with the heartbeat service, so Twitch reports nothing. "
        "Link the user in the portal; it registers within seconds."
    )


def watch_past(
    *, user: PlatformUser, channel: PlatformUser, game: str, minutes: int, now: datetime
) -> list[SentHeartbeat]:
    """Tell that ``user`` watched ``channel`` in each of the last whole minutes, oldest first; what came back, in order.

    Stops at the first that brings no answer. Told twice, a minute has the same id. Raises NotReported.
    """
    url = address_of(Application.objects.get(pk=channel.platform))
    broadcaster, viewer = named(channel), named(user)
    this_minute = minute_of(now)
    sent = []
    for minute in range(this_minute - minutes, this_minute):
        beat = _beat(channel, broadcaster, minute, game, [viewer])
        sent.append(_send_beat(beat, channel, url, now=now))
        if sent[-1].status is None:
            break
    return sent


def start_watching(
    *, user: PlatformUser, channel: PlatformUser, game: str, minutes: int, now: datetime
) -> WatchSession:
    """Have ``user`` watch this minute and those after it, so many: ``play_crowd`` tells each. Raises NotReported."""
    address_of(Application.objects.get(pk=channel.platform))
    named(channel), named(user)
    return WatchSession.objects.create(
        user=user,
        channel=channel,
        game=game,
        started_at=now,
        until=moment_of(minute_of(now) + minutes),
        told_minute=minute_of(now) - 1,
    )


def stop_watching(*, session: WatchSession, now: datetime) -> None:
    """End a session. The minute that is under way is still told: the user watched it."""
    WatchSession.objects.filter(pk=session.pk, until__gt=now).update(until=now)


def send_again(*, heartbeat: SentHeartbeat, now: datetime) -> SentHeartbeat:
    """Send a heartbeat once more under its id, with ``retries`` raised. Raises NotReported."""
    return _post(heartbeat, address_of(Application.objects.get(pk=heartbeat.channel.platform)), now=now)


def sessions_to_tell(*, now: datetime) -> list[WatchSession]:
    """The sessions of which a minute is still to be told, now or later; oldest first."""
    recent = WatchSession.objects.filter(until__gte=now - RETRY_FOR).select_related("user", "channel").order_by("pk")
    return [session for session in recent if session.told_minute + 1 < minute_after(session.until)]


def tell_sessions(*, now: datetime) -> int:
    """Tell every minute that is over and was watched, and send again what was not accepted. How many were sent.

    A channel's viewers of one minute are told together, as Twitch does.
    """
    this_minute = minute_of(now)
    watched: defaultdict[tuple[int, int, str], list[WatchSession]] = defaultdict(list)
    for session in sessions_to_tell(now=now):
        first = max(session.told_minute + 1, minute_of(now - RETRY_FOR))
        for minute in range(first, min(this_minute, minute_after(session.until))):
            watched[minute, session.channel.pk, session.game].append(session)
    for (minute, _channel, game), some in sorted(watched.items(), key=lambda item: item[0]):
        _tell_minute(minute, game, some, now=now)
    return len(watched) + _send_due_again(now=now)


def _tell_minute(minute: int, game: str, sessions: list[WatchSession], *, now: datetime) -> None:
    channel = sessions[0].channel
    notes = dict.fromkeys((session.pk for session in sessions), "")
    try:
        url, broadcaster = address_of(Application.objects.get(pk=channel.platform)), named(channel)
        viewers = []
        for session in sessions:
            try:
                viewers.append(named(session.user))
            except NotReported as reason:
                notes[session.pk] = str(reason)
        _send_beat(_beat(channel, broadcaster, minute, game, viewers), channel, url, now=now)
    except NotReported as reason:
        notes = dict.fromkeys(notes, str(reason))
    for session in sessions:
        WatchSession.objects.filter(pk=session.pk).update(told_minute=minute, note=notes[session.pk][:300])


def _send_due_again(*, now: datetime) -> int:
    """Send again what brought a server error or no answer, as Twitch does at the next interval."""
    unanswered = Q(status=None) | Q(status__gte=500)
    due = SentHeartbeat.objects.filter(
        unanswered, sent_at__lte=now - RETRY_AFTER, minute__gte=minute_of(now - RETRY_FOR)
    )
    sent = 0
    for heartbeat in due.select_related("channel").order_by("minute", "pk"):
        try:
            outcome = send_again(heartbeat=heartbeat, now=now)
        except NotReported:
            continue
        sent += 1
        if outcome.status is None:
            break  # nobody is there: the others wait for the next time
    return sent


def _beat(channel: PlatformUser, broadcaster: str, minute: int, game: str, viewers: list[str]) -> Beat:
    return Beat(
        channel=broadcaster,
        minute=minute,
        second=_SECOND,
        zone_hours=0,
        broadcast_id=channel.pk,
        game=game,
        viewers=tuple(dict.fromkeys(viewers)),
    )


def _send_beat(beat: Beat, channel: PlatformUser, url: str, *, now: datetime) -> SentHeartbeat:
    """Send a heartbeat, or the one that was sent with these contents before, and keep what came back."""
    known = SentHeartbeat.objects.filter(heartbeat_id=beat.id).select_related("channel").first()
    heartbeat = known or SentHeartbeat(
        channel=channel,
        heartbeat_id=beat.id,
        minute=beat.minute,
        viewers=len(beat.viewers),
        body=beat.body().decode(),
    )
    return _post(heartbeat, url, now=now)


def _post(heartbeat: SentHeartbeat, url: str, *, now: datetime) -> SentHeartbeat:
    if heartbeat.pk:
        heartbeat.retries += 1
    body = to_json(json.loads(heartbeat.body) | {"retries": heartbeat.retries})
    outcome = send(Message(url=url, headers={"Content-Type": "application/json"}, body=body))
    heartbeat.sent_at = now
    heartbeat.status, heartbeat.answer, heartbeat.error = outcome.status, outcome.answer, outcome.error
    heartbeat.duration_ms = outcome.duration_ms
    heartbeat.save()
    return heartbeat
