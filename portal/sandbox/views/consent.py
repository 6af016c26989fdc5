"""The consent pages of Twitch and Kick: who are you, and do you allow this app?"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.sandbox.catalogue import add_user, first_users, platform_label
from portal.sandbox.forms import UserForm
from portal.sandbox.models import Platform, PlatformUser
from portal.sandbox.oauth import (
    AuthorizationRequest,
    Refused,
    check_client,
    grant_consent,
)

PERMISSIONS = {
    (Platform.TWITCH.value, "viewing_activity_read"): (
        "See which channels of the game you watch, minute by minute, while you are signed in."
    ),
    (Platform.TWITCH.value, "user_read"): "See your profile, your e-mail address too.",
    (Platform.TWITCH.value, "user:read:email"): "See your e-mail address.",
    (Platform.TWITCH.value, "analytics:read:games"): "See the reports about the games of your organization.",
    (Platform.KICK.value, "user:read"): "See who you are.",
}
"""What a user allows, in words of the sandbox's own."""


def read_request(*, platform: str, params: dict[str, str]) -> AuthorizationRequest:
    """Check the query of an authorize call. Raises Refused, which is shown and never redirected.

    Kick, "OAuth 2 flow": state, code_challenge and ``code_challenge_method=S256`` are required there.
    """
    app = check_client(platform=platform, client_id=params.get("client_id", ""), client_secret=None)
    redirect_uri = params.get("redirect_uri", "")
    if redirect_uri not in app.registered_uris():
        raise Refused(
            "redirect_mismatch",
            f"“{redirect_uri}” is not one of the app's registered redirect URIs",
        )
    if params.get("response_type") != "code":
        raise Refused("unsupported_response_type", "response_type must be “code”")
    challenge, method = (
        params.get("code_challenge", ""),
        params.get("code_challenge_method", ""),
    )
    if platform == Platform.KICK and not params.get("state"):
        raise Refused("invalid_request", "state is missing, and Kick requires it")
    if platform == Platform.KICK and not challenge:
        raise Refused("invalid_request", "code_challenge is missing, and Kick requires PKCE")
    if challenge and method != "S256":
        raise Refused("invalid_request", "code_challenge_method must be “S256”")
    # RFC 7636, 4.2: a SHA-256 digest in base64 without padding has 43 characters.
    if challenge and len(challenge) != 43:
        raise Refused("invalid_request", "code_challenge must have 43 characters")
    scopes = " ".join(params.get("scope", "").split())
    return AuthorizationRequest(app, redirect_uri, params.get("state", ""), scopes, challenge)


def permission_in_words(platform: str, scope: str) -> dict[str, str]:
    """A scope with what it permits; without words where the sandbox has none."""
    return {"scope": scope, "words": PERMISSIONS.get((platform, scope), "")}


def _back(wanted: AuthorizationRequest, answer: dict[str, str]) -> HttpResponse:
    joint = "&" if urlsplit(wanted.redirect_uri).query else "?"
    if wanted.state:
        answer["state"] = wanted.state
    return HttpResponseRedirect(f"{wanted.redirect_uri}{joint}{urlencode(answer)}")


@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest, platform: str) -> HttpResponse:
    """Ask for consent, always (``force_verify`` changes nothing), then send the browser back with a code."""
    label = platform_label(platform)
    try:
        wanted = read_request(platform=platform, params=request.GET.dict())
    except Refused as refusal:
        context = {"refusal": refusal, "platform": platform, "label": label}
        return render(request, "consent_error.html", context, status=400)
    decision = request.POST.get("decision", "")
    if decision == "deny":
        return _back(
            wanted,
            {
                "error": "access_denied",
                "error_description": "The user denied you access",
            },
        )
    if decision == "allow":
        user = get_object_or_404(PlatformUser, platform=platform, user_id=request.POST.get("user", ""))
        code = grant_consent(request=wanted, user=user, now=timezone.now())
        return _back(
            wanted,
            {"code": code, "scope": wanted.scopes} if platform == "twitch" else {"code": code},
        )
    form = UserForm(request.POST if decision == "add" else None, platform=platform)
    if decision == "add" and form.is_valid():
        values = form.cleaned_data
        user = add_user(
            platform=platform,
            display_name=values["display_name"],
            user_id=values["user_id"],
        )
        messages.success(request, f"{user.display_name} was added. Choose the user and allow.")
        return HttpResponseRedirect(request.get_full_path())
    context = {
        "wanted": wanted,
        "permissions": [permission_in_words(platform, scope) for scope in wanted.scopes.split()],
        "platform": platform,
        "label": label,
        "users": first_users(platform),
        "user_form": form,
        "client_host": urlsplit(wanted.redirect_uri).netloc,
    }
    return render(
        request,
        "consent.html",
        context,
        status=400 if decision == "add" else 200,
    )
