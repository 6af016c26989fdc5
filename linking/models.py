"""Players, links, and how a game lets its players prove themselves (I2, L2, L5)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from campaigns.models import Game, Viewer
from portal import platforms
from portal.encryption import EncryptedTextField
from portal.http import validate_outbound_url
from portal.ids import ULIDField, new_ulid
from portal.models import PlatformCredential


class Player(models.Model):
    """One game account: (game, player id)."""

    game = models.ForeignKey(Game, on_delete=models.PROTECT, related_name="players", verbose_name=_("game"))
    player_id = models.CharField(_("player id"), max_length=200)
    name = models.CharField(_("name"), max_length=200, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="players",
        verbose_name=_("portal account"),
    )
    created_at = models.DateTimeField(_("first seen at"), auto_now_add=True)

    class Meta:
        verbose_name = _("player")
        verbose_name_plural = _("players")
        constraints = [models.UniqueConstraint(fields=["game", "player_id"], name="player_once_per_game")]
        indexes = [
            models.Index(fields=["player_id"], name="player_id_search"),
            models.Index(Lower("name"), name="player_name_folded"),
        ]

    def __str__(self) -> str:
        return self.name or self.player_id


class Link(models.Model):
    """Binds a viewer to a player for one game. Ended with time and reason, never deleted (L5)."""

    class EndReason(models.TextChoices):
        """Who or what ended a link."""

        VIEWER = "viewer", _("unlinked by the player")
        STAFF = "staff", _("unlinked by staff on request")
        REVOKED = "revoked", _("authorization withdrawn on the platform")
        ERASED = "erased", _("erased on request")

    id = ULIDField(primary_key=True, default=new_ulid)
    game = models.ForeignKey(Game, on_delete=models.PROTECT, related_name="links", verbose_name=_("game"))
    viewer = models.ForeignKey(Viewer, on_delete=models.PROTECT, related_name="links", verbose_name=_("viewer"))
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="links", verbose_name=_("player"))
    platform = models.CharField(_("platform"), max_length=32, validators=[platforms.validate_platform])
    scopes = models.CharField(_("scopes"), max_length=500, blank=True)
    started_at = models.DateTimeField(_("linked at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    end_reason = models.CharField(_("why it ended"), max_length=10, choices=EndReason.choices, blank=True)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints = [
            models.UniqueConstraint(
                fields=["game", "viewer"], condition=Q(ended_at=None), name="link_viewer_active_once"
            ),
            models.UniqueConstraint(
                fields=["player", "platform"], condition=Q(ended_at=None), name="link_player_platform_active_once"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end_reason="") | (Q(ended_at__gte=F("started_at")) & ~Q(end_reason="")),
                name="link_ended_with_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["game", "-started_at"], name="link_list"),
            models.Index(fields=["game", "platform", "-started_at"], name="link_platform"),
            models.Index(fields=["game", "-started_at"], condition=Q(ended_at__isnull=False), name="link_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.viewer} → {self.player}"


class ViewerAuthorization(models.Model):
    """Whether a linked viewer still authorizes the studio's app, as its platform was last asked (L9).

    ``missing_since`` is set where the platform did not name the viewer: the authorization seems to have lapsed, and links
    end only when it says so once more, later. ``due_at`` is when it is asked next; empty: no link is active.
    ``credential`` is the one of the viewer's organization and platform, kept here so that what is due is found by it.
    """

    viewer = models.OneToOneField(Viewer, on_delete=models.CASCADE, primary_key=True, related_name="authorization")
    credential = models.ForeignKey(
        PlatformCredential, on_delete=models.CASCADE, db_index=False, related_name="authorizations"
    )
    due_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(_("last checked at"), null=True)
    missing_since = models.DateTimeField(_("missing since"), null=True)

    class Meta:
        verbose_name = _("viewer's authorization")
        verbose_name_plural = _("viewers' authorizations")
        indexes = [
            models.Index(fields=["credential", "due_at"], condition=Q(due_at__isnull=False), name="authorization_due"),
            models.Index(fields=["credential"], condition=Q(missing_since__isnull=False), name="authorization_missing"),
        ]

    def __str__(self) -> str:
        return str(self.viewer_id)


class AuthorizationTurn(models.Model):
    """When a credential's platform is next asked for its viewers, and how that went (L9).

    ``due_at`` is also the lease: whoever moves it by compare-and-set has the turn. ``doubted_since`` is set where the
    platform suddenly named so few of those it was asked for that its silence is not believed; ``asked`` and ``missing`` are
    the numbers by which that was judged last.
    """

    credential = models.OneToOneField(
        PlatformCredential, on_delete=models.CASCADE, primary_key=True, related_name="authorization_turn"
    )
    due_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="Turns that failed since one last succeeded.")
    doubted_since = models.DateTimeField(_("doubted since"), null=True)
    asked = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("turn of asking for authorizations")
        verbose_name_plural = _("turns of asking for authorizations")

    def __str__(self) -> str:
        return str(self.credential_id)


class GameSignIn(models.Model):
    """One way in which a game's players prove that an account is theirs (L2). A game without a row uses portal accounts."""

    class Method(models.TextChoices):
        """How the proof is given."""

        PORTAL = "portal", _("an account on this portal")
        OIDC = "oidc", _("the studio's sign-in (OpenID Connect)")
        LINK_TOKEN = "link_token", _("a link that the game makes")

    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="sign_ins", verbose_name=_("game"))
    method = models.CharField(_("method"), max_length=12, choices=Method.choices)
    label = models.CharField(
        _("button text"), max_length=60, blank=True, help_text=_("For example: Sign in with your Starfall account")
    )
    issuer = models.CharField(
        _("issuer"), max_length=500, blank=True, validators=[validate_outbound_url], help_text=_("OpenID Connect only.")
    )
    client_id = models.CharField(_("client id"), max_length=200, blank=True)
    client_secret = EncryptedTextField(_("client secret"), blank=True)
    player_id_claim = models.CharField(_("claim with the player id"), max_length=60, default="sub")
    name_claim = models.CharField(_("claim with the name"), max_length=60, default="preferred_username")
    token_secret = EncryptedTextField(
        _("link token secret"), blank=True, help_text=_("The game signs link tokens with it (HS256). Link tokens only.")
    )
    previous_token_secret = EncryptedTextField(blank=True, editable=False)

    class Meta:
        verbose_name = _("player sign-in")
        verbose_name_plural = _("player sign-ins")
        constraints = [
            models.UniqueConstraint(fields=["game", "method"], name="game_sign_in_once"),
            models.CheckConstraint(
                condition=~Q(method="oidc") | (~Q(issuer="") & ~Q(client_id="")),
                name="game_sign_in_oidc_complete",
                violation_error_message=_("OpenID Connect needs the issuer and the client id."),
            ),
        ]

    def __str__(self) -> str:
        return self.get_method_display()


class UsedLinkToken(models.Model):
    """A link token that was used: it works once (L2). Rows go when the token would have expired anyway."""

    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="+")
    token_id = models.CharField(max_length=200)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["game", "token_id"], name="link_token_once")]

    def __str__(self) -> str:
        return self.token_id
