"""What of a game session is kept, and when: begun, written while it lives, ended (G3, G4).

A gateway holds the state in memory and writes it every few seconds; with a game event at once, state and event in one
transaction. So what is stored is always a state that was, with all events up to it: a server that comes back after a
crash sends the full state, and what has happened since is seen in the difference.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Max, Q

from campaigns.game_state.admission import Admission
from campaigns.models import (
    GameEvent,
    GameEventChannel,
    GameSession,
    GameSessionChannel,
    GatewayOrder,
)
from campaigns.rules.counting import minute_of
from campaigns.rules.game_state.codes import ENDED_ABANDONED
from campaigns.rules.game_state.events import Happened
from portal.ids import new_ulid

ABANDONED_AFTER = timedelta(minutes=10)
"""A session whose server does not come back for so long is over."""

_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Begun:
    """A session as it stands when a connection takes it.

    ``state`` is its JSON as stored before. None: there is none to be compared with, because the session is new or what was
    stored did not come from the game's own server (G4).
    """

    session_id: str
    resumed: bool
    state: str | None
    revision: int
    happened: dict[str, Happened]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """A game event to be stored: the ``number``-th of its rule in the session."""

    campaign_reward_id: str
    number: int
    at: datetime
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionWrite:
    """What a connection has to write of its session: its state now, and everything since its last write.

    ``channels`` are all that the session is about now, ``live`` those of them that are live; None: as they were.
    """

    session_id: str
    connection: str
    state: str
    state_bytes: int
    revision: int
    last_message_at: datetime
    messages: int
    received_bytes: int
    minute: int
    minute_messages: int
    refused: int = 0
    last_refusal: str = ""
    last_refused_at: datetime | None = None
    channels: tuple[str, ...] = ()
    live: frozenset[str] | None = None
    events: tuple[NewEvent, ...] = ()
    end_code: str = ""
    let_go: bool = False
    """The connection is gone: the session waits for another."""


def begin_session(admission: Admission, *, session_key: str, connection: str, gateway: str, now: datetime) -> Begun:
    """Give a session to a connection; the one that had it is told to close.

    An open session of the same client, game and key is taken up again, else a new one begins.
    """
    try:
        with transaction.atomic():
            return _begin(admission, session_key=session_key, connection=connection, gateway=gateway, now=now)
    except IntegrityError:  # another connection made it this moment: now it is there to be taken
        with transaction.atomic():
            return _begin(admission, session_key=session_key, connection=connection, gateway=gateway, now=now)


def _begin(admission: Admission, *, session_key: str, connection: str, gateway: str, now: datetime) -> Begun:
    found = (
        GameSession.objects.select_for_update()
        .filter(client_id=admission.client_id, game=admission.game_id, session_key=session_key, ended_at=None)
        .first()
    )
    if found is None:
        session = GameSession.objects.create(
            organization_id=admission.organization_id,
            game_id=admission.game_id,
            client_id=admission.client_id,
            client_name=admission.client_name,
            session_key=session_key,
            authoritative=admission.authoritative,
            started_at=now,
            connected_at=now,
            last_message_at=now,
            connection=connection,
            gateway=gateway,
        )
        _set_channels(session.pk, [channel.channel_id for channel in admission.channels])
        return Begun(session.pk, False, None, 0, {})
    if found.connection:
        GatewayOrder.objects.create(
            gateway=found.gateway, connection=found.connection, deed=GatewayOrder.Deed.REPLACE, given_at=now
        )
    GameSession.objects.filter(pk=found.pk).update(
        connection=connection,
        gateway=gateway,
        connected_at=now,
        last_message_at=now,
        connections=F("connections") + 1,
        authoritative=admission.authoritative,
        client_name=admission.client_name,
    )
    _set_channels(found.pk, [channel.channel_id for channel in admission.channels])
    known = found.authoritative or not admission.authoritative
    return Begun(found.pk, True, found.state if known else None, found.revision, happened_in(found.pk))


def _set_channels(session_id: str, channel_ids: Collection[str], live: frozenset[str] | None = None) -> None:
    """Have a session be about these channels, and no others."""
    known = dict(GameSessionChannel.objects.filter(session=session_id).values_list("channel", "live"))
    gone = set(known) - set(channel_ids)
    if gone:
        GameSessionChannel.objects.filter(session=session_id, channel__in=gone).delete()
    new = [key for key in channel_ids if key not in known]
    if new:
        GameSessionChannel.objects.bulk_create(
            [GameSessionChannel(session_id=session_id, channel_id=key, live=key in (live or ())) for key in new]
        )
    if live is not None:
        for state in (True, False):
            changed = [key for key in known if key not in gone and (key in live) is state and known[key] is not state]
            if changed:
                GameSessionChannel.objects.filter(session=session_id, channel__in=changed).update(live=state)


def happened_in(session_id: str) -> dict[str, Happened]:
    """Return how often each rule's event has happened in a session, and when last."""
    rows = GameEvent.objects.filter(session=session_id).order_by().values_list("campaign_reward")
    return {
        reward: Happened(count=number, last_at=last)
        for reward, number, last in rows.annotate(number=Max("number"), last=Max("at"))
    }


