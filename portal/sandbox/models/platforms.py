"""What the stand-ins of Twitch and Kick remember: registered apps, catalogue, users, tokens, claims."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from ulid import ULID


class Platform(models.TextChoices):
    """The platforms that the sandbox plays."""

    TWITCH = "twitch", "Twitch"
    KICK = "kick", "Kick"


def new_ulid() -> str:
    """A new ULID as text: the form of Kick's ids."""
    return str(ULID())


def new_uuid() -> str:
    """A new random UUID as text: the form of Twitch's ids."""
    return str(uuid.uuid4())


def new_platform_id(platform: str) -> str:
    """A new id in the form that ``platform`` gives to rewards, campaigns and claims."""
    return new_ulid() if platform == Platform.KICK else new_uuid()


class Application(models.Model):
    """The studio's app and organization as registered with one platform; one for each platform."""

    platform = models.CharField(max_length=10, choices=Platform.choices, primary_key=True)
    client_id = models.CharField(max_length=200)
    client_secret = models.CharField(max_length=200)
    redirect_uris = models.TextField(help_text="One a line. A request must match one of them exactly.")
    organization_id = models.CharField(max_length=100)
    webhook_url = models.CharField(
        max_length=500,
        blank=True,
        help_text="Copy it from the portal's platform credentials.",
    )
    webhook_secret = models.CharField(
        max_length=100,
        blank=True,
        help_text="Twitch only: 10 to 100 characters, the same as in the portal. Kick signs with its own key instead.",
    )
    heartbeat_url = models.CharField(
        max_length=500,
        blank=True,
        help_text="Where heartbeats go: who watched, minute by minute. Shown once by the portal, at the heartbeat source.",
    )
    heartbeats_enabled = models.BooleanField(default=True)

    objects: ClassVar[models.Manager[Application]]

    def __str__(self) -> str:
        return f"{self.client_id} at {Platform(self.platform).label}"

    def registered_uris(self) -> list[str]:
        """The redirect URIs, as they must be sent."""
        return [line.strip() for line in self.redirect_uris.splitlines() if line.strip()]


class SigningKey(models.Model):
    """A platform's private key in PEM form; only Kick has one."""

    platform = models.CharField(max_length=10, choices=Platform.choices, primary_key=True)
    private_pem = models.TextField()

    objects: ClassVar[models.Manager[SigningKey]]

    def __str__(self) -> str:
        return f"Key of {Platform(self.platform).label}"


class AppliedSeed(models.Model):
    """A seed file that was read: it is not applied again over changes made by hand since."""

    digest = models.CharField(max_length=64, primary_key=True)
    applied_at = models.DateTimeField()

    objects: ClassVar[models.Manager[AppliedSeed]]

    def __str__(self) -> str:
        return self.digest


class Category(models.Model):
    """A game as the platform lists it; the id is a number as text."""

    platform = models.CharField(max_length=10, choices=Platform.choices)
    category_id = models.CharField(max_length=40)
    name = models.CharField(max_length=200)

    objects: ClassVar[models.Manager[Category]]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["platform", "category_id"], name="category_id_unique")]

    def __str__(self) -> str:
        return self.name


class Reward(models.Model):
    """One item; Twitch calls it a benefit."""

    platform = models.CharField(max_length=10, choices=Platform.choices)
    reward_id = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    external_id = models.CharField(
        max_length=200,
        blank=True,
        help_text="The item's id in the game. Optional; Kick sends it with every claim.",
    )

    objects: ClassVar[models.Manager[Reward]]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["platform", "reward_id"], name="reward_id_unique")]

    def __str__(self) -> str:
        return self.name


class Campaign(models.Model):
    """Rewards that can be claimed together, in one category."""

    platform = models.CharField(max_length=10, choices=Platform.choices)
    campaign_id = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    category = models.ForeignKey(Category, on_delete=models.PROTECT)

    objects: ClassVar[models.Manager[Campaign]]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["platform", "campaign_id"], name="campaign_id_unique")]

    def __str__(self) -> str:
        return self.name


