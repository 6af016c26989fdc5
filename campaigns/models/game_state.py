"""Game state (G): sessions that game servers stream, the events found in them, recordings, and the gateways that hold them.

A minute counts from 1970 in UTC. A *connection* is one WebSocket, by a ULID that the gateway gives it: whatever is written
for a session is written only while it is still that connection's.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaigns import CampaignReward
from campaigns.models.games import Channel, Game
from portal.ids import ULIDField, new_ulid
from portal.models import Organization


class GatewayProcess(models.Model):
    """One process that holds connections of game servers; heard from every few seconds."""

    id = ULIDField(primary_key=True, default=new_ulid)
    host = models.CharField(_("machine"), max_length=100)
    pid = models.PositiveIntegerField(_("process"))
    started_at = models.DateTimeField(_("started at"))
    beat_at = models.DateTimeField(_("last heard of"))
    stopping_at = models.DateTimeField(_("stopping since"), null=True)
    connections = models.PositiveIntegerField(_("connections"), default=0)

    class Meta:
        verbose_name = _("game state gateway")
        verbose_name_plural = _("game state gateways")
        indexes = [models.Index(fields=["beat_at"], name="gateway_beat")]

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"


class GameSession(models.Model):
    """One match or the like, as a game server streams it: the merged state, and who streams it now (G3).

    Open until ``ended_at``. ``connection`` and ``gateway`` are empty while no server is connected. ``authoritative`` is
    whether the state came with an app token: only then game events earn rewards (G4). ``minute_messages`` are the
    messages of ``minute``, which is the one that the last was in.
    """

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="game_sessions", verbose_name=_("organization")
    )
    game = models.ForeignKey(Game, on_delete=models.PROTECT, related_name="sessions", verbose_name=_("game"))
    client_id = models.CharField(_("client id"), max_length=100)
    client_name = models.CharField(_("client"), max_length=100)
    session_key = models.CharField(_("session id of the game"), max_length=100)
    authoritative = models.BooleanField(_("from the game's own server"))
    state = models.TextField(_("state"), default="{}")
    state_bytes = models.PositiveIntegerField(_("size in bytes"), default=2)
    revision = models.PositiveBigIntegerField(_("revision"), default=0)
    started_at = models.DateTimeField(_("started at"))
    connected_at = models.DateTimeField(_("connected at"))
    last_message_at = models.DateTimeField(_("last message at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    end_code = models.CharField(_("why it ended"), max_length=32, blank=True)
    connection = models.CharField(max_length=26, blank=True)
    gateway = models.CharField(max_length=26, blank=True)
    connections = models.PositiveIntegerField(_("times connected"), default=1)
    messages = models.PositiveBigIntegerField(_("messages"), default=0)
    received_bytes = models.PositiveBigIntegerField(_("bytes received"), default=0)
    minute = models.PositiveIntegerField(default=0)
    minute_messages = models.PositiveIntegerField(default=0)
    refused = models.PositiveBigIntegerField(_("messages refused"), default=0)
    last_refusal = models.CharField(_("why the last was refused"), max_length=32, blank=True)
    last_refused_at = models.DateTimeField(_("last refused at"), null=True)
    events = models.PositiveIntegerField(_("game events"), default=0)

    class Meta:
        verbose_name = _("game session")
        verbose_name_plural = _("game sessions")
        constraints = [
            models.UniqueConstraint(
                fields=["client_id", "game", "session_key"], condition=Q(ended_at=None), name="game_session_open_once"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end_code="")
                | (Q(ended_at__isnull=False, connection="", gateway="") & ~Q(end_code="")),
                name="game_session_ended_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(connection="", gateway="") | (~Q(connection="") & ~Q(gateway="")),
                name="game_session_connection_has_gateway",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="game_session_list"),
            models.Index(fields=["organization", "-id"], condition=Q(ended_at=None), name="game_session_open"),
            models.Index(fields=["last_message_at"], condition=Q(ended_at=None), name="game_session_silent"),
            models.Index(fields=["gateway"], condition=~Q(gateway=""), name="game_session_gateway"),
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="game_session_age"),
        ]

    def __str__(self) -> str:
        return self.session_key


class GameSessionChannel(models.Model):
    """A channel that a session is about: whose stream shows it."""

    session = models.ForeignKey(GameSession, on_delete=models.CASCADE, related_name="channels")
    channel = models.ForeignKey(
        Channel, on_delete=models.PROTECT, related_name="game_sessions", verbose_name=_("channel")
    )
    live = models.BooleanField(_("live"), default=False)

    class Meta:
        verbose_name = _("channel of a game session")
        verbose_name_plural = _("channels of game sessions")
        constraints = [models.UniqueConstraint(fields=["session", "channel"], name="game_session_channel_once")]

    def __str__(self) -> str:
        return str(self.channel)


class GameEvent(models.Model):
    """That a campaign's game event happened in a session (G4): whoever watched its channels then has earned the reward.

    ``number`` counts the events of one rule in one session from 1. ``due_at`` is the outbox: who watched is looked up then.
    ``settled_at`` is when that was done first, ``earned`` how many viewers have earned the reward by this event.
    """

    id = ULIDField(primary_key=True, default=new_ulid)
    session = models.ForeignKey(
        GameSession, on_delete=models.PROTECT, db_index=False, related_name="happened", verbose_name=_("session")
    )
    campaign_reward = models.ForeignKey(
        CampaignReward, on_delete=models.PROTECT, db_index=False, related_name="game_events", verbose_name=_("reward")
    )
    number = models.PositiveIntegerField(_("number"))
    at = models.DateTimeField(_("time"))
    value = models.CharField(_("value"), max_length=200, blank=True)
    due_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(_("settled at"), null=True)
    earned = models.PositiveIntegerField(_("earned by"), default=0)

    class Meta:
        verbose_name = _("game event")
        verbose_name_plural = _("game events")
        constraints = [
            models.UniqueConstraint(fields=["session", "campaign_reward", "number"], name="game_event_once"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="game_event_due"),
            models.Index(fields=["campaign_reward", "-id"], name="game_event_list"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_reward_id} #{self.number}"


class GameEventChannel(models.Model):
    """A channel on which a game event was to be seen, with the event's minute: heartbeats that come late find it so."""

    event = models.ForeignKey(GameEvent, on_delete=models.CASCADE, related_name="channels")
    channel = models.ForeignKey(
        Channel, on_delete=models.PROTECT, db_index=False, related_name="+", verbose_name=_("channel")
    )
    minute = models.PositiveIntegerField(_("minute"))

    class Meta:
        verbose_name = _("channel of a game event")
        verbose_name_plural = _("channels of game events")
        constraints = [models.UniqueConstraint(fields=["event", "channel"], name="game_event_channel_once")]
        indexes = [models.Index(fields=["channel", "minute"], name="game_event_channel_find")]

    def __str__(self) -> str:
        return f"{self.event_id} {self.channel_id}"


