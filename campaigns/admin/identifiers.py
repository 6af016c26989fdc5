"""Registered identifiers, to be read: who is registered with a platform's heartbeat service, and what is wrong (L10, S1)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from campaigns.models import RegisteredIdentifier
from campaigns.registering.again import failed, try_all_again, try_one_again
from campaigns.registering.problems import explain
from portal import platforms
from portal.admin_base import ReadOnlyAdmin, display
from portal.admin_filters import DropdownFilter
from portal.admin_words import ago, chip, utc
from portal.organizations import active_organization, may
from portal.roles import Permission, mask

State = RegisteredIdentifier.State
COUNTED_AT_MOST = 10_000

_SECRETS = (
    *("access_token", "refresh_token", "credential__client_secret", "credential__webhook_secret"),
    *("credential__previous_webhook_secret", "credential__url_token"),
)


class StandingFilter(DropdownFilter):
    """Where a registration stands, for people."""

    title = _("state")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [
            ("failing", _t("failing, tried again")),
            ("wanted", _t("to be registered")),
            ("registered", _t("registered")),
            ("lapsed", _t("needs the viewer's consent")),
            ("leaving", _t("to be removed")),
            ("removed", _t("removed")),
        ]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep those that stand so."""
        waiting: dict[str, Any] = {"due_at__isnull": False}
        conditions: dict[str, dict[str, Any]] = {
            "failing": {"attempts__gt": 0, **waiting},
            "wanted": {"state": State.WANTED},
            "registered": {"state": State.REGISTERED},
            "lapsed": {"state": State.LAPSED},
            "leaving": {"state": State.UNWANTED, **waiting},
            "removed": {"state": State.UNWANTED, "due_at": None},
        }
        return queryset.filter(**conditions.get(self.value() or "", {}))


