"""The members' page: who works here, as what, who has a second factor, who is invited; and what the roles mean (S1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from portal.admin.member_words import ROLE_NAMES, games_text, role_table
from portal.admin_words import ago, chip, utc
from portal.invitations import Standing, standing_of
from portal.members import require_second_factor, with_second_factor
from portal.models import Invitation, Membership, Organization
from portal.organizations import active_organization, may
from portal.reach import entered_games
from portal.roles import Permission, Role

SHOWN_AT_MOST = 500


@dataclass(frozen=True)
class ShownMember:
    """One member in the list."""

    pk: int
    name: str
    account: str
    role: Any
    games: str
    signed_in: SafeString | str
    factor: SafeString
    has_factor: bool
    me: bool


@dataclass(frozen=True)
class ShownInvitation:
    """One invitation that waits, or has expired."""

    pk: str
    email: str
    role: Any
    games: str
    made: str
    until: SafeString | str
    expired: bool


def managed(request: HttpRequest) -> Organization:
    """Return the active organization for somebody who manages its members.

    Raises:
        PermissionDenied: this is not for the person's role.
    """
    organization = active_organization(request)
    if organization is None or not may(request, Permission.MANAGE):
        raise PermissionDenied
    return organization


@require_safe
def members_view(request: HttpRequest) -> HttpResponse:
    """Show members and invitations."""
    organization, now = managed(request), timezone.now()
    names = dict(entered_games().named(organization.pk))
    members = shown_members(request, organization, names)
    lacking = sum(1 for member in members if not member.has_factor)
    context = {
        **admin.site.each_context(request),
        "title": _t("Members"),
        "organization": organization,
        "members": members,
        "shown_at_most": SHOWN_AT_MOST if len(members) == SHOWN_AT_MOST else 0,
        "lacking": lacking,
        "invitations": shown_invitations(organization, names, now=now),
        "roles": [ROLE_NAMES[role] for role in Role],
        "role_rows": role_table(producers_may_publish=organization.producers_may_publish),
    }
    return TemplateResponse(request, "admin/members/list.html", context)


def shown_members(request: HttpRequest, organization: Organization, names: dict[str, str]) -> list[ShownMember]:
    """Return the members in the order in which they came, in three queries whatever their number."""
    rows = Membership.objects.filter(organization=organization).select_related("user").order_by("pk")[:SHOWN_AT_MOST]
    members = list(rows)
    games = entered_games().of_members([member.pk for member in members if not member.all_games])
    factors = with_second_factor(member.user_id for member in members)
    return [
        ShownMember(
            pk=member.pk,
            name=str(member.user),
            account=" · ".join(part for part in (member.user.get_username(), member.user.email) if part),
            role=ROLE_NAMES[Role(member.role)],
            games=games_text(member.all_games, games.get(member.pk, ()), names),
            signed_in=ago(member.user.last_login) if member.user.last_login else _t("never"),
            factor=factor_chip(member.user_id in factors),
            has_factor=member.user_id in factors,
            me=member.user_id == request.user.pk,
        )
        for member in members
    ]


def shown_invitations(organization: Organization, names: dict[str, str], *, now: datetime) -> list[ShownInvitation]:
    """Return the invitations that nobody accepted or withdrew, newest first."""
    rows = Invitation.objects.filter(organization=organization, accepted_at=None, withdrawn_at=None)
    return [
        ShownInvitation(
            pk=row.pk,
            email=row.email,
            role=ROLE_NAMES[Role(row.role)],
            games=games_text(row.all_games, row.game_ids, names),
            made=row.made_by_label,
            until=utc(row.expires_at),
            expired=standing_of(row, now=now) is Standing.EXPIRED,
        )
        for row in rows.order_by("-made_at", "-pk")[:SHOWN_AT_MOST]
    ]


def factor_chip(has_factor: bool) -> SafeString:
    """Return whether somebody has a second factor, as icon and word."""
    if has_factor:
        return chip(_t("yes"), "verified_user", "drops-chip-ok")
    return chip(_t("none"), "gpp_maybe", "drops-chip-attention")


@require_http_methods(["GET", "POST"])
def second_factor_view(request: HttpRequest) -> HttpResponse:
    """Say who would be stopped, then demand a second factor of the members, or no longer."""
    organization = managed(request)
    back = reverse("admin:members")
    demands = not organization.require_second_factor
    if request.method == "POST":
        demands = request.POST.get("required") == "yes"
        require_second_factor(organization=organization, required=demands, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
        said = _t("A second factor is required now.") if demands else _t("A second factor is no longer required.")
        messages.success(request, said)
        return HttpResponseRedirect(back)
    members = shown_members(request, organization, {})
    context = {
        **admin.site.each_context(request),
        "title": _t("Require a second factor") if demands else _t("Require no second factor"),
        "demands": demands,
        "lacking": [member for member in members if not member.has_factor],
        "count": len(members),
        "back": back,
    }
    return TemplateResponse(request, "admin/members/second_factor.html", context)


def told_sessions(count: int) -> str:
    """Say how many sessions were ended."""
    return ngettext("%(count)s session was ended.", "%(count)s sessions were ended.", count) % {"count": f"{count:,}"}