class GatewayOrder(models.Model):
    """What a gateway is asked to do with a connection: taken, and removed, by the gateway within seconds."""

    class Deed(models.TextChoices):
        """What is to be done."""

        DROP = "drop", _("close it: a producer ended the session")
        REPLACE = "replace", _("close it: the session is streamed by another connection")

    gateway = models.CharField(max_length=26, db_index=True)
    connection = models.CharField(max_length=26)
    deed = models.CharField(max_length=8, choices=Deed.choices)
    given_at = models.DateTimeField()

    class Meta:
        verbose_name = _("order to a gateway")
        verbose_name_plural = _("orders to gateways")

    def __str__(self) -> str:
        return f"{self.deed} {self.connection}"


class GatewayTally(models.Model):
    """How many messages, connections and refusals there were, by the hour and kind (:mod:`campaigns.game_state.tallies`)."""

    hour = models.DateTimeField(_("hour"))
    kind = models.CharField(_("kind"), max_length=48)
    count = models.PositiveBigIntegerField(_("count"), default=0)

    class Meta:
        verbose_name = _("count of a gateway")
        verbose_name_plural = _("counts of gateways")
        constraints = [models.UniqueConstraint(fields=["hour", "kind"], name="gateway_tally_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.count}"


class GameRecording(models.Model):
    """The messages of one session, kept to be looked at again and to try game events against."""

    id = ULIDField(primary_key=True, default=new_ulid)
    session = models.OneToOneField(
        GameSession, on_delete=models.CASCADE, related_name="recording", verbose_name=_("session")
    )
    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="recordings", verbose_name=_("game"))
    name = models.CharField(_("name"), max_length=100, blank=True)
    started_at = models.DateTimeField(_("started at"))
    messages = models.PositiveIntegerField(_("messages"), default=0)
    bytes = models.PositiveIntegerField(_("bytes"), default=0)
    full_at = models.DateTimeField(_("full since"), null=True)

    class Meta:
        verbose_name = _("recorded session")
        verbose_name_plural = _("recorded sessions")
        indexes = [models.Index(fields=["game", "-id"], name="game_recording_list")]

    def __str__(self) -> str:
        return self.name or str(self.session)


class RecordedMessage(models.Model):
    """A message as it was taken: ``kind`` is connect, delta or refresh, ``data`` its JSON object."""

    recording = models.ForeignKey(GameRecording, on_delete=models.CASCADE, db_index=False, related_name="lines")
    number = models.PositiveIntegerField(_("number"))
    at = models.DateTimeField(_("time"))
    kind = models.CharField(_("kind"), max_length=8)
    data = models.TextField(_("data"))

    class Meta:
        verbose_name = _("recorded message")
        verbose_name_plural = _("recorded messages")
        constraints = [models.UniqueConstraint(fields=["recording", "number"], name="recorded_message_once")]

    def __str__(self) -> str:
        return f"#{self.number}"


class EventTrial(models.Model):
    """What came of it when a campaign's game event was last tried against a recorded session.

    ``tried`` is the rule as it was then (:func:`campaigns.game_state.trials.mark_of`): a rule that has changed since was
    not tried.
    """

    campaign_reward = models.OneToOneField(
        CampaignReward, on_delete=models.CASCADE, primary_key=True, related_name="trial", verbose_name=_("reward")
    )
    recording = models.ForeignKey(
        GameRecording, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("recorded session")
    )
    tried = models.CharField(_("rule"), max_length=64)
    tried_at = models.DateTimeField(_("tried at"))
    happened = models.PositiveIntegerField(_("happened"))

    class Meta:
        verbose_name = _("trial of a game event")
        verbose_name_plural = _("trials of game events")

    def __str__(self) -> str:
        return f"{self.campaign_reward_id}: {self.happened}"


class ChannelStream(models.Model):
    """Whether a channel streams, as its platform last said: by a webhook, or asked (G: only live streamers)."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, primary_key=True, related_name="stream")
    live = models.BooleanField(_("live"))
    told_at = models.DateTimeField(_("told at"))
    asked_at = models.DateTimeField(_("last asked at"), null=True)

    class Meta:
        verbose_name = _("stream of a channel")
        verbose_name_plural = _("streams of channels")

    def __str__(self) -> str:
        return f"{self.channel_id}: {'live' if self.live else 'offline'}"
