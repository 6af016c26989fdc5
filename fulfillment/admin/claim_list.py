"""The list of claims: quick at any size, masked for analysts, with actions on many (F3, F4, D5, S1)."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import Value
from django.db.models.functions import Concat
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from fulfillment.admin.bulk_pages import ACTION_NAMES, BulkPages
from fulfillment.admin.claim_deeds import ClaimDeeds
from fulfillment.admin.claim_page import claim_page
from fulfillment.admin.claim_paging import RELATED, claim_paginator
from fulfillment.admin.filters import (
    AttemptedFilter,
    GrantedRangeFilter,
    ReasonFilter,
    ReceivedRangeFilter,
    StateFilter,
)
from fulfillment.admin.search import FOUND_AT_MOST, find_claim_ids, quarantine_left_out
from fulfillment.admin.words import ago, picture, reason_name, sees_people, state_chip, utc_in_two, viewer_name
from fulfillment.bulk import choose_claims
from fulfillment.models import Claim
from fulfillment.models.bulk import BulkOperation
from portal import platforms
from portal.admin_base import display
from portal.admin_filters import ChoicesDropdownFilter, PlatformFilter, ScopedRelatedFilter
from portal.newest import NewestAdmin, NewestPaginator
from portal.organizations import active_organization, game_scope, may
from portal.reach import in_games
from portal.roles import Permission


@admin.register(Claim)
class ClaimAdmin(BulkPages, ClaimDeeds, NewestAdmin):
    """Claims of the active organization, to be read and acted on."""

    menu_icon = "featured_seasonal_and_gifts"
    menu_order = 10
    view_permission = Permission.SEE_PEOPLE_MASKED
    list_display = ("image", "what", "who", "of_campaign", "state_now", "why", "granted", "since")
    list_display_links = ("image", "what")
    list_filter = (
        StateFilter,
        ReasonFilter,
        PlatformFilter,
        ("game", ScopedRelatedFilter),
        ("campaign", ScopedRelatedFilter),
        ("source", ChoicesDropdownFilter),
        ("received_at", ReceivedRangeFilter),
        ("granted_at", GrantedRangeFilter),
        AttemptedFilter,
    )
    list_before_template = "admin/fulfillment/claims_header.html"
    search_fields = ("pk",)  # the box is shown; what it finds is fulfillment.admin.search's
    search_help_text = _("Any id: claim, user, login, player, external id")
    ordering = ("-id",)
    sortable_by = ()
    list_per_page = 20  # a row has nine columns: of all lists it takes longest to draw
    list_select_related = RELATED
    actions: Any = ("retry_chosen", "hold_chosen", "release_chosen", "abandon_chosen")

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of deeds on one claim and on many."""
        return [*self.bulk_urls(), *self.deed_urls(), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the organization's claims without what only their own page shows."""
        if request.GET.get("q"):
            # Which rows to look at is known by then: the database must not walk through all of the organization's instead.
            claims = Claim.objects.annotate(owner=Concat("organization_id", Value("")))
            claims = claims.filter(owner=getattr(active_organization(request), "pk", None)).defer("raw")
            return in_games(claims, game_scope(request))
        return super().get_queryset(request).defer("raw")

    def get_paginator(self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any) -> Any:
        """Let the index of what narrows the list lead through it."""
        return claim_paginator(request, queryset, per_page, *args, **kwargs)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Find by ids through indexes; analysts by the claim's own id alone."""
        organization = active_organization(request)
        if not search_term.strip() or organization is None:
            return queryset, False
        people = sees_people(request)
        found = find_claim_ids(organization, search_term, people=people)
        if len(found) == FOUND_AT_MOST:
            text = _t("Very many claims fit. The newest %(count)s are shown.")
            messages.info(request, text % {"count": f"{FOUND_AT_MOST:,}"})
        all_games = game_scope(request) is None
        if people and (told := quarantine_left_out(organization, search_term, found, all_games=all_games)):
            messages.info(request, told)
        return queryset.filter(pk__in=found), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list; its columns need to know who looks."""
        response = super().changelist_view(request, extra_context)
        changelist = getattr(response, "context_data", None) and response.context_data.get("cl")
        if changelist:
            changelist.may_act_on_many = may(request, Permission.BULK)
        for claim in getattr(changelist, "result_list", None) or ():
            claim.shown_viewer = viewer_name(request, claim)
        return response

    how_to_narrow = _(
        "Choose a state, a campaign or a time of arrival too, to see all that fit. An action on all of them takes the older ones as well."
    )

    def told_left_out(self, paginator: NewestPaginator) -> str:
        """Say that it is so many of each state."""
        if len(paginator.parts) == 1:
            return super().told_left_out(paginator)
        return _t("Only the newest %(count)s claims of each state were looked through.") % {
            "count": f"{paginator.depth:,}"
        }

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one claim: what happened, whose turn it is, what can be done."""
        return claim_page(self, request, object_id)

    # Columns.

    @display(description=_("image"))
    def image(self, claim: Claim) -> SafeString:
        """The reward's image."""
        return picture(claim.reward)

    @display(description=_("reward"))
    def what(self, claim: Claim) -> str:
        """The reward, as far as it is known."""
        return claim.reward.name if claim.reward else _t("unknown reward")

    @display(description=_("viewer"))
    def who(self, claim: Claim) -> SafeString:
        """Who claimed it, and where."""
        name = getattr(claim, "shown_viewer", "–")
        return format_html('{}<br><span class="drops-name-plain">{}</span>', name, platforms.get(claim.platform).name)

    @display(description=_("campaign"))
    def of_campaign(self, claim: Claim) -> str | SafeString:
        """The campaign; a test is told as such (C8)."""
        if claim.campaign is None:
            return "–"
        if not claim.campaign.test_mode:
            return claim.campaign.name
        return format_html('{} <span class="drops-chip">{}</span>', claim.campaign.name, _t("test"))

    @display(description=_("state"))
    def state_now(self, claim: Claim) -> SafeString:
        """The state, as icon and word."""
        return state_chip(claim.state)

    @display(description=_("reason"))
    def why(self, claim: Claim) -> str:
        """The reason in a few words."""
        return reason_name(claim.state, claim.reason)

    @display(description=_("granted at"))
    def granted(self, claim: Claim) -> SafeString | str:
        """When the platform granted it."""
        return utc_in_two(claim.granted_at)

    @display(description=_("since"))
    def since(self, claim: Claim) -> SafeString | str:
        """How long it has been in this state."""
        return ago(claim.state_changed_at)

    # Actions on many.

    bulk_actions = frozenset(set(BulkOperation.Action) - {BulkOperation.Action.REPLAY})
    back_to_list = _("Back to the claims")

    def _choose(self, request: HttpRequest, queryset: Any, action: str) -> HttpResponse | None:
        return self.chosen(request, partial(choose_claims, action=action, claims=queryset))

    def has_bulk_permission(self, request: HttpRequest) -> bool:
        """Say whether this person may act on many claims at once (S1)."""
        return may(request, Permission.BULK)

    @admin.action(description=ACTION_NAMES[BulkOperation.Action.RETRY], permissions=["bulk"])
    def retry_chosen(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Try again."""
        return self._choose(request, queryset, BulkOperation.Action.RETRY)

    @admin.action(description=ACTION_NAMES[BulkOperation.Action.HOLD], permissions=["bulk"])
    def hold_chosen(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Hold."""
        return self._choose(request, queryset, BulkOperation.Action.HOLD)

    @admin.action(description=ACTION_NAMES[BulkOperation.Action.RELEASE], permissions=["bulk"])
    def release_chosen(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Release."""
        return self._choose(request, queryset, BulkOperation.Action.RELEASE)

    @admin.action(description=ACTION_NAMES[BulkOperation.Action.ABANDON], permissions=["bulk"])
    def abandon_chosen(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Close without delivery."""
        return self._choose(request, queryset, BulkOperation.Action.ABANDON)
