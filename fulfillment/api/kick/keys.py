"""Kick's public key, handed on (A1; Kick, Webhook security)."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from fulfillment.api.callers import find_caller
from fulfillment.api.kick.base import KickView, enveloped
from portal.models import PlatformCredential
from portal.platforms.kick import KICK
from portal.platforms.kick.signatures import DOCUMENTED_PUBLIC_KEY


class PublicKey(KickView):
    """The key that Kick's webhooks are signed with. No token is needed, as at Kick.

    Whoever asks is a client written for Kick that has only its base URL changed. Kick signs the webhooks that it gets,
    not the portal, whose own deliveries carry signatures of Standard Webhooks. So this is Kick's key and none of the
    portal's: the one that the portal checks the same webhooks with.
    """

    http_method_names = ["get", "head", "options"]

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Ask for no token, and count no call: nobody may be known."""

    def get(self, request: Request) -> HttpResponse:
        """Return the key. A token that is good names the organization; one that is not is no reason to refuse."""
        caller = find_caller(self.token_in(request), now=timezone.now())
        organization = caller.client.organization if caller else None
        known = organization is not None and organization.enabled
        return enveloped({"public_key": public_key(organization.pk if organization and known else None)})


def public_key(organization_id: str | None) -> str:
    """Return the key of an organization's webhooks, in PEM; None: of whoever receives them from Kick itself.

    An organization may receive them from elsewhere, as from the sandbox. That key is told to its own clients alone: to
    all others it would be a key with which somebody else could sign in Kick's name. So they get the newest one that
    was fetched from Kick's own address, and before any was, the one in Kick's documentation.
    """
    fetched = PlatformCredential.objects.filter(platform=KICK.key, enabled=True, organization__enabled=True)
    fetched = fetched.exclude(public_key="").order_by("-public_key_fetched_at", "pk")
    own = _first(fetched.filter(organization=organization_id)) if organization_id else None
    return own or _first(fetched.filter(api_url__in=["", KICK.api_url, f"{KICK.api_url}/"])) or DOCUMENTED_PUBLIC_KEY


def _first(credentials: QuerySet[PlatformCredential]) -> str | None:
    return credentials.values_list("public_key", flat=True).first()
