"""The page of platforms' reports, and the way to a platform and back on which somebody lets the portal read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _t
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfillment.admin import reports_shown as shown
from fulfillment.reports import granting
from fulfillment.reports.comparing import ReportedGame, all_days, columns_of, reported_games
from fulfillment.reports.offered import credentials_with_reports, platforms_with_reports
from fulfillment.reports.words import why_not
from fulfillment.rules.redirects import form_source
from portal import platforms
from portal.admin_pages import AdminPage
from portal.csv_files import csv_response
from portal.models import Organization, PlatformCredential
from portal.organizations import active_organization, may
from portal.roles import Permission


def title() -> str:
    """Return how the page is called: by the platforms that give reports."""
    return _t("%(platforms)s reports") % {"platforms": _names()}


def _names() -> str:
    return ", ".join(platform.name for platform in platforms_with_reports())


@require_safe
def reports_view(request: HttpRequest) -> HttpResponse:
    """Show how it stands with reports, and one game's figures beside the portal's own."""
    organization = _organization(request)
    now = timezone.now()
    credentials = list(credentials_with_reports(organization))
    games = reported_games(credentials)
    game = shown.chosen(request, games)
    may_manage = may(request, Permission.MANAGE)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": title(),
        "platforms": _names(),
        "sources": shown.sources(credentials, games, now=now),
        "games": [(shown.key_of(one), one.game, one.platform_game_id) for one in games if one.game],
        "strangers": [one for one in games if not one.game],
        "figures": shown.figures(request, game, now=now) if game else None,
        "redirect_uri": granting.redirect_uri(),
        "may_manage": may_manage,
        "may_fetch": may(request, Permission.MEND),
        "may_edit": may(request, Permission.EDIT_CAMPAIGNS),
    }
    response = TemplateResponse(request, "admin/fulfillment/reports.html", context)
    if may_manage:
        # Browsers check the redirect that answers a form, too.
        response._csp_update = {"form-action": _sign_ins(credentials)}  # type: ignore[attr-defined]
    return response


def _sign_ins(credentials: Sequence[PlatformCredential]) -> list[str]:
    found = {form_source(credential.sign_in_base) for credential in credentials}
    for credential in credentials:
        found.update(platforms.get(credential.platform).sign_in_origins)
    return sorted(found - {""})


@require_POST
def let_view(request: HttpRequest, credential_id: str) -> HttpResponse:
    """Send whoever lets the portal read reports to the platform."""
    credential = _credential(request, credential_id, Permission.MANAGE)
    try:
        target = granting.begin(
            session=request.session,
            credential=credential,
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
    except granting.GrantFailed as error:
        messages.error(request, why_not(error.reason, error.detail))
        return _back()
    return HttpResponseRedirect(target)


@require_safe
def granted_view(request: HttpRequest) -> HttpResponse:
    """Take what the browser comes back with from the platform, and say what came of it."""
    try:
        credential = granting.finish(
            session=request.session,
            answer=request.GET.dict(),
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
    except granting.GrantFailed as error:
        messages.error(request, why_not(error.reason, error.detail))
        return _back()
    messages.success(
        request,
        _t(
            "The portal may now read the reports: %(credential)s. The first fetch has begun; the figures of the last year "
            "come within minutes."
        )
        % {"credential": credential},
    )
    return _back()


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_view(request: HttpRequest, credential_id: str) -> HttpResponse:
    """Ask, then end the token at the platform and delete it here."""
    credential = _credential(request, credential_id, Permission.MANAGE)
    name = platforms.get(credential.platform).name
    if request.method == "POST":
        told = granting.withdraw(credential=credential, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
        if told:
            messages.success(request, _t("The portal may no longer read the reports. Its token is ended and deleted."))
        else:
            messages.warning(
                request,
                _t(
                    "The portal's copy of the token is deleted, but %(platform)s could not be told. Whoever allowed it "
                    "removes the app in the settings of their account there."
                )
                % {"platform": name},
            )
        return _back()
    context = {
        **admin.site.each_context(request),
        "title": _t("Withdraw: %(platform)s reports") % {"platform": name},
        "text": _t(
            "The portal ends its token at %(platform)s and deletes it. No further figures come; those that were read stay, "
            "and anybody who owns this organization can allow it again."
        )
        % {"platform": name},
        "button": _t("Withdraw"),
        "back": reverse("admin:reports"),
    }
    return TemplateResponse(request, "admin/confirm_deed.html", context)


@require_POST
def fetch_view(request: HttpRequest, credential_id: str) -> HttpResponse:
    """Have reports fetched now."""
    credential = _credential(request, credential_id, Permission.MEND)
    if granting.fetch_again(credential=credential, actor=request.user, now=timezone.now()):  # type: ignore[arg-type]
        messages.success(request, _t("Reports are being fetched. Load this page again in a minute."))
    else:
        messages.error(request, _t("Nothing was fetched: nobody lets the portal read the reports."))
    return _back()


@require_safe
def days_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Send all stored days of a game's report."""
    games = reported_games(list(credentials_with_reports(_organization(request))))
    asked = request.GET.get("game", "")
    reported = next((one for one in games if shown.key_of(one) == asked), None)
    if reported is None:
        raise Http404
    name = f"{reported.credential.platform}-{timezone.now():%Y%m%dT%H%MZ}"
    return csv_response(_rows(reported), name=name)


def _rows(reported: ReportedGame) -> Iterator[Sequence[Any]]:
    days = all_days(reported)
    columns = columns_of(reported, [values for _day, values in days])
    yield [_t("day (UTC)"), *columns]
    for day, values in days:
        yield [day.isoformat(), *(values.get(name) for name in columns)]


def _organization(request: HttpRequest) -> Organization:
    organization = active_organization(request)
    if organization is None or not may(request, Permission.SEE_CAMPAIGNS):
        raise PermissionDenied
    return organization


def _credential(request: HttpRequest, credential_id: str, permission: Permission) -> PlatformCredential:
    credential = credentials_with_reports(_organization(request)).filter(pk=credential_id).first()
    if credential is None:
        raise Http404
    if not may(request, permission):
        raise PermissionDenied
    return credential


def _back() -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:reports"))


PAGES = (
    AdminPage("reports/", "reports", reports_view, Permission.SEE_CAMPAIGNS, lazy(title, str)(), "query_stats"),
    AdminPage("reports/days.csv", "reports_days", days_csv, Permission.SEE_CAMPAIGNS),
    AdminPage("reports/granted/", "reports_granted", granted_view, Permission.MANAGE),
    AdminPage("reports/<str:credential_id>/let/", "reports_let", let_view, Permission.MANAGE),
    AdminPage("reports/<str:credential_id>/withdraw/", "reports_withdraw", withdraw_view, Permission.MANAGE),
    AdminPage("reports/<str:credential_id>/fetch/", "reports_fetch", fetch_view, Permission.MEND),
)
