"""Pages of the list of claims, at the same cost after a thousand claims and after many millions (F3)."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.main import ALL_VAR, ORDER_VAR, PAGE_VAR
from django.http import HttpRequest

from fulfillment.admin.filters import NEEDS_STAFF, StateFilter, arrived_within
from fulfillment.models import Claim
from fulfillment.rules.codes import Code
from fulfillment.rules.reasons import REASONS
from fulfillment.rules.states import State
from portal.admin_base import CappedPaginator
from portal.newest import Condition, NewestPaginator
from portal.organizations import active_organization, game_scope

RELATED = ("reward", "campaign", "viewer")

_CAMPAIGN = "campaign__id__exact"
_SAID_BY_STATES = frozenset({"state", PAGE_VAR, ALL_VAR, ORDER_VAR})
_UNINDEXED = (
    "reason",
    "on_platform",
    "game__id__exact",
    "source__exact",
    "attempted",
    "granted_at_from_0",
    "granted_at_to_0",
)


def claim_paginator(request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any) -> CappedPaginator:
    """Return what pages through the claims that a request's filters leave.

    What a search found are few. Else the index of the campaign leads through them, where one is chosen, or that of each state.
    """
    if request.GET.get("q"):
        return CappedPaginator(queryset, per_page, *args, **kwargs)
    paginator = NewestPaginator(queryset, per_page, *args, **kwargs)
    paginator.shown = Claim.objects.select_related(*RELATED).defer("raw")
    paginator.parts = _parts(request)
    mine = Claim.objects.filter(organization=active_organization(request))
    if narrows(request):
        paginator.whole = mine.filter(**arrived_within(request))
    elif _SAID_BY_STATES.issuperset(request.GET):
        # Of rows that are in one of some states and in this state, PostgreSQL expects so few that it would sort them all.
        paginator.object_list = mine
    return paginator


def narrows(request: HttpRequest) -> bool:
    """Tell whether something narrows the list of which no index knows: a filter, or that the member has only some games."""
    unindexed = (*_UNINDEXED, "state") if request.GET.get(_CAMPAIGN) else _UNINDEXED
    return game_scope(request) is not None or any(request.GET.get(name) for name in unindexed)


def _parts(request: HttpRequest) -> list[Condition]:
    campaign = request.GET.get(_CAMPAIGN)
    return [{"campaign": campaign}] if campaign else [{"state": state} for state in sorted(_states(request))]


def _states(request: HttpRequest) -> set[str]:
    """Return the states that the filters of state and reason leave; what they do not know, they leave out."""
    state, reason = request.GET.get("state"), request.GET.get("reason")
    states = {one.value for one in State}
    if state == StateFilter.attention:
        states &= set(NEEDS_STAFF)
    elif state in states:
        states = {state}
    if reason in {code.value for code in Code}:
        states &= {one.value for one in REASONS[Code(reason)].states}
    return states
