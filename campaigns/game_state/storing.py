"""What of a game session is kept, and when: begun, written while it lives, ended (G3, G4).

A gateway holds the state in memory and writes it every few seconds; with a game event at once, state and event in one
transaction. So what is stored is always a state that was, with all events up to it: a server that comes back after a
crash sends the full state, and what has happened since is seen in the difference.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db import connection as database
from django.db.models import F, Max, Q

from campaigns.game_state.admission import Admission
from campaigns.models import (
    CampaignReward,
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

    ``state`` is its JSON as stored before. None: there is none to be compared with, because the session is new, or nothing
    was written of it yet, or what was stored did not come from the game's own server (G4).
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

    @property
    def parted(self) -> bool:
        """Whether the session is nobody's after this."""
        return self.let_go or bool(self.end_code)


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
    channels = [channel.channel_id for channel in admission.channels]
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
        _set_channels({session.pk: (channels, None)})
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
    _set_channels({found.pk: (channels, None)})
    # Of a gateway that was killed before its first write nothing was stored: an empty state was never sent.
    known = found.revision > 0 and (found.authoritative or not admission.authoritative)
    return Begun(found.pk, True, found.state if known else None, found.revision, happened_in(found.pk))


def _set_channels(wanted: Mapping[str, tuple[Collection[str], frozenset[str] | None]]) -> None:
    """Have sessions be about these channels and no others; live are those beside them, None: as they were."""
    gone: list[int] = []
    turned: dict[bool, list[int]] = {True: [], False: []}
    known: set[tuple[str, str]] = set()
    rows = GameSessionChannel.objects.filter(session__in=wanted).values_list("pk", "session", "channel", "live")
    for pk, session, channel, was_live in rows:
        channels, live = wanted[session]
        if channel not in channels:
            gone.append(pk)
            continue
        known.add((session, channel))
        if live is not None and (channel in live) is not was_live:
            turned[channel in live].append(pk)
    if gone:
        GameSessionChannel.objects.filter(pk__in=gone).delete()
    for is_live, keys in turned.items():
        if keys:
            GameSessionChannel.objects.filter(pk__in=keys).update(live=is_live)
    new = [
        GameSessionChannel(session_id=session, channel_id=channel, live=channel in (live or ()))
        for session, (channels, live) in wanted.items()
        for channel in channels
        if (session, channel) not in known
    ]
    GameSessionChannel.objects.bulk_create(new, batch_size=_CHUNK)


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
    ordered = sorted(writes, key=lambda one: one.session_id)
    with transaction.atomic():
        open_sessions = GameSession.objects.filter(pk__in=[one.session_id for one in ordered], ended_at=None)
        holders = dict(open_sessions.order_by("pk").select_for_update().values_list("pk", "connection"))
        mine = _of_rewards_there([one for one in ordered if holders.get(one.session_id) == one.connection])
        _write_rows(mine, now=now)
        _set_channels({one.session_id: (one.channels, one.live) for one in mine if one.live is not None})
        events = _add_events(mine, now=now)
    return Written({one.connection for one in ordered} - {one.connection for one in mine}, events)


def _of_rewards_there(writes: list[SessionWrite]) -> list[SessionWrite]:
    """Leave out the events of rewards that were deleted while these were on the way: no other event goes with them."""
    wanted = {event.campaign_reward_id for write in writes for event in write.events}
    if not wanted:
        return writes
    there = set(CampaignReward.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    if wanted == there:
        return writes
    return [
        replace(one, events=tuple(event for event in one.events if event.campaign_reward_id in there)) for one in writes
    ]


def _write_rows(writes: Sequence[SessionWrite], *, now: datetime) -> None:
    """Write the rows of sessions that are locked: one statement for all, of which the database is told each row's values."""
    if not writes:
        return
    time = database.ops.adapt_datetimefield_value
    with database.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {GameSession._meta.db_table} SET state = %s, state_bytes = %s, revision = %s, last_message_at = %s, "  # noqa: S608
            "messages = messages + %s, received_bytes = received_bytes + %s, minute = %s, minute_messages = %s, "
            "refused = refused + %s, last_refusal = COALESCE(%s, last_refusal), "
            "last_refused_at = COALESCE(%s, last_refused_at), events = events + %s, ended_at = %s, end_code = %s, "
            "connection = %s, gateway = CASE WHEN %s THEN '' ELSE gateway END WHERE id = %s",
            [
                (
                    *(one.state, one.state_bytes, one.revision, time(one.last_message_at)),
                    *(one.messages, one.received_bytes, one.minute, one.minute_messages),
                    *(one.refused, one.last_refusal or None),
                    time(one.last_refused_at) if one.last_refused_at else None,
                    len(one.events),
                    *(time(now) if one.end_code else None, one.end_code),
                    "" if one.parted else one.connection,
                    *(one.parted, one.session_id),
                )
                for one in writes
            ],
        )


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


def drop_old_orders(*, now: datetime) -> int:
    """Remove the orders that no gateway takes any more, because it was killed; return how many.

    One that lives takes them within seconds, and a write of its own would find that the session is another's.
    """
    return GatewayOrder.objects.filter(given_at__lt=now - ABANDONED_AFTER).delete()[0]


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
