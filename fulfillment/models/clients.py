"""Who may use the partner API (A1, A2): the clients of an organization, and how much they ask."""

from __future__ import annotations

from allauth.idp.oidc.models import Client
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Game
from portal.ids import ULIDField, new_ulid
from portal.models import Organization


class ApiClient(models.Model):
    """One program of an organization that speaks to the partner API.

    ``oauth`` is its other half, kept by the OAuth library: name, client id, scopes, redirect addresses, and the digests
    of its one or two secrets (:mod:`fulfillment.oauth.secrets`). Expired or revoked, it gets no tokens and those it
    has are worth nothing.
    """

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="api_clients", verbose_name=_("organization")
    )
    oauth = models.OneToOneField(Client, on_delete=models.PROTECT, related_name="api_client", editable=False)
    other_platforms = models.BooleanField(
        _("list the claims of all platforms"),
        default=False,
        help_text=_(
            "Off: in each platform's API only that platform's own claims are listed. On: those of all platforms and of "
            "the portal's own campaigns too, with fields that tell platform and player."
        ),
    )
    completing_texts = models.JSONField(
        _("statuses that complete a claim"),
        default=list,
        blank=True,
        help_text=_("Kick's API only: texts that mean the same as “processed”, one a line."),
    )
    points_per_minute = models.PositiveIntegerField(
        _("calls a minute"),
        default=800,
        validators=[MinValueValidator(1), MaxValueValidator(1_000_000)],
        help_text=_("How many calls are answered a minute with its own token, and as many for each player's."),
    )
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, editable=False)
    created_at = models.DateTimeField(_("created at"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", editable=False
    )

    class Meta:
        verbose_name = _("API client")
        verbose_name_plural = _("API clients")
        indexes = [models.Index(fields=["organization", "-id"], name="api_client_list")]

    def __str__(self) -> str:
        return self.oauth.name


class GameStateClient(models.Model):
    """That a client may stream the state of a game: the pair that is on the allow-list (G2)."""

    client = models.ForeignKey(
        ApiClient, on_delete=models.CASCADE, related_name="game_state_games", verbose_name=_("API client")
    )
    game = models.ForeignKey(
        Game, on_delete=models.CASCADE, db_index=False, related_name="game_state_clients", verbose_name=_("game")
    )
    allowed_at = models.DateTimeField(_("allowed at"))

    class Meta:
        verbose_name = _("game whose state a client may stream")
        verbose_name_plural = _("games whose state clients may stream")
        constraints = [models.UniqueConstraint(fields=["game", "client"], name="game_state_client_once")]

    def __str__(self) -> str:
        return f"{self.client} · {self.game}"


class GameStateRefusal(models.Model):
    """That a client's game servers were refused when they connected: for each reason when last (G2).

    Of what is refused later, the session itself keeps count; here there is no session yet.
    """

    client = models.ForeignKey(
        ApiClient,
        on_delete=models.CASCADE,
        db_index=False,
        related_name="game_state_refusals",
        verbose_name=_("client"),
    )
    code = models.CharField(_("why"), max_length=32)
    last_at = models.DateTimeField(_("last at"))

    class Meta:
        verbose_name = _("refusal of a game server")
        verbose_name_plural = _("refusals of game servers")
        constraints = [models.UniqueConstraint(fields=["client", "code"], name="game_state_refusal_once")]

    def __str__(self) -> str:
        return f"{self.client} {self.code}"


class ApiUse(models.Model):
    """How often a client asked in the present minute: the bucket of its rate limit, and when it last asked.

    ``who`` is empty for the client's own token, else the primary key of the user whose token it shows. ``minute`` counts from
    1970 in UTC.
    """

    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, db_index=False, related_name="uses")
    who = models.CharField(max_length=20, blank=True)
    minute = models.PositiveIntegerField()
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("use of the API")
        verbose_name_plural = _("uses of the API")
        constraints = [
            models.UniqueConstraint(fields=["client", "who"], name="api_use_once"),
            models.CheckConstraint(condition=Q(calls__gte=0), name="api_use_calls_counted"),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} {self.minute}: {self.calls}"
