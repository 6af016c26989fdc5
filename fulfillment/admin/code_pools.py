"""The pages of pools of codes (D8): how much is left and for how long, importing, revoking, the stock as a file."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.forms import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache

from campaigns.admin.chosen_widget import ChosenWidget
from campaigns.hooks import call_claims_may_resolve
from fulfillment.acting import NotPossible
from fulfillment.admin.code_imports import confirm_view, import_view
from fulfillment.admin.deed_form import ReasonForm
from fulfillment.admin.words import ago, chip
from fulfillment.code_card import forecast_told, free_told
from fulfillment.code_deeds import revoke_codes
from fulfillment.code_stock import STOCK_COLUMNS, counted_pools, last_given, standing_of, stock_of, stock_rows
from fulfillment.models import CodePool, RewardCode
from portal.admin_base import display
from portal.admin_deletion import PlainDeletion
from portal.admin_forms import OrganizationForm
from portal.csv_files import csv_response
from portal.models import User
from portal.organizations import may
from portal.roles import Permission

POOLS_IN_A_FILE = 1000


class PoolForm(OrganizationForm):
    """A pool; its reward is the organization's and has no other pool."""

    def clean_reward(self) -> Any:
        """Refuse a reward that has a pool, in words that say what to do."""
        reward = self.cleaned_data["reward"]
        other = CodePool.objects.filter(reward=reward).exclude(pk=self.instance.pk).first()
        if other is not None:
            raise ValidationError(
                _("This reward draws from the pool “%(pool)s” already: import the codes there."),
                params={"pool": other.name},
            )
        return reward


