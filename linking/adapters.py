"""What allauth does differently here: apps from the game at hand, and platform accounts that never sign anybody in (I3, I4)."""

from __future__ import annotations

import functools
import logging
from typing import Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.utils import perform_login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount import app_settings
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers import registry
from allauth.socialaccount.providers.base import AuthError
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

from campaigns.models import Game, Viewer
from campaigns.registering.tokens import ViewerToken
from campaigns.registering.wanting import scopes_to_register
from campaigns.returning import recognize_viewers
from linking import failures, pending
from linking.flow import Flow, app_of, flow_of, last_game, oidc_provider
from linking.hooks import call_renamed
from linking.models import GameSignIn
from linking.players import NotProven, choose_player, is_game_user, prove_oidc_player
from linking.providers.base import MISCONFIGURED, UNREACHABLE, SignInFailed
from portal import platforms
from portal.http import requests_session
from portal.joining import comes_from_invitation

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts of the portal itself."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Tell whether the game that the person comes from, or any game where none is told, uses portal accounts.

        Who is invited to work here needs one in any case: a new organization has no game yet.
        """
        if comes_from_invitation(request):
            return True
        game = game_of_next(request)
        others = GameSignIn.objects.exclude(method=GameSignIn.Method.PORTAL)
        ours = GameSignIn.objects.filter(method=GameSignIn.Method.PORTAL)
        if game is not None:
            return ours.filter(game=game).exists() or not others.filter(game=game).exists()
        return ours.exists() or Game.objects.exclude(pk__in=others.values("game")).exists()

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Lead staff to the admin, and a player back to the game whose page was seen last."""
        if getattr(request.user, "is_staff", False):
            return reverse("admin:index")
        game = last_game(request)
        return game_url(game) if game else super().get_login_redirect_url(request)

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """Lead a new account back to the game whose page was seen last."""
        game = last_game(request)
        return game_url(game) if game else super().get_signup_redirect_url(request)

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Leave out who is signed in: the game's pages say it where it matters, and by the name players know."""
        if message_template != "account/messages/logged_in.txt":
            super().add_message(request, level, message_template, *args, **kwargs)

    def set_password(self, user: Any, password: str) -> None:
        """Set a password, but none for a game user: it would become an account that a studio can open (I4)."""
        if not user.has_usable_password() and user.players.exclude(player_id=user.public_id).exists():
            raise PermissionDenied
        super().set_password(user, password)


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Sign-ins at platforms and at studios' own sign-in."""

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Any:
        """Return the provider with the app of the flow that this request belongs to.

        Raises ``ImmediateHttpResponse`` with a page where a platform's answer belongs to no flow of this session or
        the app is gone, ``SocialApp.DoesNotExist`` (a 404 in allauth's own views) where nothing may start here.
        """
        flow = flow_of(request)
        if platforms.is_known(provider):
            if flow is None or flow.platform != provider:
                raise ImmediateHttpResponse(failures.page(request, failures.STALE, platform=provider))
        elif flow is None or flow.platform or flow.game.pk != provider:
            if getattr(request, "linking_own_callback", False):
                raise ImmediateHttpResponse(failures.page(request, failures.STALE))
            raise SocialApp.DoesNotExist
        try:
            app = app_of(flow)
        except SocialApp.DoesNotExist:
            raise ImmediateHttpResponse(
                failures.page(request, failures.MISCONFIGURED, platform=flow.platform, game=flow.game)
            ) from None
        if not flow.platform:
            return oidc_provider(request, app)
        return registry.get_class(provider)(request, app=app)

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        """Return none: apps exist only within a game's sign-in, so no page can offer them elsewhere."""
        return []

    def get_requests_session(self) -> Any:
        """Return a session that leads through the one outbound door (D7), with a limit on the time it takes."""
        session = requests_session()
        session.request = functools.partial(session.request, timeout=app_settings.REQUESTS_TIMEOUT)  # type: ignore[method-assign]
        return session

    def serialize_instance(self, instance: Any) -> Any:
        """Keep tokens out of what allauth puts into sessions altogether (L9)."""
        if isinstance(instance, SocialToken):
            return {}
        return super().serialize_instance(instance)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Refuse: nobody gets an account by allauth's own social sign-up."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> NoReturn:
        """Take the identity, and nothing else, out of what the other side said; allauth's own way ends here (I3)."""
        flow = flow_of(request)
        if flow is None:
            raise ImmediateHttpResponse(failures.page(request, failures.STALE))
        if flow.platform:
            raise ImmediateHttpResponse(viewer_proven(request, flow, sociallogin))
        raise ImmediateHttpResponse(player_proven(request, flow, sociallogin))

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Any = None,
        extra_context: Any = None,
    ) -> NoReturn:
        """Say in plain words what went wrong, with the way back to the game's page."""
        flow = flow_of(request)
        if error == AuthError.CANCELLED or (flow is not None and not {"code", "error"} & set(request.GET)):
            # What is sent back to a state that is known without a word is no consent either.
            kind = failures.DENIED
        elif isinstance(exception, SignInFailed):
            kind = exception.kind
        elif isinstance(exception, OSError):  # what requests raises: no answer, in time or at all
            kind = UNREACHABLE
        elif exception is None and "error" in request.GET:
            kind = MISCONFIGURED
        elif exception is None:
            kind = failures.STALE
        else:
            kind = failures.REJECTED
        log.warning(
            "sign-in failed",
            extra={"kind": kind, "platform": flow.platform if flow else "", "game": flow.game.pk if flow else ""},
        )
        raise ImmediateHttpResponse(
            failures.page(request, kind, platform=flow.platform if flow else "", game=flow.game if flow else None)
        )


