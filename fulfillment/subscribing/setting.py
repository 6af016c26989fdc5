"""What a credential's subscriptions are made with: the address they are sent to, and the secret they are signed with."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.crypto import salted_hmac

from portal import platforms
from portal.models import PlatformCredential
from portal.platforms.subscriptions import Subscriptions
from portal.webhook_addresses import webhook_address


@dataclass(frozen=True, slots=True)
class Setting:
    """Address and secret of now, and what is kept of them with a subscription, to see later that either has changed.

    A digest is empty where the platform has no such thing.
    """

    callback: str = field(repr=False)
    secret: str = field(repr=False)
    callback_digest: str
    secret_digest: str

    @property
    def digests(self) -> tuple[str, str]:
        """Both digests, as the columns of a row have them: secret, address."""
        return self.secret_digest, self.callback_digest


def setting_of(credential: PlatformCredential, api: Subscriptions) -> Setting:
    """Return what the credential's subscriptions are made with now."""
    callback = webhook_address(credential)
    secret = credential.webhook_secret if api.needs_secret else ""
    return Setting(
        callback=callback,
        secret=secret,
        callback_digest=_digest(credential, callback) if api.names_callback else "",
        secret_digest=_digest(credential, secret) if api.needs_secret else "",
    )


def api_of(credential: PlatformCredential) -> Subscriptions | None:
    """Return how the credential's platform is subscribed to; None where there is nothing to subscribe to."""
    return platforms.get(credential.platform).subscriptions if platforms.is_known(credential.platform) else None


def _digest(credential: PlatformCredential, value: str) -> str:
    # Keyed: people choose webhook secrets, and a bare digest of a weak one could be guessed.
    return salted_hmac(f"subscription:{credential.pk}", value, algorithm="sha256").hexdigest() if value else ""
