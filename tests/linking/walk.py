"""What a viewer's browser does on the way from the game's page to the confirm page."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from campaigns.models import Game
from tests.doubles.oauth_server import OAuthServer

BASE = "http://localhost:8000"


def url(game: Game, rest: str = "") -> str:
    return f"/connect/{game.organization.slug}/{game.slug}/{rest}"


def start(client: Client, game: Game, platform: str, **form: str) -> str:
    """Press Connect; return the address of the consent page."""
    response = client.post(url(game, f"start/{platform}/"), form)
    assert response.status_code == 302, response.content.decode()
    return str(response["Location"])


def come_back(client: Client, address: str) -> Any:
    """Follow the platform's redirect back to the portal."""
    assert address.startswith(f"{BASE}/")
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def prove(client: Client, game: Game, server: OAuthServer, person: dict[str, Any]) -> Any:
    """Consent at the platform and return the portal's answer."""
    return come_back(client, server.consent(start(client, game, server.shape), person))


def confirm(client: Client, game: Game, platform: str, **changed: str) -> Any:
    """Open the confirm page and press the button on it, with what its form holds."""
    page = client.get(url(game, f"confirm/{platform}/")).content.decode()
    form = dict(re.findall(r'type="hidden" name="(token|player)" value="([^"]*)"', page))
    return client.post(url(game, f"confirm/{platform}/"), {**form, **changed})


def text_of(response: Any) -> str:
    """Return a page as a reader sees it: tags out, spaces single."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())
