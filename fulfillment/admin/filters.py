"""Filters of the claims list. None of them reads the claims table to know its choices."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from ulid import ULID

from fulfillment.admin.words import REASON_NAMES
from fulfillment.models.claims import STATE_NAMES
from fulfillment.rules.codes import Code
from fulfillment.rules.reasons import REASONS
from fulfillment.rules.states import State
from portal.admin_filters import DropdownFilter, RangeDateTimeFilter, asked_range

NEEDS_STAFF = (State.QUARANTINED.value, State.HELD.value, State.FAILED.value)
_SKEW = timedelta(days=1)


class StateFilter(DropdownFilter):
    """The claim's state; first of all those that need somebody."""

    title = _("state")
    parameter_name = "state"
    attention = "attention"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return all states."""
        return [(self.attention, _t("needs somebody")), *((value, str(name)) for value, name in STATE_NAMES)]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep the claims in the chosen state."""
        value = self.value()
        if value == self.attention:
            return queryset.filter(state__in=NEEDS_STAFF)
        return queryset.filter(state=value) if value in {state.value for state in State} else queryset


class ReasonFilter(DropdownFilter):
    """Why a claim is where it is. A reason belongs to a state, and with the state an index answers."""

    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return all reasons in a few words."""
        return [(code.value, str(name)) for code, name in REASON_NAMES.items()]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep the claims with the chosen reason."""
        try:
            code = Code(self.value() or "")
        except ValueError:
            return queryset
        return queryset.filter(reason=code, state__in=sorted(REASONS[code].states))


class AttemptedFilter(DropdownFilter):
    """Whether a delivery was ever tried."""

    title = _("delivery attempted")
    parameter_name = "attempted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return yes and no."""
        return [("yes", _t("yes")), ("no", _t("never"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep the claims that were, or were never, attempted."""
        value = self.value()
        return queryset.filter(attempted_at__isnull=value == "no") if value in ("yes", "no") else queryset


class ReceivedRangeFilter(RangeDateTimeFilter):
    """A range of times. A claim's id begins with the time of its arrival, so the primary key does most of the work."""

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep the claims of that time."""
        found = super().queryset(request, queryset)
        return found.filter(**_id_bounds(request, self.parameter_name, bounds_end=self.bounds_end))

    bounds_end = True


class GrantedRangeFilter(ReceivedRangeFilter):
    """A range of times of granting: a claim arrives after it was granted, sometimes long after."""

    bounds_end = False


def arrived_within(request: HttpRequest) -> dict[str, str]:
    """Return the bounds of claims' ids that follow from the times of arrival and of granting that a request asks for."""
    return _id_bounds(request, "granted_at", bounds_end=False) | _id_bounds(request, "received_at", bounds_end=True)


def _id_bounds(request: HttpRequest, name: str, *, bounds_end: bool) -> dict[str, str]:
    """Return the first id, and if wanted the last, of the times asked for; the time itself is left to its own column."""
    asked = asked_range(request, name)
    bounds = {"pk__gte": _id_at(asked.get(f"{name}__gte"), -_SKEW)}
    if bounds_end:
        bounds["pk__lte"] = _id_at(asked.get(f"{name}__lte"), _SKEW)
    return {name: value for name, value in bounds.items() if value}


def _id_at(moment: datetime | None, margin: timedelta) -> str:
    """Return the first or last id of a moment, moved by a margin; nothing for what no id can begin with."""
    try:
        begins = str(ULID.from_datetime(moment + margin))[:10] if moment else ""
    except (ValueError, OverflowError):
        return ""
    return begins and begins.ljust(26, "Z" if margin > timedelta(0) else "0")
