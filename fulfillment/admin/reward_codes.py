"""The list of codes, masked, and the page of one: whose it is, looking at it, revoking it (D8)."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from fulfillment.admin.deed_form import ReasonForm
from fulfillment.admin.words import chip, utc
from fulfillment.code_deeds import read_code, revoke_codes
from fulfillment.code_search import endings
from fulfillment.models import RewardCode
from fulfillment.rules.stock import masked
from portal.admin_base import ReadOnlyAdmin, display
from portal.admin_filters import ChoicesDropdownFilter, ScopedRelatedFilter
from portal.models import User
from portal.organizations import may
from portal.roles import Permission

_CHIPS = {
    RewardCode.State.FREE: ("inventory_2", ""),
    RewardCode.State.RESERVED: ("bookmark", "drops-chip-attention"),
    RewardCode.State.ASSIGNED: ("person", ""),
    RewardCode.State.REVEALED: ("visibility", "drops-chip-ok"),
    RewardCode.State.REVOKED: ("block", ""),
}


@admin.register(RewardCode)
class RewardCodeAdmin(ReadOnlyAdmin):
    """Codes: of each only its last characters are shown. The search takes these, or a claim's id."""

    menu_order = None
    view_permission = Permission.SEE_CAMPAIGNS
    list_display = ("ending", "pool", "state_now", "claim_link", "imported", "assigned", "revealed")
    list_filter = (("pool", ScopedRelatedFilter), ("state", ChoicesDropdownFilter))
    list_select_related = ("pool",)
    search_fields = ("suffix",)
    search_help_text = _("The last characters of a code, or the id of a claim.")
    ordering = ("-pk",)
    sortable_by = ()
    change_form_outer_before_template = "admin/fulfillment/code_deeds.html"
    fields = ("ending", "pool", "state_now", "claim_link", "imported", "assigned", "revealed", "shown", "revoked")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Name what is shown: never the value."""
        return list(self.fields)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the codes without their values."""
        return super().get_queryset(request).defer("value")

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Look the text up as the end of a code or as a claim's id, exactly: an index answers both."""
        text = search_term.strip()
        return (queryset.filter(Q(suffix__in=endings(text)) | Q(claim=text.upper())) if text else queryset), False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: a code is revoked."""
        return False

    @display(description=_("code"))
    def ending(self, code: RewardCode) -> str:
        """The last characters."""
        return masked(code.suffix)

    @display(description=_("state"))
    def state_now(self, code: RewardCode) -> SafeString:
        """The state as icon and word."""
        icon, style = _CHIPS[RewardCode.State(code.state)]
        return chip(code.get_state_display(), icon, style)

    @display(description=_("claim"))
    def claim_link(self, code: RewardCode) -> SafeString | str:
        """Whose it is: the claim."""
        if not code.claim_id:
            return "–"
        url = reverse("admin:fulfillment_claim_change", args=[code.claim_id])
        return format_html('<a href="{}">{}</a>', url, code.claim_id)

    @display(description=_("imported"))
    def imported(self, code: RewardCode) -> SafeString | str:
        """When it came in."""
        return utc(code.imported_at)

    @display(description=_("given"))
    def assigned(self, code: RewardCode) -> SafeString | str:
        """When a claim got it."""
        return utc(code.assigned_at)

    @display(description=_("first looked at"))
    def revealed(self, code: RewardCode) -> SafeString | str:
        """When its player first saw it."""
        return utc(code.revealed_at)

    @display(description=_("looked at"))
    def shown(self, code: RewardCode) -> str:
        """How often, and when last."""
        if not code.shown_at:
            return _t("never")
        return _t("%(count)s times, last at %(time)s UTC") % {
            "count": f"{code.shown_times:,}",
            "time": f"{code.shown_at:%Y-%m-%d %H:%M}",
        }

    @display(description=_("revoked"))
    def revoked(self, code: RewardCode) -> SafeString | str:
        """When it was taken out."""
        return utc(code.revoked_at)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add what can be done with the code."""
        code = context.get("original")
        if code is not None and may(request, Permission.BULK):
            context |= {"code": code, "may_look": True, "may_revoke": code.state == RewardCode.State.FREE}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of looking at a code and of revoking it."""
        views = (("reveal", self.reveal_view), ("revoke", self.revoke_view))
        return [
            *(
                path(
                    f"<path:object_id>/{name}/",
                    self.admin_site.admin_view(never_cache(view)),
                    name=f"fulfillment_rewardcode_{name}",
                )
                for name, view in views
            ),
            *super().get_urls(),
        ]

    def reveal_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a reason, write it down, and show the code this once."""
        code = self._mine(request, object_id)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        shown: dict[str, Any] = {
            "title": _t("Look at the code %(code)s") % {"code": masked(code.suffix)},
            "text": _t("That you looked, and why, is kept in the audit trail. Whoever has the code can use it."),
            "button": _t("Show the code"),
        }
        if form.is_valid():
            reason = form.cleaned_data["reason"]
            shown["value"] = read_code(code=code, actor=cast(User, request.user), reason=reason, now=timezone.now())
        return self._ask(request, code, form, **shown)

    def revoke_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a reason, and take the code out of its pool if it is free still."""
        code = self._mine(request, object_id)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            done = revoke_codes(
                pool=code.pool,
                actor=cast(User, request.user),
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
                code_ids=[code.pk],
            )
            if done:
                messages.success(request, _t("The code is revoked: nobody will be given it."))
            else:
                messages.error(request, _t("The code is not free any more: it was given to a claim, or revoked."))
            return HttpResponseRedirect(self._page(code))
        return self._ask(
            request,
            code,
            form,
            title=_t("Revoke the code %(code)s") % {"code": masked(code.suffix)},
            text=_t("It is taken out of the pool and never given. A revoked code cannot be imported again."),
            button=_t("Revoke it"),
            style="drops-button-danger",
        )

    def _ask(self, request: HttpRequest, code: RewardCode, form: ReasonForm, **shown: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "code": code,
            "form": form,
            "back": self._page(code),
            **shown,
        }
        response = TemplateResponse(request, "admin/fulfillment/code_ask.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _mine(self, request: HttpRequest, object_id: str) -> RewardCode:
        code = self.get_object(request, object_id)
        if code is None:
            raise Http404
        if not may(request, Permission.BULK):
            raise PermissionDenied
        return cast(RewardCode, code)

    def _page(self, code: RewardCode) -> str:
        return reverse("admin:fulfillment_rewardcode_change", args=[code.pk])
