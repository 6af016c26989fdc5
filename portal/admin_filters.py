"""Filters of the admin's lists: choices from the active organization only (I5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.timezone import make_aware
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    DropdownFilter,
    FieldTextFilter,
    RelatedDropdownFilter,
)
from unfold.contrib.filters.admin import RangeDateTimeFilter as UnfoldRangeDateTimeFilter
from unfold.contrib.filters.forms import RangeDateTimeForm
from unfold.utils import parse_datetime_str

from portal import platforms
from portal.admin_base import in_reach

__all__ = [
    "ChoicesDropdownFilter",
    "DropdownFilter",
    "FieldTextFilter",
    "PlatformFilter",
    "RangeDateTimeFilter",
    "ScopedRelatedFilter",
    "asked_range",
]


class RangeForm(RangeDateTimeForm):
    """Unfold's, but each field says which end it is and in which zone: “Time” alone, twice, told neither."""

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(name, *args, **kwargs)
        labels = {
            "from": (_("Date from (UTC)"), _("Time from (UTC)")),
            "to": (_("Date to (UTC)"), _("Time to (UTC)")),
        }
        for end, told in labels.items():
            widget: Any = self.fields[f"{name}_{end}"].widget
            for part, label in zip(widget.widgets, told, strict=True):
                part.attrs |= {"placeholder": label, "aria-label": label}


class RangeDateTimeFilter(UnfoldRangeDateTimeFilter):
    """From one time to another, either of which may be left out; times are UTC, a date alone is its whole day."""

    form_class = RangeForm

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Narrow the list to what :func:`asked_range` says: Unfold's leaves dates without a time out, and knows no zone."""
        return queryset.filter(**asked_range(request, self.parameter_name))


def asked_range(request: HttpRequest, name: str) -> dict[str, datetime]:
    """Return what a :class:`RangeDateTimeFilter` of the field ``name`` filters by in this request; only what is a time."""
    found = {}
    for side, (bound, time_of_day) in _BOUNDS.items():
        date, time = (request.GET.get(f"{name}_{side}_{part}", "").strip() for part in (0, 1))
        moment = parse_datetime_str(f"{date} {time or time_of_day}")
        if moment:
            found[f"{name}__{bound}"] = make_aware(moment)
    return found


_BOUNDS = {"from": ("gte", "00:00"), "to": ("lte", "23:59:59.999999")}
"""Of each end the look-up, and the time of day that is meant where none is told."""


class ScopedRelatedFilter(RelatedDropdownFilter):
    """A choice among the related rows of the active organization."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return ids and names of the rows, by name."""
        related: type[models.Model] = field.remote_field.model
        rows = in_reach(related._default_manager.all(), request)[:1000]
        # What has a name is called by it everywhere; the rest of hundreds of campaigns is nothing to choose by.
        has_name = any(one.name == "name" for one in related._meta.concrete_fields)
        named = rows.values_list("pk", "name") if has_name else ((row.pk, str(row)) for row in rows)
        return sorted(((str(key), name) for key, name in named), key=lambda choice: choice[1].lower())

    def has_output(self) -> bool:
        """Show the filter also while there is nothing, or one thing, to choose."""
        return True


class PlatformFilter(DropdownFilter):
    """The platform of a row; ``lookup`` says where the row has it."""

    title = _("platform")
    parameter_name = "on_platform"
    lookup = "platform"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the platforms that the portal knows."""
        return platforms.choices()

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep the rows of the chosen platform."""
        value = self.value()
        return queryset.filter(**{self.lookup: value}) if value else queryset
