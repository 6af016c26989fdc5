"""How staff sign in: a second factor or passkey besides the password (I1), and when their sessions were last used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.middleware import UserSessionsMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from portal.encryption import decrypt, encrypt
from portal.organizations import standings_of


class MFAAdapter(DefaultMFAAdapter):
    """Second factors, their secrets encrypted at rest (S2)."""

    def encrypt(self, text: str) -> str:
        """Encrypt a secret before it is stored."""
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Read a stored secret."""
        return decrypt(encrypted_text)


def needs_second_factor(user: Any) -> bool:
    """Say whether somebody may work here with a second factor only: by the operator, or by an organization of theirs."""
    if not (user.is_authenticated and user.is_staff):
        return False
    if settings.PORTAL_STAFF_SECOND_FACTOR:
        return True
    return any(standing.second_factor for standing in standings_of(user).values())


def lacks_second_factor(user: Any) -> bool:
    """Say whether a member of staff still has to add the second factor that is demanded."""
    return needs_second_factor(user) and not is_mfa_enabled(user)


def ask_for_second_factor() -> HttpResponse:
    """Lead to the page where a second factor is added; it says why, as long as one is missing.

    Not by a message: a page that looks for news by itself would pile them up.
    """
    return redirect("mfa_index")


class SecondFactorMiddleware:
    """Keeps staff without a second factor out of the admin, and leads them to set one up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, or send the person to the page where a second factor is added."""
        if request.path.startswith(reverse("admin:index")) and lacks_second_factor(request.user):
            return ask_for_second_factor()
        return self.get_response(request)


SEEN_EVERY = timedelta(minutes=5)
_SEEN = "seen_at"


class SessionActivityMiddleware(UserSessionsMiddleware):
    """Notes when a session was last used, and from where, at most once in :data:`SEEN_EVERY`: not at every request."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; note it first where the last note is old."""
        # Who sends no session's cookie has none: partners' calls must not load one.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated and self._is_due(request):
            answer: HttpResponse = super().__call__(request)
            return answer
        response: HttpResponse = self.get_response(request)
        return response

    def _is_due(self, request: HttpRequest) -> bool:
        now = timezone.now()
        seen = request.session.get(_SEEN)
        if seen is not None and now < datetime.fromisoformat(seen) + SEEN_EVERY:
            return False
        request.session[_SEEN] = now.isoformat()
        return True


def note_sign_in(sender: Any, request: HttpRequest, **_more: Any) -> None:
    """Begin a session as just used: allauth notes it then."""
    if hasattr(request, "session"):
        request.session[_SEEN] = timezone.now().isoformat()