def viewer_proven(request: HttpRequest, flow: Flow, sociallogin: Any) -> HttpResponse:
    """Record the viewer and lead to the confirm page, where the link is made or not (L4)."""
    names = sociallogin.account.extra_data
    recognize_viewers([(flow.game.organization_id, flow.platform, sociallogin.account.uid)])
    viewer, created = Viewer.objects.get_or_create(
        organization=flow.game.organization,
        platform=flow.platform,
        platform_user_id=sociallogin.account.uid,
        defaults={"login": names["login"], "name": names["name"]},
    )
    if not created and (viewer.login, viewer.name) != (names["login"], names["name"]):
        had = (viewer.login, viewer.name)
        viewer.login, viewer.name = names["login"], names["name"]
        with transaction.atomic():
            viewer.save(update_fields=["login", "name"])
            call_renamed(viewer, had, timezone.now())
    pending.keep(
        request,
        game=flow.game,
        viewer=viewer,
        scopes=list(flow.scopes),
        token=token_to_keep(flow, sociallogin.token),
        now=timezone.now(),
    )
    return redirect("confirm_link", flow.game.organization.slug, flow.game.slug, flow.platform)


def token_to_keep(flow: Flow, given: Any) -> ViewerToken | None:
    """Return the viewer's tokens if the game needs them to register the viewer, and the sign-in asked for that (L9)."""
    needed = scopes_to_register([flow.game.pk]).get((flow.game.pk, flow.platform), ())
    if not needed or not set(needed) <= set(flow.scopes):
        return None
    return ViewerToken(access_token=given.token, refresh_token=given.token_secret, expires_at=given.expires_at)


def player_proven(request: HttpRequest, flow: Flow, sociallogin: Any) -> HttpResponse:
    """Sign in as the player that the studio's sign-in vouches for."""
    answer = sociallogin.provider.account_class(_Claims(sociallogin.account.extra_data)).get_user_data() or {}
    sign_in = GameSignIn.objects.select_related("game").get(game=flow.game, method=GameSignIn.Method.OIDC)
    try:
        player = prove_oidc_player(sign_in=sign_in, claims=answer, now=timezone.now())
    except NotProven as refusal:
        return failures.page(request, failures.NOT_PROVEN, game=flow.game, sentence=refusal.sentence)
    return sign_in_player(request, player, game=flow.game)


class _Claims:
    def __init__(self, extra_data: Any) -> None:
        self.extra_data = extra_data


def sign_in_player(request: HttpRequest, player: Any, *, game: Game) -> HttpResponse:
    """Sign in as a proven player's game user and lead to the next step of the game's page."""
    user = player.user
    if request.user != user:
        if not is_game_user(user):
            raise PermissionDenied
        waiting = pending.take_along(request, game=game)
        if request.user.is_authenticated:
            AccountAdapter(request).logout(request)
        response: HttpResponse = perform_login(request, user, redirect_url=next_step(request, game, waiting))
        pending.put_back(request, waiting)
    else:
        response = redirect(next_step(request, game, pending.take_along(request, game=game)))
    choose_player(request, player)
    return response


def next_step(request: HttpRequest, game: Game, waiting: dict[str, Any]) -> str:
    """Return the confirm page where a platform account waits for this game, else the game's page."""
    for name in waiting:
        platform = name.partition(":")[2]
        return reverse("confirm_link", args=[game.organization.slug, game.slug, platform])
    return game_url(game)


def game_url(game: Game) -> str:
    """Return the address of a game's link page."""
    return reverse("connect_game", args=[game.organization.slug, game.slug])


def game_of_next(request: HttpRequest) -> Game | None:
    """Return the game whose page ``?next=`` leads to, else the one seen last in this session."""
    following = request.POST.get("next") or request.GET.get("next") or ""
    try:
        found = resolve(following.partition("?")[0]).kwargs if following.startswith("/") else {}
    except Resolver404:
        found = {}
    if "game" in found and "organization" in found:
        return Game.objects.filter(organization__slug=found["organization"], slug=found["game"]).first()
    return last_game(request)