class CampaignReward(models.Model):
    """A reward in a campaign, for so many watched minutes."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="entries")
    reward = models.ForeignKey(Reward, on_delete=models.PROTECT, related_name="entries")
    minutes = models.PositiveIntegerField()

    objects: ClassVar[models.Manager[CampaignReward]]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "reward"], name="reward_once_in_campaign")]

    def __str__(self) -> str:
        return f"{self.campaign.name}: {self.reward.name} ({self.minutes} min)"


class PlatformUser(models.Model):
    """A viewer on one platform. ``authorized_at`` is set while the user has the studio's app connected."""

    platform = models.CharField(max_length=10, choices=Platform.choices)
    # Text: Kick's ids are unsigned 64-bit numbers and do not fit a signed column.
    user_id = models.CharField(max_length=20)
    login = models.CharField(max_length=50)
    display_name = models.CharField(max_length=50)
    scopes = models.CharField(max_length=500, blank=True)
    authorized_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[PlatformUser]]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["platform", "user_id"], name="user_id_unique"),
            models.UniqueConstraint(fields=["platform", "login"], name="login_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.display_name} ({self.user_id})"


class AuthorizationCode(models.Model):
    """A one-time code that the consent page gave out."""

    code = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(PlatformUser, on_delete=models.CASCADE)
    client_id = models.CharField(max_length=200)
    redirect_uri = models.CharField(max_length=500)
    scopes = models.CharField(max_length=500, blank=True)
    code_challenge = models.CharField(max_length=128, blank=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[AuthorizationCode]]

    def __str__(self) -> str:
        return f"Code for {self.client_id}"


class Token(models.Model):
    """An access token with its refresh token; an app token has neither user nor refresh token."""

    platform = models.CharField(max_length=10, choices=Platform.choices)
    client_id = models.CharField(max_length=200)
    access_token = models.CharField(max_length=64, unique=True)
    refresh_token = models.CharField(max_length=64, unique=True, null=True)
    user = models.ForeignKey(PlatformUser, on_delete=models.CASCADE, null=True)
    scopes = models.CharField(max_length=500, blank=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    refresh_revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Token]]

    def __str__(self) -> str:
        return f"Token of {self.user or self.client_id}"

    def scope_list(self) -> list[str]:
        """The granted scopes, as Twitch lists them."""
        return self.scopes.split()


class Claim(models.Model):
    """A claim (Kick) or entitlement (Twitch) that a sandbox user made."""

    platform = models.CharField(max_length=10, choices=Platform.choices)
    claim_id = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(PlatformUser, on_delete=models.PROTECT)
    entry = models.ForeignKey(CampaignReward, on_delete=models.PROTECT)
    claimed_at = models.DateTimeField()
    # The platforms resend a message under its first id.
    message_id = models.CharField(max_length=64)
    event_id = models.CharField(max_length=64)
    # What the studio said of it through the claims API, in the platform's words.
    status = models.CharField(max_length=100, blank=True)
    status_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Claim]]

    def __str__(self) -> str:
        return self.claim_id

    def shown_status(self) -> str:
        """What the studio set, or what the platform begins with."""
        return self.status or ("CLAIMED" if self.platform == Platform.TWITCH else "initiated")


class WebhookAttempt(models.Model):
    """One request that told the portal about a claim, and what came back. Nothing was sent where there is no request."""

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="attempts")
    sent_at = models.DateTimeField()
    request_text = models.TextField()
    status = models.PositiveIntegerField(null=True)
    answer = models.TextField(blank=True)
    error = models.CharField(max_length=500, blank=True)
    duration_ms = models.PositiveIntegerField()

    objects: ClassVar[models.Manager[WebhookAttempt]]

    def __str__(self) -> str:
        return f"{self.claim} at {self.sent_at:%H:%M:%S}: {self.status or self.error}"

    def withheld(self) -> bool:
        """Whether nothing was sent; ``error`` says why."""
        return not self.request_text

    def accepted(self) -> bool:
        """Whether the receiver answered with any 2xx."""
        return self.status is not None and 200 <= self.status < 300