@dataclass(slots=True)
class Written:
    """What became of a batch: ``overtaken`` are the connections whose session is another's by now, or over."""

    overtaken: set[str] = field(default_factory=set)
    events: int = 0


def write_sessions(writes: Sequence[SessionWrite], *, now: datetime) -> Written:
    """Write what connections have to say of their sessions, in one transaction, and their events with them.

    A session that another connection has taken meanwhile, or that is over, is left as it is, and so are the events of
    the connection that lost it: who took it up sees what has changed since.
    """
    written = Written()
    ordered = sorted(writes, key=lambda one: one.session_id)
    with transaction.atomic():
        for write in ordered:
            if not _write(write, now=now):
                written.overtaken.add(write.connection)
        mine = [write for write in ordered if write.connection not in written.overtaken]
        for write in mine:
            if write.live is not None:
                _set_channels(write.session_id, write.channels, write.live)
        written.events = _add_events(mine, now=now)
    return written


def _write(write: SessionWrite, *, now: datetime) -> bool:
    changes = {
        "state": write.state,
        "state_bytes": write.state_bytes,
        "revision": write.revision,
        "last_message_at": write.last_message_at,
        "messages": F("messages") + write.messages,
        "received_bytes": F("received_bytes") + write.received_bytes,
        "minute": write.minute,
        "minute_messages": write.minute_messages,
    }
    if write.refused:
        changes |= {
            "refused": F("refused") + write.refused,
            "last_refusal": write.last_refusal,
            "last_refused_at": write.last_refused_at,
        }
    if write.events:
        changes["events"] = F("events") + len(write.events)
    if write.end_code:
        changes |= {"ended_at": now, "end_code": write.end_code, "connection": "", "gateway": ""}
    elif write.let_go:
        changes |= {"connection": "", "gateway": ""}
    mine = GameSession.objects.filter(pk=write.session_id, connection=write.connection, ended_at=None)
    return bool(mine.update(**changes))


def _add_events(writes: Sequence[SessionWrite], *, now: datetime) -> int:
    events = [
        GameEvent(
            id=new_ulid(),
            session_id=write.session_id,
            campaign_reward_id=event.campaign_reward_id,
            number=event.number,
            at=event.at,
            value=event.value[:200],
            due_at=now,
        )
        for write in writes
        for event in write.events
    ]
    # A batch whose commit was not heard of is written once more: what is there already stays as it is.
    known = set(
        GameEvent.objects.filter(session__in={event.session_id for event in events}).values_list(
            "session", "campaign_reward", "number"
        )
    )
    events = [one for one in events if (one.session_id, one.campaign_reward_id, one.number) not in known]
    if not events:
        return 0
    channels = {write.session_id: write.channels for write in writes}
    GameEvent.objects.bulk_create(events, batch_size=_CHUNK)
    GameEventChannel.objects.bulk_create(
        [
            GameEventChannel(event=event, channel_id=channel, minute=minute_of(event.at))
            for event in events
            for channel in channels[event.session_id]
        ],
        batch_size=_CHUNK,
    )
    return len(events)


def take_orders(gateway: str) -> list[tuple[str, GatewayOrder.Deed]]:
    """Return what this gateway is asked to do, by connection, and remove it from the list. One query where nothing is."""
    rows = list(GatewayOrder.objects.filter(gateway=gateway).order_by("pk"))
    if rows:
        GatewayOrder.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return [(row.connection, GatewayOrder.Deed(row.deed)) for row in rows]


def end_session(*, session_id: str, code: str, now: datetime) -> bool:
    """End a session from outside; its gateway, if it has one, is told to close the connection. False: it is over already."""
    with transaction.atomic():
        session = GameSession.objects.select_for_update().filter(pk=session_id, ended_at=None).first()
        if session is None:
            return False
        if session.connection:
            GatewayOrder.objects.create(
                gateway=session.gateway, connection=session.connection, deed=GatewayOrder.Deed.DROP, given_at=now
            )
        GameSession.objects.filter(pk=session_id).update(ended_at=now, end_code=code, connection="", gateway="")
    return True


def end_abandoned(*, now: datetime, alive: Collection[str]) -> int:
    """End the sessions whose server has not come back; return how many.

    ``alive`` are the gateways heard of lately: a connection that one of them holds is not abandoned, however silent.
    """
    silent = GameSession.objects.filter(ended_at=None, last_message_at__lt=now - ABANDONED_AFTER)
    lost = silent.filter(Q(gateway="") | ~Q(gateway__in=list(alive)))
    keys = list(lost.order_by("last_message_at").values_list("pk", flat=True)[:1000])
    ended = 0
    for key in keys:
        still = lost.filter(pk=key)
        ended += still.update(ended_at=now, end_code=ENDED_ABANDONED, connection="", gateway="")
    return ended