@admin.register(CodePool)
class CodePoolAdmin(PlainDeletion):
    """Pools of codes, one for each reward that is a code."""

    menu_icon = "confirmation_number"
    menu_order = 25
    view_permission = Permission.SEE_CAMPAIGNS
    edit_permission = Permission.EDIT_CAMPAIGNS
    form = PoolForm
    list_before_template = "admin/fulfillment/code_pools_header.html"
    change_form_outer_before_template = "admin/fulfillment/code_pool_state.html"
    list_display = ("name", "reward_of", "label", "stock", "lasts")
    list_select_related = ("reward__game",)
    search_fields = ("name", "label", "reward__name")
    ordering = ("name", "pk")
    sortable_by = ()
    fields = ("name", "reward", "label", "instructions", "low_stock")
    autocomplete_fields = ("reward",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the pools with what they have left."""
        return counted_pools(super().get_queryset(request), now=timezone.now())

    def refuses_deletion(self, obj: Any) -> str | None:
        """Keep a pool that has codes, without reading all of them."""
        if not obj.codes.exists():
            return None
        return _t("“%(name)s” is kept: it has codes. Revoke those that nobody may be given.") % {"name": obj}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Have the search box of the reward say what it is for, also to who cannot see it."""
        if db_field.name == "reward":
            kwargs["widget"] = ChosenWidget(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Fix the reward once the pool exists: codes were given for it."""
        return ["reward"] if obj else []

    @display(description=_("reward"))
    def reward_of(self, pool: CodePool) -> str:
        """The reward and its game."""
        return f"{pool.reward.name} ({pool.reward.game.name})"

    @display(description=_("stock"))
    def stock(self, pool: CodePool) -> SafeString:
        """How many codes are free, as icon and words."""
        return stock_chip(pool)

    @display(description=_("how long it lasts"))
    def lasts(self, pool: CodePool) -> str:
        """Until about when, at the pace of now."""
        standing = standing_of(pool, now=timezone.now())
        return forecast_told(standing.forecast, free=standing.free)

    def save_model(self, request: HttpRequest, obj: CodePool, form: Any, change: bool) -> None:
        """Store. Claims of the reward that were not sent get codes from now on."""
        super().save_model(request, obj, form, change)
        if not change:
            call_claims_may_resolve(organization_id=obj.organization_id, reward_id=obj.reward_id)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Remove a pool that never had a code. Claims that waited for one go on, by the game's endpoint."""
        super().delete_model(request, obj)
        call_claims_may_resolve(organization_id=obj.organization_id, reward_id=obj.reward_id)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Go on to importing: a pool without codes is of no use."""
        messages.success(request, _t("The pool “%(pool)s” is made. Now import its codes.") % {"pool": obj})
        return HttpResponseRedirect(reverse("admin:fulfillment_codepool_import", args=[obj.pk]))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add how the pool stands and what can be done."""
        pool = context.get("original")
        if pool is not None:
            standing = standing_of(pool, now=timezone.now())
            stock = stock_of(pool)
            context |= {
                "pool": pool,
                "chip": stock_chip(pool),
                "forecast": forecast_told(standing.forecast, free=standing.free),
                "stock": [(state.label, stock[state.value]) for state in RewardCode.State],
                "last_given": ago(last_given(pool)),
                "codes_url": f"{reverse('admin:fulfillment_rewardcode_changelist')}?pool__id__exact={pool.pk}",
                "may_edit": self.has_change_permission(request, pool),
                "may_revoke": may(request, Permission.BULK) and stock[RewardCode.State.FREE.value] > 0,
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of importing and revoking, and the stock as a file."""
        views = (
            ("stock.csv", "stock", self.stock_view),
            ("<path:object_id>/import/<str:import_id>/", "import_confirm", self.confirm_view),
            ("<path:object_id>/import/", "import", self.import_view),
            ("<path:object_id>/revoke/", "revoke", self.revoke_view),
        )
        return [
            *(
                path(route, self.admin_site.admin_view(never_cache(view)), name=f"fulfillment_codepool_{name}")
                for route, name, view in views
            ),
            *super().get_urls(),
        ]

    def stock_view(self, request: HttpRequest) -> HttpResponseBase:
        """Send how many codes are in which state as a file; no code stands in it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        pools = super().get_queryset(request).select_related("reward__game").order_by("name", "pk")
        rows = stock_rows(pools[:POOLS_IN_A_FILE])
        return csv_response((row for rows_ in ([STOCK_COLUMNS], rows) for row in rows_), name="stock-of-codes")

    def import_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for codes, read them, and go on to what was found."""
        return import_view(self, request, self.mine(request, object_id))

    def confirm_view(self, request: HttpRequest, object_id: str, import_id: str) -> HttpResponse:
        """Show what was found, and import it."""
        return confirm_view(self, request, self.mine(request, object_id), import_id)

    def revoke_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a reason, and take all free codes out of the pool."""
        pool = self.mine(request, object_id, Permission.BULK)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        page = reverse("admin:fulfillment_codepool_change", args=[pool.pk])
        if form.is_valid():
            try:
                count = revoke_codes(
                    pool=pool,
                    actor=cast(User, request.user),
                    reason=form.cleaned_data["reason"],
                    now=timezone.now(),
                )
            except NotPossible as refused:
                messages.error(request, str(refused))
            else:
                text = ngettext("%(count)s code was revoked.", "%(count)s codes were revoked.", count)
                messages.success(request, text % {"count": f"{count:,}"})
            return HttpResponseRedirect(page)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _t("Revoke free codes: %(pool)s") % {"pool": pool},
            "text": _t(
                "%(free)s: all of them are taken out of the pool and never given. What players have stays theirs. "
                "A revoked code cannot be imported again."
            )
            % {"free": free_told(stock_of(pool)[RewardCode.State.FREE.value])},
            "form": form,
            "button": _t("Revoke them"),
            "style": "drops-button-danger",
            "back": page,
        }
        return TemplateResponse(request, "admin/confirm_deed.html", context)

    def mine(
        self, request: HttpRequest, object_id: str, permission: Permission = Permission.EDIT_CAMPAIGNS
    ) -> CodePool:
        """Return the active organization's pool with this id.

        Raises:
            Http404: there is none in this organization.
            PermissionDenied: the person may not do this.
        """
        pool = self.get_object(request, object_id)
        if pool is None:
            raise Http404
        if not may(request, permission):
            raise PermissionDenied
        return cast(CodePool, pool)


def stock_chip(pool: CodePool) -> SafeString:
    """Return how many codes of a pool are free, as icon and words."""
    standing = standing_of(pool, now=timezone.now())
    if not standing.free:
        return chip(_t("empty"), "error", "drops-chip-error")
    if standing.is_low:
        return chip(_t("low: %(free)s") % {"free": free_told(standing.free)}, "warning", "drops-chip-attention")
    return chip(free_told(standing.free), "check", "drops-chip-ok")
