"""The page of an invitation: who invites whom to what, and the button that makes the signed-in person a member (S1)."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.admin.member_words import ROLE_NAMES, ROLE_TEXTS, games_text
from portal.invitations import Standing, accept, find, standing_of
from portal.members import Refused
from portal.models import Invitation, Membership
from portal.organizations import choose_organization
from portal.ratelimit import limited
from portal.reach import entered_games
from portal.roles import Role


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@limited("invitation", limit=40, methods=("GET", "HEAD", "POST"))
def invitation_view(request: HttpRequest, token: str) -> HttpResponse:
    """Show the invitation of a link; by POST the signed-in person becomes the member. The token is the proof."""
    invitation = find(token)
    if invitation is None:
        return render(request, "invitations/none.html", status=404)
    if _is_member(request, invitation):
        return _enter(request, invitation, new=False)
    standing = standing_of(invitation, now=timezone.now())
    if standing is not Standing.OPEN:
        return render(request, "invitations/over.html", {"invitation": invitation, "standing": standing}, status=410)
    problem = ""
    if request.method == "POST" and request.user.is_authenticated:
        try:
            accept(invitation=invitation, user=request.user, now=timezone.now())
        except Refused as refused:
            problem = str(refused)
        else:
            return _enter(request, invitation, new=True)
    return render(request, "invitations/open.html", {**_shown(request, invitation), "problem": problem})


def comes_from_invitation(request: HttpRequest) -> bool:
    """Tell whether ``next``, of the form or the address, leads back to an invitation that is open now."""
    following = (request.POST.get("next") or request.GET.get("next") or "").partition("?")[0]
    try:
        found = resolve(following)
    except Resolver404:
        return False
    invitation = find(found.kwargs["token"]) if found.url_name == "invitation" else None
    return invitation is not None and standing_of(invitation, now=timezone.now()) is Standing.OPEN


def _is_member(request: HttpRequest, invitation: Invitation) -> bool:
    return (
        request.user.is_authenticated
        and Membership.objects.filter(organization=invitation.organization_id, user=request.user).exists()
    )


def _enter(request: HttpRequest, invitation: Invitation, *, new: bool) -> HttpResponse:
    """Lead into the organization."""
    request.user.__dict__.pop("_standings", None)  # what was remembered for this request is from before
    choose_organization(request, invitation.organization_id)
    text = _("You are a member of %(name)s now.") if new else _("You are a member of %(name)s already.")
    messages.success(request, text % {"name": invitation.organization.name})
    return redirect("admin:index")


def _shown(request: HttpRequest, invitation: Invitation) -> dict[str, object]:
    role = Role(invitation.role)
    names = dict(entered_games().named(invitation.organization_id))
    back = urlencode({"next": request.path})
    own = getattr(request.user, "email", "")
    return {
        "invitation": invitation,
        "role": ROLE_NAMES[role],
        "role_text": ROLE_TEXTS[role],
        "games": games_text(invitation.all_games, invitation.game_ids, names),
        "sign_in": f"{reverse('account_login')}?{back}",
        "sign_up": f"{reverse('account_signup')}?{back}&{urlencode({'email': invitation.email})}",
        "other_address": bool(own) and own.lower() != invitation.email.lower(),
    }