@admin.register(RegisteredIdentifier)
class RegisteredIdentifierAdmin(ReadOnlyAdmin):
    """The registrations of the organization's viewers. Tokens are neither shown nor read."""

    menu_icon = "badge"
    menu_order = 65
    view_permission = Permission.SEE_PEOPLE_MASKED
    list_display = ("viewer_shown", "platform_name", "standing", "registered", "checked", "next_try", "what_is_wrong")
    list_display_links = ("viewer_shown",)
    list_filter = (StandingFilter,)
    search_fields = ("=viewer__platform_user_id",)
    search_help_text = _("Finds a viewer by user id, login or identifier, each written exactly.")
    ordering = ("-pk",)
    sortable_by = ()
    list_before_template = "admin/campaigns/identifiers_header.html"
    change_form_outer_before_template = "admin/campaigns/identifier_deeds.html"
    fields = (
        *("viewer_shown", "platform_name", "identifier", "standing", "what_is_wrong", "wanted", "registered"),
        *("checked", "validated", "next_try", "attempts"),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the organization's registrations without any secret."""
        rows = super().get_queryset(request).select_related("viewer", "credential__organization")
        return rows.defer(*_SECRETS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Name what is shown; the tokens are not among it."""
        return list(self.fields)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Let nobody find out by searching what is masked for them."""
        return tuple(super().get_search_fields(request)) if may(request, Permission.SEE_PEOPLE) else ()

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Find by exact ids."""
        term = search_term.strip()
        if not term or not may(request, Permission.SEE_PEOPLE):
            return queryset, False
        logins = [term, term.lower()]
        ways = ({"viewer": term.upper()}, {"viewer__platform_user_id": term}, {"viewer__login__in": logins})
        found = [pk for way in ways for pk in queryset.filter(**way).values_list("pk", flat=True)[:1000]]
        return queryset.filter(pk__in=found), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list, with what fails above it."""
        response = super().changelist_view(request, {**self._failing(request), **(extra_context or {})})
        changelist = getattr(response, "context_data", None) and response.context_data.get("cl")
        for row in getattr(changelist, "result_list", None) or ():
            self._hide(request, row)
        return response

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the registration; for analysts with the viewer masked, never to be saved."""
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            self._hide(request, row)
        return row

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Title the page without naming anybody who is masked."""
        row = context.get("original")
        if row is not None:
            context["subtitle"] = row.shown
        return super().render_change_form(request, context, *args, **kwargs)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the history to those who may see identifiers."""
        if not may(request, Permission.SEE_PEOPLE):
            raise Http404
        return super().history_view(request, object_id, extra_context)

    def _failing(self, request: HttpRequest) -> dict[str, Any]:
        organization = active_organization(request)
        rows = failed(organization) if organization else RegisteredIdentifier.objects.none()
        count = rows.order_by()[:COUNTED_AT_MOST].count()
        return {
            "failing": count,
            "failing_capped": count == COUNTED_AT_MOST,
            "may_try_again": bool(count) and may(request, Permission.MEND),
        }

    def _hide(self, request: HttpRequest, row: Any) -> None:
        row.shown = str(row.viewer) if may(request, Permission.SEE_PEOPLE) else mask(str(row.viewer))
        row.viewer.name = row.shown
        waits = row.attempts > 0 and row.due_at is not None
        row.may_try_again = waits and may(request, Permission.MEND)

    # Columns and facts.

    @display(description=_("viewer"))
    def viewer_shown(self, row: Any) -> str:
        """The platform account."""
        return str(getattr(row, "shown", "–"))

    @display(description=_("platform"))
    def platform_name(self, row: RegisteredIdentifier) -> str:
        """The platform by its name."""
        return platforms.get(row.credential.platform).name

    @display(description=_("identifier"))
    def identifier(self, row: RegisteredIdentifier) -> str:
        """What heartbeats name the viewer by: our own id, which tells nothing about the person."""
        return row.viewer_id

    @display(description=_("state"))
    def standing(self, row: RegisteredIdentifier) -> SafeString:
        """Where it stands, as icon and words."""
        if row.state == State.UNWANTED and row.due_at is None:
            return chip(_t("removed"), "link_off")
        if row.attempts and row.due_at is not None:
            return chip(_t("%(state)s, failing") % {"state": row.get_state_display()}, "error", "drops-chip-attention")
        icon, style = {
            State.WANTED: ("hourglass_empty", ""),
            State.REGISTERED: ("check", "drops-chip-ok"),
            State.UNWANTED: ("hourglass_empty", ""),
            State.LAPSED: ("link_off", "drops-chip-attention"),
        }[State(row.state)]
        return chip(str(row.get_state_display()), icon, style)

    @display(description=_("wanted since"))
    def wanted(self, row: RegisteredIdentifier) -> SafeString | str:
        """Since when."""
        return utc(row.wanted_at)

    @display(description=_("registered at"))
    def registered(self, row: RegisteredIdentifier) -> SafeString | str:
        """When it was registered last."""
        return utc(row.registered_at)

    @display(description=_("last checked"))
    def checked(self, row: RegisteredIdentifier) -> SafeString | str:
        """When the platform was asked last whether it has the registration."""
        return ago(row.checked_at)

    @display(description=_("authorization validated"))
    def validated(self, row: RegisteredIdentifier) -> SafeString | str:
        """When the platform said last that the viewer's authorization is valid."""
        return ago(row.validated_at)

    @display(description=_("next try"))
    def next_try(self, row: RegisteredIdentifier) -> SafeString | str:
        """When a failed one is tried again."""
        return ago(row.due_at) if row.attempts and row.due_at else "–"

    @display(description=_("what is wrong"))
    def what_is_wrong(self, row: RegisteredIdentifier) -> SafeString | str:
        """What happened last, and what to do."""
        happened, advice = explain(row.last_error)
        if not happened:
            return "–"
        return format_html(
            '<span class="drops-wide">{}<br><span class="drops-name-plain">{}</span></span>', happened, advice
        )

    # Deeds.

    def get_urls(self) -> list[URLPattern]:
        """Add the pages on which failed ones are tried again."""
        named = "campaigns_registeredidentifier"
        wrap = self.admin_site.admin_view
        return [
            path("again/", wrap(self.all_again_view), name=f"{named}_all_again"),
            path("<path:object_id>/again/", wrap(self.again_view), name=f"{named}_again"),
            *super().get_urls(),
        ]

    def again_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then try one again; unknown to strangers, refused to whom the role does not allow it."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        if not may(request, Permission.MEND):
            raise PermissionDenied
        back = reverse("admin:campaigns_registeredidentifier_change", args=[row.pk])
        if request.method == "POST":
            if try_one_again(row=row, actor=request.user, now=timezone.now()):  # type: ignore[arg-type]
                messages.success(request, _t("It is tried again now. Reload the page in a few seconds."))
            else:
                messages.info(request, _t("There is nothing to try again: it did not fail, or was done meanwhile."))
            return HttpResponseRedirect(back)
        text = _t("The platform is called within seconds, instead of at the next try. That is safe at any time.")
        return self._ask(request, _t("Try again: %(viewer)s") % {"viewer": row.shown}, text, back)

    def all_again_view(self, request: HttpRequest) -> HttpResponse:
        """Ask with the count, then try all failed ones again."""
        organization = active_organization(request)
        if organization is None or not may(request, Permission.MEND):
            raise PermissionDenied
        back = reverse("admin:campaigns_registeredidentifier_changelist")
        if request.method == "POST":
            count = try_all_again(organization=organization, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
            done = ngettext("%(n)s registration is tried again now.", "%(n)s registrations are tried again now.", count)
            messages.success(request, done % {"n": f"{count:,}"})
            return HttpResponseRedirect(back)
        count = self._failing(request)["failing"]
        text = ngettext(
            "%(n)s registration failed. The platform is called for it from now on, as quickly as it answers.",
            "%(n)s registrations failed. The platform is called for them from now on, as quickly as it answers.",
            count,
        ) % {"n": f"{count:,}"}
        return self._ask(request, _t("Try all that failed again"), text, back)

    def _ask(self, request: HttpRequest, title: str, text: str, back: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "text": text,
            "button": _t("Try again now"),
            "back": back,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/confirm_deed.html", context)
