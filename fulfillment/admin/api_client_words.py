"""API clients in words: what they may do, how they are doing, and calls to try them with (A1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from fulfillment.game_state.pairs import games_of
from fulfillment.models import ApiClient
from fulfillment.rules.scopes import (
    ANALYTICS,
    CLAIMS_READ,
    CLAIMS_WRITE,
    GAME_STATE_READ,
    GAME_STATE_WRITE,
    SCOPE_NAMES,
)
from portal.admin_words import chip

SCOPE_TEXTS: Mapping[str, str | Promise] = {
    CLAIMS_READ: _("Lists the claims of all your games, with the players they are for."),
    CLAIMS_WRITE: _("Says that rewards were handed over. That moves claims of games that fetch theirs."),
    ANALYTICS: _("Downloads each game's watched minutes, viewers and claims by day. No persons."),
    GAME_STATE_READ: _("Reads what game servers stream of the games below, and which players' channels are live."),
    GAME_STATE_WRITE: _("Connects as the game server of the games below. What it says can earn rewards."),
}
"""What each scope means, for those who give it."""

SOON = timedelta(days=30)
"""A client that expires within this time is pointed out."""


def scopes_in_words(client: ApiClient) -> str:
    """Return what a client may do."""
    may = client.oauth.get_scopes()
    return ", ".join(str(name) for scope, name in SCOPE_NAMES if scope in may) or _t("nothing")


def lacks_games(client: ApiClient) -> bool:
    """Tell whether a client may stream or read game state, but of no game (G2)."""
    of_games = {GAME_STATE_READ, GAME_STATE_WRITE}
    return client.revoked_at is None and bool(of_games & set(client.oauth.get_scopes())) and not games_of(client)


def client_state(client: ApiClient, *, now: datetime) -> tuple[SafeString, str]:
    """Return the state of a client as a chip and, for its page, in a sentence."""
    if client.revoked_at is not None:
        return chip(_t("revoked"), "block"), _t(
            "Revoked at %(time)s. Its secret and its tokens are worth nothing, and that cannot be undone: make a new "
            "client instead."
        ) % {"time": _stamp(client.revoked_at)}
    if client.expires_at is not None and client.expires_at <= now:
        return chip(_t("expired"), "event_busy", "drops-chip-error"), _t(
            "Expired at %(time)s: every call is refused. Enter a later time, and it works again with the same secret."
        ) % {"time": _stamp(client.expires_at)}
    if not client.organization.enabled:
        return chip(_t("organization not enabled"), "domain_disabled", "drops-chip-attention"), _t(
            "The organization is not enabled: calls are refused until the portal's administrator enables it."
        )
    if client.expires_at is not None and client.expires_at <= now + SOON:
        return chip(_expires_in(client.expires_at - now), "event_upcoming", "drops-chip-attention"), _t(
            "It works until %(time)s. Enter a later time below, or have another client take over before."
        ) % {"time": _stamp(client.expires_at)}
    return chip(_t("active"), "check", "drops-chip-ok"), _t("It works: its calls are answered.")


def _expires_in(left: timedelta) -> str:
    if left < timedelta(days=1):
        return _t("expires within a day")
    return ngettext("expires in %(days)s day", "expires in %(days)s days", left.days) % {"days": left.days}


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True)
class Example:
    """Calls to paste into a shell: they get a token, and do with it what the client may do."""

    platform: str
    base: str
    token_url: str
    commands: str


_TOKEN = """\
TOKEN=$(curl -s '{url}' -d grant_type=client_credentials \\
  -d client_id={client_id} -d client_secret={secret} \\
  | sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/')
"""
_TWITCH = """\
curl -i '{base}{call}' \\
  -H "Authorization: Bearer $TOKEN" -H 'Client-Id: {client_id}'"""
_KICK = """\
curl -i '{base}{call}' -H "Authorization: Bearer $TOKEN\""""


def gateway_of(client: ApiClient) -> str:
    """Return where game servers connect, for a client that may stream game state; else an empty text (G1)."""
    return settings.PORTAL_GATEWAY_URL if GAME_STATE_WRITE in client.oauth.get_scopes() else ""


def examples(client: ApiClient, *, secret: str) -> list[Example]:
    """Return calls for either shape that work as they stand, once ``secret`` is the client's."""
    may, url = client.oauth.get_scopes(), settings.BASE_URL
    values = {"client_id": client.oauth_id, "secret": secret}
    twitch = "/entitlements/drops" if CLAIMS_READ in may else "/analytics/games" if ANALYTICS in may else ""
    kick = "/drops/claims" if CLAIMS_READ in may else ""
    found = []
    for platform, base, token_url, call, template in (
        ("Twitch", f"{url}/helix", f"{url}/oauth2/token", twitch, _TWITCH),
        ("Kick", f"{url}/public/v1", f"{url}/oauth/token", kick, _KICK),
    ):
        commands = _TOKEN.format(url=token_url, **values)
        commands += template.format(base=base, call=call, **values) if call else 'echo "$TOKEN"'
        found.append(Example(platform, base, token_url, commands))
    return found
