"""Who tells the portal who watched (W1): heartbeat sources, the heartbeats they sent, and counts of refused calls."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.games import Channel, Game
from portal import platforms
from portal.encryption import EncryptedTextField
from portal.models import PlatformCredential


class HeartbeatSource(models.Model):
    """One sender of heartbeats for one game: Twitch's Viewer Heartbeat Service, or a player of the studio's own (W1).

    Its secret address is shown once and kept only as a digest. After a rotation the address before stays valid until
    ``previous_until``.
    """

    class Identifiers(models.TextChoices):
        """What the ids of viewers and broadcasters in its heartbeats are."""

        REGISTERED = "registered", _("identifiers that the portal registered with the platform")
        PLATFORM = "platform", _("user ids of the platform")
        PLAYER = "player", _("player ids, from the studio's own player")

    game = models.ForeignKey(Game, on_delete=models.PROTECT, related_name="heartbeat_sources", verbose_name=_("game"))
    name = models.CharField(
        _("name"), max_length=100, help_text=_("For your own orientation, for example: Twitch heartbeats.")
    )
    identifiers = models.CharField(_("ids in its heartbeats"), max_length=10, choices=Identifiers.choices)
    platform = models.CharField(_("platform"), max_length=32, validators=[platforms.validate_platform])
    credential = models.ForeignKey(
        PlatformCredential,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="heartbeat_sources",
        verbose_name=_("platform credential"),
        help_text=_("The app under which identifiers are registered. Only for registered identifiers."),
    )
    enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("Off: heartbeats are answered with 503, so that the sender keeps them.")
    )
    url_token_hash = models.CharField(max_length=64, unique=True, editable=False)
    previous_token_hash = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    previous_until = models.DateTimeField(_("previous address valid until"), null=True, editable=False)
    last_heartbeat_at = models.DateTimeField(_("last heartbeat at"), null=True, editable=False)
    last_refused_at = models.DateTimeField(_("last refused at"), null=True, editable=False)
    last_refusal = models.CharField(_("why it was refused"), max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("heartbeat source")
        verbose_name_plural = _("heartbeat sources")
        constraints = [
            models.UniqueConstraint(fields=["game", "name"], name="heartbeat_source_name_once"),
            models.CheckConstraint(
                condition=Q(identifiers="registered", credential__isnull=False)
                | Q(identifiers="player", platform="portal", credential=None)
                | (Q(identifiers="platform", credential=None) & ~Q(platform="portal")),
                name="heartbeat_source_ids_fit_platform",
                violation_error_message=_(
                    "Registered identifiers need the credential they are registered under. Player ids are the "
                    "studio's own player's, platform user ids another platform's: both without a credential."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """One report of who watched one channel in one minute, stored whole before anything else (W1).

    ``due_at`` is the outbox: a row with a time there is counted when that time has come. ``viewer_list``, a row beside it,
    is dropped once counted; for what names somebody or something unknown it waits 48 hours for that to change (W9).
    """

    class Outcome(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", _("waiting to be counted")
        COUNTED = "counted", _("counted")
        NOWHERE = "nowhere", _("counted in no campaign")
        NO_BROADCASTER = "no_channel", _("unknown broadcaster")
        NO_GAME = "no_game", _("unknown game name")

    source = models.ForeignKey(
        HeartbeatSource, on_delete=models.PROTECT, db_index=False, related_name="heartbeats", verbose_name=_("source")
    )
    heartbeat_id = models.CharField(_("id"), max_length=200)
    sent_at = models.DateTimeField(_("time"))
    received_at = models.DateTimeField(_("received at"))
    broadcaster = models.CharField(_("broadcaster"), max_length=200)
    game_name = models.CharField(_("game name"), max_length=200)
    viewers = models.BigIntegerField(_("viewers reported"))
    listed = models.IntegerField(_("viewers listed"))
    unknown = models.IntegerField(_("ids of nobody"), default=0)
    retries = models.BigIntegerField(_("retries"), default=0)
    repeats = models.PositiveIntegerField(_("sent again"), default=0)
    conflicts = models.PositiveIntegerField(_("sent again with other contents"), default=0)
    digest = models.BinaryField(max_length=16)
    extra = models.TextField(_("further fields"), blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    channel = models.ForeignKey(
        Channel, on_delete=models.SET_NULL, null=True, db_index=False, related_name="+", verbose_name=_("channel")
    )
    due_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")
        constraints = [models.UniqueConstraint(fields=["source", "heartbeat_id"], name="heartbeat_once_per_source")]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="heartbeat_due"),
            models.Index(fields=["source", "-id"], name="heartbeat_list"),
            models.Index(
                fields=["source", "outcome", "broadcaster"],
                condition=Q(outcome__in=["no_channel", "no_game"], due_at=None),
                name="heartbeat_kept",
            ),
            # For lists: what needs a look is rare, and found however much was counted.
            models.Index(
                fields=["source", "outcome", "-id"],
                condition=Q(outcome__in=["nowhere", "no_channel", "no_game"]),
                name="heartbeat_not_counted",
            ),
            models.Index(fields=["source", "-id"], condition=Q(conflicts__gt=0), name="heartbeat_conflicting"),
        ]

    def __str__(self) -> str:
        return self.heartbeat_id


class HeartbeatViewers(models.Model):
    """Whom a heartbeat lists, as a JSON array. A row of its own, so that the space is free again once it is counted."""

    heartbeat = models.OneToOneField(
        Heartbeat, on_delete=models.CASCADE, primary_key=True, related_name="viewer_list", verbose_name=_("heartbeat")
    )
    ids = models.BinaryField()

    class Meta:
        verbose_name = _("viewers of a heartbeat")
        verbose_name_plural = _("viewers of heartbeats")

    def __str__(self) -> str:
        return str(self.heartbeat_id)


class RecentViewers(models.Model):
    """Whom a counted heartbeat credits, kept for an hour where a game event may ask who was watching just then (G4).

    ``numbers``: watcher numbers, as :func:`campaigns.watch.arrays.pack_numbers` writes them.
    """

    heartbeat = models.OneToOneField(
        Heartbeat,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="recent_viewers",
        verbose_name=_("heartbeat"),
    )
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, db_index=False, related_name="+")
    minute = models.PositiveIntegerField(_("minute"))
    numbers = models.BinaryField()
    kept_at = models.DateTimeField(_("kept since"))

    class Meta:
        verbose_name = _("recent viewers of a channel")
        verbose_name_plural = _("recent viewers of channels")
        indexes = [
            models.Index(fields=["channel", "minute"], name="recent_viewers_find"),
            models.Index(fields=["kept_at"], name="recent_viewers_age"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.minute}"


class HeartbeatTally(models.Model):
    """How many calls of a source ended how, by the hour: accepted, repeated, refused (P1)."""

    source = models.ForeignKey(HeartbeatSource, on_delete=models.CASCADE, db_index=False, related_name="tallies")
    hour = models.DateTimeField(_("hour"))
    outcome = models.CharField(_("outcome"), max_length=20)
    count = models.PositiveBigIntegerField(_("count"), default=0)

    class Meta:
        verbose_name = _("heartbeat count")
        verbose_name_plural = _("heartbeat counts")
        constraints = [models.UniqueConstraint(fields=["source", "hour", "outcome"], name="heartbeat_tally_once")]

    def __str__(self) -> str:
        return f"{self.outcome} {self.count}"


class RegisteredIdentifier(models.Model):
    """A viewer's ULID, registered with a platform so that its heartbeats name the viewer by it (I2, L10).

    One for each credential and viewer. ``due_at`` is the outbox of the job that registers, checks and removes. The
    viewer's token is kept for that alone, encrypted, and goes with the removal (L9).
    """

    class State(models.TextChoices):
        """Where the registration stands on the platform."""

        WANTED = "wanted", _("to be registered")
        REGISTERED = "registered", _("registered")
        UNWANTED = "unwanted", _("to be removed")
        LAPSED = "lapsed", _("authorization lapsed")

    credential = models.ForeignKey(
        PlatformCredential, on_delete=models.PROTECT, related_name="identifiers", verbose_name=_("platform credential")
    )
    viewer = models.ForeignKey(
        "campaigns.Viewer", on_delete=models.PROTECT, related_name="identifiers", verbose_name=_("viewer")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WANTED)
    wanted_at = models.DateTimeField(_("wanted since"))
    registered_at = models.DateTimeField(_("registered at"), null=True)
    checked_at = models.DateTimeField(_("last checked at"), null=True)
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(_("failures in a row"), default=0)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    access_token = EncryptedTextField(blank=True, editable=False)
    refresh_token = EncryptedTextField(blank=True, editable=False)
    token_expires_at = models.DateTimeField(null=True, editable=False)
    validated_at = models.DateTimeField(_("token validated at"), null=True, editable=False)

    class Meta:
        verbose_name = _("registered identifier")
        verbose_name_plural = _("registered identifiers")
        constraints = [
            models.UniqueConstraint(fields=["credential", "viewer"], name="identifier_once_per_credential"),
            models.CheckConstraint(
                condition=~Q(state="registered") | Q(registered_at__isnull=False), name="identifier_registered_has_time"
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="identifier_due")]

    def __str__(self) -> str:
        return f"{self.viewer} · {self.credential}"


class SourceTest(models.Model):
    """A producer's try with the own channel (step 7 of Twitch's Drops guide): from *I am live* to the first minute.

    When the first heartbeat and the first credited minute came is read from heartbeats and ledger, not kept here.
    """

    source = models.ForeignKey(
        HeartbeatSource, on_delete=models.CASCADE, related_name="tests", verbose_name=_("heartbeat source")
    )
    platform_user_id = models.CharField(_("channel id"), max_length=200)
    started_at = models.DateTimeField(_("started at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        verbose_name = _("test of a source")
        verbose_name_plural = _("tests of sources")
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="source_test_interval"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} · {self.platform_user_id}"
