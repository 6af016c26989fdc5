"""What the OAuth library asks of this project: how ids and secrets of clients look, and what scopes are called (A1)."""

from __future__ import annotations

import string
from typing import Any

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from oauthlib.common import generate_token

from fulfillment.oauth.secrets import new_secret
from fulfillment.rules.scopes import SCOPE_NAMES

CLIENT_ID_LENGTH = 30  # as Twitch's are
CLIENT_ID_CHARACTERS = string.ascii_lowercase + string.digits


class OIDCAdapter(DefaultOIDCAdapter):
    """The library's own answers, but for these."""

    scope_display: dict[str, Any] = dict(SCOPE_NAMES)

    def generate_client_id(self) -> str:
        """Return a new client id: 30 lower-case letters and digits."""
        return str(generate_token(CLIENT_ID_LENGTH, CLIENT_ID_CHARACTERS))

    def generate_client_secret(self) -> str:
        """Return a new secret of 256 random bits."""
        return new_secret()
