"""The pages of a person's notices, and the link by which they stop e-mail without signing in."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfillment.notices.eligible import NotForYou, hide_campaign
from fulfillment.notices.forms import PreferenceForm
from fulfillment.notices.preferences import (
    BadToken,
    addresses_of,
    choose,
    key_of_token,
    preference_of,
    unsubscribe,
)
from fulfillment.notices.reading import mark_read, page_of
from portal.models import User
from portal.ratelimit import client_address, hit, limited, too_many

_UNSUBSCRIBES = 20
_WINDOW_SECONDS = 300
_MOST_DIGITS = 18
"""So many digits of a number surely fit the database's."""


@never_cache
@login_required
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """Show what this person was told, the newest first."""
    before = _number(request.GET.get("before", ""))
    page, older = page_of(cast(User, request.user), before=before)
    context = {
        "notices": page,
        "newest": page[0].id if page and not before else 0,
        "unread": any(notice.unread for notice in page),
        "before": before,
        "older": older,
        "nav_current": "notices",
    }
    return render(request, "fulfillment/notices.html", context)


@require_POST
@login_required
@limited("notices", limit=60)
def read(request: HttpRequest) -> HttpResponse:
    """Mark as read what the page showed, and what came before it."""
    count = mark_read(cast(User, request.user), up_to=_number(request.POST.get("up_to", "")), now=timezone.now())
    if count:
        text = ngettext("%(n)s notice is marked as read.", "%(n)s notices are marked as read.", count)
        messages.success(request, text % {"n": f"{count:,}"})
    return redirect("notices")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limited("notices", limit=60)
def preferences(request: HttpRequest) -> HttpResponse:
    """Let a person choose what goes by e-mail, and say where it goes or what is missing for that."""
    user = cast(User, request.user)
    addresses = addresses_of(user)
    form = PreferenceForm(request.POST if request.method == "POST" else None, instance=preference_of(user))
    if request.method == "POST" and form.is_valid():
        choose(user=user, groups=form.groups(), language=get_language() or "")
        if form.groups() and not addresses.verified:
            messages.warning(request, _("Your choice is saved. Nothing is sent until your e-mail address is verified."))
        else:
            messages.success(request, _("Your choice is saved."))
        return redirect("notice_preferences")
    context = {"form": form, "addresses": addresses, "nav_current": "notices"}
    return render(request, "fulfillment/notice_preferences.html", context)


@require_POST
@login_required
@limited("notices", limit=60)
def hide(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """Hide that a campaign is open to this person, and go back to where they were. Raises ``Http404``."""
    try:
        hide_campaign(user=cast(User, request.user), campaign_id=campaign_id, now=timezone.now())
    except NotForYou:
        raise Http404 from None
    messages.info(request, _("It is not shown any more. You find it under Notices."))
    following = request.POST.get("next", "")
    local = url_has_allowed_host_and_scheme(following, allowed_hosts=None) and following.startswith("/")
    return redirect(following if local else "notices")


@csrf_exempt  # a mail program posts here for its owner, without a session (RFC 8058); the token says who it is for
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Ask, and on POST stop all e-mail of notices to whom the token names. Looking at it changes nothing.

    Mail programs ask from few addresses for many people, so that what is counted is the token, and of what is none
    the address.
    """
    try:
        key = key_of_token(token)
    except BadToken:
        wait = _too_often(f"address:{client_address(request)}")
        return _unlogged(too_many(request, wait) if wait else _stop_page(request, "unknown", status=404))
    if request.method != "POST":
        return _stop_page(request, "ask")
    wait = _too_often(f"key:{key}")
    if wait:
        return _unlogged(too_many(request, wait))
    unsubscribe(key=key)
    return _stop_page(request, "done")


def _stop_page(request: HttpRequest, step: str, *, status: int = 200) -> HttpResponse:
    response = render(request, "fulfillment/unsubscribe.html", {"step": step}, status=status)
    response["X-Robots-Tag"] = "noindex"
    return response


def _too_often(who: str) -> int:
    return hit("unsubscribe", who, limit=_UNSUBSCRIBES, window_seconds=_WINDOW_SECONDS)


def _unlogged(response: HttpResponse) -> HttpResponse:
    """Keep Django from logging the address of a refused call: there may be a token in it."""
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else 0
