"""Inviting members: the form, the link that is shown once, sending again, withdrawing (S1)."""

from __future__ import annotations

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import shown_once
from portal.admin.member_forms import InviteForm
from portal.admin.members_page import managed
from portal.admin_words import utc
from portal.invitation_mail import send_invitation
from portal.invitations import LASTS, invite, link_to, renew, withdraw
from portal.members import Refused
from portal.models import Invitation
from portal.ratelimit import limited
from portal.reach import entered_games
from portal.roles import Role


@require_http_methods(["GET", "POST"])
@limited("invite", limit=60)
def invite_view(request: HttpRequest) -> HttpResponse:
    """Ask whom to invite; then mail the link, and lead to the page that shows it once."""
    organization = managed(request)
    posted = request.POST if request.method == "POST" else None
    games = entered_games().named(organization.pk)
    form = InviteForm(posted, games=games, initial={"role": Role.PRODUCER.value})
    if request.method == "POST" and form.is_valid():
        try:
            made = invite(
                organization=organization,
                email=form.cleaned_data["email"],
                actor=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
                **form.given,
            )
        except Refused as refused:
            form.add_error("email", str(refused))
        else:
            return _hand_over(request, *made)
    context = {
        **admin.site.each_context(request),
        "title": _t("Invite a member"),
        "form": form,
        "days": LASTS.days,
        "back": reverse("admin:members"),
    }
    return TemplateResponse(request, "admin/members/invite.html", context)


@require_POST
@limited("invite", limit=60)
def again_view(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """Send an invitation again, with a new link."""
    invitation = _invitation(request, invitation_id)
    try:
        made = renew(invitation=invitation, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
    except Refused as refused:
        messages.error(request, str(refused))
        return HttpResponseRedirect(reverse("admin:members"))
    return _hand_over(request, *made)


@require_POST
def withdraw_view(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """Withdraw an invitation."""
    invitation = _invitation(request, invitation_id)
    if withdraw(invitation=invitation, actor=request.user, now=timezone.now()):  # type: ignore[arg-type]
        messages.success(
            request,
            _t("The invitation of %(email)s is withdrawn. Its link opens nothing.") % {"email": invitation.email},
        )
    else:
        messages.error(request, _t("This invitation was accepted or withdrawn meanwhile."))
    return HttpResponseRedirect(reverse("admin:members"))


@require_safe
@never_cache
def invited_view(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """Show the link once, to copy."""
    invitation, now = _invitation(request, invitation_id), timezone.now()
    kept = shown_once.take(request, _key(invitation), now=now) or ""
    mailed, _colon, token = kept.partition(":")
    context = {
        **admin.site.each_context(request),
        "title": _t("Invitation of %(email)s") % {"email": invitation.email},
        "invitation": invitation,
        "link": link_to(token) if token else "",
        "mailed": mailed == _MAILED,
        "until": utc(invitation.expires_at),
        "back": reverse("admin:members"),
    }
    return TemplateResponse(request, "admin/members/invited.html", context)


_MAILED, _NOT_MAILED = "mailed", "not"


def _hand_over(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    mailed = _MAILED if send_invitation(invitation, token) else _NOT_MAILED
    shown_once.keep(request, _key(invitation), f"{mailed}:{token}", now=timezone.now())
    return HttpResponseRedirect(reverse("admin:invited", args=[invitation.pk]))


def _key(invitation: Invitation) -> str:
    return f"invitation:{invitation.pk}"


def _invitation(request: HttpRequest, invitation_id: str) -> Invitation:
    rows = Invitation.objects.filter(organization=managed(request), pk=invitation_id)
    invitation = rows.select_related("organization").first()
    if invitation is None:
        raise Http404
    return invitation
