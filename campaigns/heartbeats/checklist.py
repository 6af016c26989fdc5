"""What to check when a test brought no heartbeat: each point judged from what the portal knows, not a list to work through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.heartbeats.trying import Standing, since_start
from campaigns.models import Heartbeat, HeartbeatSource, RegisteredIdentifier, SourceTest
from portal import platforms
from portal.models import AuditEntry
from portal.platforms.studio import STUDIO
from portal.sentences import Sentence

Identifiers = HeartbeatSource.Identifiers
State = RegisteredIdentifier.State


class Judgement(StrEnum):
    """What the portal knows of a point."""

    FINE = "fine"
    WRONG = "wrong"
    ASK = "ask"
    """The portal cannot see it: somebody has to look."""


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to check. ``obj`` has a page on which it is mended."""

    judgement: Judgement
    sentence: Sentence
    obj: models.Model | None = None


def checklist(standing: Standing, *, now: datetime) -> list[Point]:
    """Return what to check, what is wrong first."""
    test = standing.test
    points = [*_sender(test, now=now), *_channel(standing, now=now), *_stream(test.source)]
    order = [Judgement.WRONG, Judgement.ASK, Judgement.FINE]
    return sorted(points, key=lambda point: order.index(point.judgement))


def _sender(test: SourceTest, *, now: datetime) -> Iterator[Point]:
    """Whether the sender reaches the source at all."""
    source = test.source
    if not source.enabled:
        text = _("The source is switched off: whatever is sent is answered with 503. Switch it on.")
        yield Point(Judgement.WRONG, Sentence(text), source)
    if source.last_refused_at is not None and source.last_refused_at >= test.started_at:
        yield Point(
            Judgement.WRONG,
            Sentence(_("Calls arrive, but are refused: %(reason)s"), {"reason": source.last_refusal}),
            source,
        )
    came = since_start(test, now=now)
    if came.exists():
        channels = came.values("broadcaster").distinct()[:1000].count()
        text = _(
            "Heartbeats of other channels arrive (%(count)s): address and sender are right, it is about this channel."
        )
        yield Point(Judgement.FINE, Sentence(text, {"count": f"{channels:,}"}), source)
        yield from _unknown(came)
        return
    yield from _address(source, now=now)


def _unknown(came: models.QuerySet[Heartbeat]) -> Iterator[Point]:
    unlinked = came.filter(outcome=Heartbeat.Outcome.NO_BROADCASTER)
    count = unlinked.values("broadcaster").distinct()[:1000].count()
    if count:
        text = _(
            "Some of them name a broadcaster who is not linked (%(count)s). If one is you, the sender's identifiers are not "
            "those of this source's app: compare the client id there with the credential's."
        )
        yield Point(Judgement.ASK, Sentence(text, {"count": f"{count:,}"}))


def _address(source: HeartbeatSource, *, now: datetime) -> Iterator[Point]:
    renewed = AuditEntry.objects.filter(
        object_type=source._meta.label_lower, object_id=str(source.pk), action="new heartbeat address"
    )
    entry = renewed.order_by("-at").first()
    last = Heartbeat.objects.filter(source=source).order_by("-id").values_list("received_at", flat=True).first()
    if entry is not None and (last is None or entry.at > last):
        text = _(
            "The address was renewed at %(time)s, and nothing has come since. Check that the new one is entered at the "
            "sender."
        )
        yield Point(Judgement.WRONG, Sentence(text, {"time": f"{entry.at:%Y-%m-%d %H:%M} UTC"}), source)
    elif last is None:
        text = _(
            "Nothing has ever arrived at this source. Check that its address is entered at the sender, whole and without "
            "blanks; a call to a wrong address is answered with 404 and cannot be seen here. If the address is lost, make "
            "a new one."
        )
        yield Point(Judgement.ASK, Sentence(text), source)
    else:
        text = _(
            "No channel has sent anything since the test began; the last heartbeat of any came at %(time)s. Check that the "
            "sender is switched on."
        )
        yield Point(Judgement.ASK, Sentence(text, {"time": f"{last:%Y-%m-%d %H:%M} UTC"}), source)
    if source.identifiers == Identifiers.REGISTERED:
        text = _("In Twitch's VHS Configuration, Enabled must be ticked and Client ID must be that of the credential.")
        yield Point(Judgement.ASK, Sentence(text))


def _channel(standing: Standing, *, now: datetime) -> Iterator[Point]:
    """Whether heartbeats can be about this channel."""
    source = standing.test.source
    if source.identifiers != Identifiers.REGISTERED:
        text = _("The field “broadcaster” must be exactly %(id)s.")
        yield Point(Judgement.ASK, Sentence(text, {"id": standing.test.platform_user_id}))
        return
    credential = source.credential
    if credential is not None and not credential.enabled:
        text = _("The credential is switched off, so identifiers are not registered. Switch it on.")
        yield Point(Judgement.WRONG, Sentence(text), credential)
    row = (
        RegisteredIdentifier.objects.filter(credential=credential, viewer=standing.viewer).first()
        if standing.viewer is not None
        else None
    )
    yield _identifier(row, platforms.get(source.platform).name)


def _identifier(row: RegisteredIdentifier | None, platform: str) -> Point:
    values = {"platform": platform}
    if row is None or row.state == State.UNWANTED:
        text = _(
            "The channel is not linked with the permission that heartbeats need. Open the game's link page as a viewer does, "
            "and connect the account again."
        )
        return Point(Judgement.WRONG, Sentence(text))
    if row.state == State.LAPSED:
        text = _("The permission has lapsed on %(platform)s. Connect the account again on the game's link page.")
        return Point(Judgement.WRONG, Sentence(text, values))
    if row.state == State.REGISTERED and row.registered_at is not None:
        text = _("The channel is registered with %(platform)s since %(time)s.")
        return Point(Judgement.FINE, Sentence(text, {**values, "time": f"{row.registered_at:%Y-%m-%d %H:%M} UTC"}))
    if row.last_error:
        text = _("The channel could not be registered with %(platform)s yet; it is tried again. Last answer: %(error)s")
        return Point(Judgement.WRONG, Sentence(text, {**values, "error": row.last_error}))
    text = _(
        "The channel is about to be registered with %(platform)s. That takes less than a minute while a worker runs."
    )
    return Point(Judgement.ASK, Sentence(text, values))


def _stream(source: HeartbeatSource) -> Iterator[Point]:
    """What only a look at the stream tells."""
    platform = platforms.get(source.platform)
    if platform.key == STUDIO.key:
        text = _("Your player's server must report the channel while it streams, once a minute.")
        yield Point(Judgement.ASK, Sentence(text))
        return
    values = {"game": source.game.name, "platform": platform.name}
    ids = [row.platform_category_id for row in source.game.categories.all() if row.platform == platform.key]
    if ids:
        text = _("The stream must be public and in the category of %(game)s on %(platform)s (id %(ids)s).")
        yield Point(Judgement.ASK, Sentence(text, {**values, "ids": ", ".join(ids)}))
    else:
        text = _(
            "The stream must be public and in the category of %(game)s on %(platform)s. The game has no category id there yet."
        )
        yield Point(Judgement.ASK, Sentence(text, values), source.game)
    if source.identifiers == Identifiers.REGISTERED:
        text = _("Somebody who has linked must be watching: %(platform)s reports linked viewers only.")
        yield Point(Judgement.ASK, Sentence(text, values))
