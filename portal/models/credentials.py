"""What an organization is at one platform (I4)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal import platforms
from portal.encryption import EncryptedTextField
from portal.http import validate_outbound_url
from portal.ids import ULIDField, new_ulid
from portal.models.people import Organization
from portal.tokens import hash_token, new_token


class PlatformCredential(models.Model):
    """An organization's app at one platform: its secrets, its id there, and the address it is called at (I4, P1).

    The webhook address contains ``url_token``; its hash finds the row, so that the token is nowhere in clear text.
    ``previous_webhook_secret`` and ``previous_public_key`` are still accepted, for rotation.
    """

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="credentials", verbose_name=_("organization")
    )
    platform = models.CharField(_("platform"), max_length=32, validators=[platforms.validate_platform])
    enabled = models.BooleanField(_("enabled"), default=True)
    client_id = models.CharField(_("client id"), max_length=200)
    client_secret = EncryptedTextField(_("client secret"), blank=True)
    webhook_secret = EncryptedTextField(
        _("webhook secret"),
        blank=True,
        help_text=_("Needed where the platform signs its messages with a secret that you share with it."),
    )
    previous_webhook_secret = EncryptedTextField(_("previous webhook secret"), blank=True)
    # Since when each secret is the one that it is: whoever is to renew them is reminded by these.
    client_secret_set_at = models.DateTimeField(_("client secret set at"), null=True, editable=False)
    webhook_secret_set_at = models.DateTimeField(_("webhook secret set at"), null=True, editable=False)
    platform_organization_id = models.CharField(_("organization id there"), max_length=200, blank=True)
    id_url = models.CharField(
        _("sign-in address"),
        max_length=500,
        blank=True,
        validators=[validate_outbound_url],
        help_text=_("Empty: the platform's own."),
    )
    api_url = models.CharField(
        _("API address"),
        max_length=500,
        blank=True,
        validators=[validate_outbound_url],
        help_text=_("Empty: the platform's own."),
    )
    url_token = EncryptedTextField(editable=False)
    url_token_hash = models.CharField(max_length=64, unique=True, editable=False)
    public_key = models.TextField(
        _("public key"), blank=True, help_text=_("The platform signs with it. Fetched hourly by the portal.")
    )
    previous_public_key = models.TextField(blank=True, editable=False)
    public_key_fetched_at = models.DateTimeField(_("public key fetched at"), null=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("platform credential")
        verbose_name_plural = _("platform credentials")
        constraints = [
            models.UniqueConstraint(fields=["organization", "platform"], name="credential_once_per_platform")
        ]

    def __str__(self) -> str:
        return f"{platforms.get(self.platform).name} · {self.organization}"

    def renew_url_token(self) -> None:
        """Give this row a new secret address. The old one stops working as soon as the row is saved."""
        self.url_token = new_token()
        self.url_token_hash = hash_token(self.url_token)

    @property
    def sign_in_base(self) -> str:
        """Where this credential's OAuth endpoints are, without a slash at the end."""
        return (self.id_url or platforms.get(self.platform).id_url).rstrip("/")

    @property
    def api_base(self) -> str:
        """Where this credential's API is, without a slash at the end."""
        return (self.api_url or platforms.get(self.platform).api_url).rstrip("/")


class AppAccessToken(models.Model):
    """The app token that a credential has at its platform, kept until it ends. Of a changed client id it is worth nothing."""

    credential = models.OneToOneField(
        PlatformCredential, on_delete=models.CASCADE, primary_key=True, related_name="app_access_token"
    )
    client_id = models.CharField(max_length=200)
    access_token = EncryptedTextField()
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("app access token")
        verbose_name_plural = _("app access tokens")

    def __str__(self) -> str:
        return str(self.credential_id)


class ApiStanding(models.Model):
    """How the calls to a credential's platform go: since when they succeed or fail, and until when none is to be made."""

    credential = models.OneToOneField(
        PlatformCredential, on_delete=models.CASCADE, primary_key=True, related_name="api_standing"
    )
    paused_until = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="Since the last success.")
    problem = models.CharField(max_length=60, blank=True, help_text="A code of the last failure: PlatformError.")

    class Meta:
        verbose_name = _("standing of a platform's API")
        verbose_name_plural = _("standings of platforms' APIs")

    def __str__(self) -> str:
        return str(self.credential_id)


class ApiTally(models.Model):
    """How many calls to a credential's platform ended in one way, in one hour. Written every 10 seconds."""

    credential = models.ForeignKey(PlatformCredential, on_delete=models.CASCADE, related_name="api_tallies")
    hour = models.DateTimeField(_("hour"))
    outcome = models.CharField(_("outcome"), max_length=30)
    count = models.PositiveBigIntegerField(_("count"), default=0)
    last_at = models.DateTimeField(_("last at"), null=True)

    class Meta:
        verbose_name = _("count of calls")
        verbose_name_plural = _("counts of calls")
        constraints = [models.UniqueConstraint(fields=["credential", "hour", "outcome"], name="api_tally_once")]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.count}"
