"""How staff sign in: a second factor or passkey besides the password (I1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.encryption import decrypt, encrypt


class MFAAdapter(DefaultMFAAdapter):
    """Second factors, their secrets encrypted at rest (S2)."""

    def encrypt(self, text: str) -> str:
        """Encrypt a secret before it is stored."""
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Read a stored secret."""
        return decrypt(encrypted_text)


def lacks_second_factor(user: Any) -> bool:
    """Say whether a member of staff still has to add a second factor, where the operator demands one."""
    return bool(
        settings.PORTAL_STAFF_SECOND_FACTOR and user.is_authenticated and user.is_staff and not is_mfa_enabled(user)
    )


def ask_for_second_factor(request: HttpRequest) -> HttpResponse:
    """Lead to the page where a second factor is added, and say why."""
    messages.info(request, _("Members of staff need a second factor. Add an authenticator app or a passkey to go on."))
    return redirect("mfa_index")


class SecondFactorMiddleware:
    """Keeps staff without a second factor out of the admin, and leads them to set one up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, or send the person to the page where a second factor is added."""
        if request.path.startswith(reverse("admin:index")) and lacks_second_factor(request.user):
            return ask_for_second_factor(request)
        return self.get_response(request)
