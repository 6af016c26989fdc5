"""Which game and which app a sign-in belongs to (I4): told by its ``state``, so that two tabs for two games work.

allauth asks for the app before it opens the state it kept in the session, and again after it threw the state away. So
the state is looked at early and what it says is remembered on the request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.socialaccount.internal import statekit
from allauth.socialaccount.models import SocialApp
from django.http import HttpRequest

from campaigns.models import Game
from linking.models import GameSignIn
from linking.providers.oidc import GameOpenIDConnectProvider
from linking.scopes import needed_scopes
from portal import platforms
from portal.models import PlatformCredential

LAST_GAME_KEY = "linking_game"
_ON_REQUEST = "linking_flow"


@dataclass(frozen=True)
class Flow:
    """One sign-in on its way: for a game, at a platform (empty: at the studio's own sign-in)."""

    game: Game
    platform: str
    scopes: tuple[str, ...] = ()


def credential_of(game: Game, platform: str) -> PlatformCredential | None:
    """Return the app that a game's viewers sign in with at a platform, or None where there is none to use."""
    return (
        PlatformCredential.objects.filter(organization=game.organization_id, platform=platform, enabled=True)
        .exclude(client_id="")
        .first()
    )


def platform_app(credential: PlatformCredential, *, scopes: list[str], again: bool = False) -> SocialApp:
    """Return allauth's app made from a credential, never stored. ``again`` has the platform ask which account it is."""
    return SocialApp(
        provider=credential.platform,
        name=credential.platform,
        client_id=credential.client_id,
        secret=str(credential.client_secret),
        settings={
            "id_url": credential.sign_in_base,
            "api_url": credential.api_base,
            "scope": scopes,
            "auth_params": dict(platforms.get(credential.platform).asks_again) if again else {},
        },
    )


def oidc_app(sign_in: GameSignIn) -> SocialApp:
    """Return allauth's app made from a game's OpenID settings, never stored."""
    return SocialApp(
        provider="openid_connect",
        provider_id=sign_in.game_id,
        name=sign_in.label or sign_in.game.name,
        client_id=sign_in.client_id,
        secret=str(sign_in.client_secret),
        settings={"server_url": sign_in.issuer.rstrip("/")},
    )


def begin(request: HttpRequest, flow: Flow) -> None:
    """Remember on the request which flow it starts or continues."""
    setattr(request, _ON_REQUEST, flow)


def flow_of(request: HttpRequest) -> Flow | None:
    """Return the flow of this request: remembered, or named by the state that the platform sent back."""
    flow: Flow | None = getattr(request, _ON_REQUEST, None)
    if flow is not None:
        return flow
    stashed = statekit.get_states(request).get(request.GET.get("state", ""))
    data = stashed[0].get("data") if stashed else None
    if not isinstance(data, dict) or "game" not in data:
        return None
    game = Game.objects.select_related("organization").filter(pk=data["game"]).first()
    if game is None:
        return None
    flow = Flow(game=game, platform=data.get("platform", ""), scopes=tuple(data.get("scopes", ())))
    begin(request, flow)
    return flow


def state_data(flow: Flow) -> dict[str, Any]:
    """Return what goes into the state of a flow."""
    return {"game": flow.game.pk, "platform": flow.platform, "scopes": list(flow.scopes)}


def app_of(flow: Flow, *, again: bool = False) -> SocialApp:
    """Return the app of a flow. Raises ``SocialApp.DoesNotExist`` where the game has none there (any more)."""
    if flow.platform:
        credential = credential_of(flow.game, flow.platform)
        if credential is not None:
            return platform_app(credential, scopes=needed_scopes(flow.game, flow.platform), again=again)
    else:
        sign_in = GameSignIn.objects.select_related("game").filter(game=flow.game, method="oidc").first()
        if sign_in is not None:
            return oidc_app(sign_in)
    raise SocialApp.DoesNotExist


def oidc_provider(request: HttpRequest, app: SocialApp) -> GameOpenIDConnectProvider:
    """Return the provider for a game's own sign-in."""
    return GameOpenIDConnectProvider(request, app=app)


def remember_game(request: HttpRequest, game: Game) -> None:
    """Keep in the session whose page was seen last: the way back when a sign-in goes wrong."""
    if request.session.get(LAST_GAME_KEY) != game.pk:
        request.session[LAST_GAME_KEY] = game.pk


def last_game(request: HttpRequest) -> Game | None:
    """Return the game whose page was seen last in this session."""
    pk = request.session.get(LAST_GAME_KEY)
    return Game.objects.select_related("organization").filter(pk=pk).first() if pk else None
