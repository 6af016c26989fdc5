"""The page of one member, and what owners do there: role and games, removal, sessions, a lost second factor (S1, S5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.views.decorators.http import require_http_methods

from portal.admin.member_forms import ALL, SOME, RoleForm, WhyForm
from portal.admin.members_page import factor_chip, managed, told_sessions
from portal.admin_words import ago, utc
from portal.members import (
    Refused,
    change_member,
    end_sessions_of_member,
    remove_member,
    reset_second_factor,
    why_not_reset,
    with_second_factor,
)
from portal.models import Membership
from portal.organizations import active_organization
from portal.reach import entered_games
from portal.rules.devices import device_of


def member_of(request: HttpRequest, pk: int) -> Membership:
    """Return a member of the active organization; another's does not exist (S1).

    Raises:
        Http404: there is no such member here.
        PermissionDenied: this is not for the person's role.
    """
    rows = Membership.objects.filter(organization=managed(request), pk=pk).select_related("user", "organization")
    member = rows.first()
    if member is None:
        raise Http404
    return member


@require_http_methods(["GET", "POST"])
def member_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one member with their sessions, and change role and games."""
    member = member_of(request, pk)
    games = entered_games()
    mine = games.of_members([member.pk])[member.pk]
    initial = {"role": member.role, "reach": ALL if member.all_games else SOME, "games": sorted(mine)}
    posted = request.POST if request.method == "POST" else None
    form = RoleForm(posted, games=games.named(member.organization_id), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            change_member(membership=member, actor=request.user, now=timezone.now(), **form.given)  # type: ignore[arg-type]
        except Refused as refused:
            form.add_error("role", str(refused))
        except Membership.DoesNotExist:
            raise Http404 from None
        else:
            messages.success(request, _t("%(member)s works here as you chose, at once.") % {"member": member.user})
            return HttpResponseRedirect(reverse("admin:members"))
    context = {
        **admin.site.each_context(request),
        "title": str(member.user),
        "member": member,
        "me": member.user_id == request.user.pk,
        "form": form,
        "facts": _facts(member),
        "sessions": [
            (device_of(row.user_agent), row.ip, ago(row.last_seen_at), utc(row.created_at))
            for row in UserSession.objects.filter(user=member.user_id).order_by("-last_seen_at")[:50]
        ],
        "no_reset": why_not_reset(membership=member, actor=request.user),  # type: ignore[arg-type]
        "back": reverse("admin:members"),
    }
    return TemplateResponse(request, "admin/members/member.html", context)


def _facts(member: Membership) -> list[tuple[str, Any]]:
    factor = factor_chip(bool(with_second_factor([member.user_id])))
    return [
        (_t("Username"), member.user.get_username()),
        (_t("E-mail address"), member.user.email or "–"),
        (_t("Member since"), utc(member.created_at)),
        (_t("Last sign-in"), utc(member.user.last_login)),
        (_t("Second factor"), factor),
    ]


def _ask(
    request: HttpRequest, member: Membership, do: Callable[[str], str], *, title: str, texts: list[str], button: str
) -> HttpResponse:
    """Ask for the reason on GET; on POST ``do`` it and tell what it returns."""
    back = reverse("admin:member", args=[member.pk])
    form = WhyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, do(form.cleaned_data["reason"]))
        except Refused as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(back)
        except Membership.DoesNotExist:
            raise Http404 from None
        return HttpResponseRedirect(reverse("admin:members"))
    context = {
        **admin.site.each_context(request),
        "title": title,
        "texts": texts,
        "form": form,
        "button": button,
        "style": "drops-button-danger",
        "back": back,
    }
    return TemplateResponse(request, "admin/confirm_deed.html", context)


@require_http_methods(["GET", "POST"])
def remove_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a member."""
    member = member_of(request, pk)
    if member.user_id == request.user.pk:
        return HttpResponseRedirect(reverse("admin:leave"))

    def do(reason: str) -> str:
        remove_member(membership=member, actor=request.user, reason=reason, now=timezone.now())  # type: ignore[arg-type]
        return _t("%(member)s is no longer a member, and was signed out everywhere.") % {"member": member.user}

    named = {"member": member.user, "organization": member.organization}
    texts = [
        _t("%(member)s no longer gets into %(organization)s, from this moment on, and is signed out everywhere.")
        % named,
        _t("The account stays, and so does what the person did: the history keeps the name."),
    ]
    return _ask(request, member, do, title=_t("Remove %(member)s") % named, texts=texts, button=_t("Remove"))


@require_http_methods(["GET", "POST"])
def sessions_view(request: HttpRequest, pk: int) -> HttpResponse:
    """End a member's sessions."""
    member = member_of(request, pk)
    if member.user_id == request.user.pk:
        return HttpResponseRedirect(reverse("usersessions_list"))

    def do(reason: str) -> str:
        actor: Any = request.user
        return told_sessions(end_sessions_of_member(membership=member, actor=actor, reason=reason, now=timezone.now()))

    texts = [_t("Every browser in which the person is signed in asks for password and second factor again.")]
    title = _t("Sign %(member)s out everywhere") % {"member": member.user}
    return _ask(request, member, do, title=title, texts=texts, button=_t("End the sessions"))


@require_http_methods(["GET", "POST"])
def factor_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Take away the second factor of a member who lost it."""
    member = member_of(request, pk)
    refusal = why_not_reset(membership=member, actor=request.user)  # type: ignore[arg-type]
    if refusal is not None:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("admin:member", args=[member.pk]))

    def do(reason: str) -> str:
        reset_second_factor(membership=member, actor=request.user, reason=reason, now=timezone.now())  # type: ignore[arg-type]
        return _t("The second factor of %(member)s is gone. They sign in with the password and can add a new one.") % {
            "member": member.user
        }

    texts = [
        _t("For a member who lost the phone or key and the recovery codes. Be sure that it is really they who ask."),
        _t("App, keys and recovery codes are removed, and the person is signed out everywhere."),
        _t("Until they add a new one, the password alone opens the account."),
    ]
    title = _t("Reset the second factor of %(member)s") % {"member": member.user}
    return _ask(request, member, do, title=title, texts=texts, button=_t("Reset the second factor"))


@require_http_methods(["GET", "POST"])
def leave_view(request: HttpRequest) -> HttpResponse:
    """Leave the active organization, whatever one's role."""
    organization = active_organization(request)
    member = Membership.objects.filter(organization=organization, user=request.user.pk).first()
    if organization is None or member is None:
        raise PermissionDenied
    if request.method == "POST":
        try:
            remove_member(membership=member, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
        except Refused as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(reverse("admin:leave"))
        messages.success(request, _t("You have left %(name)s.") % {"name": organization.name})
        return HttpResponseRedirect(reverse("home"))
    context = {
        **admin.site.each_context(request),
        "title": _t("Leave %(name)s") % {"name": organization.name},
        "text": _t(
            "You no longer get into it, from this moment on. An owner can invite you again. Your account stays."
        ),
        "button": _t("Leave"),
        "style": "drops-button-danger",
        "back": reverse("admin:organization"),
    }
    return TemplateResponse(request, "admin/confirm_deed.html", context)
