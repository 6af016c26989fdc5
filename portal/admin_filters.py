"""Filters of the admin's lists: choices from the active organization only (I5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest
from django.utils.functional import cached_property
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


class _MomentField(forms.SplitDateTimeField):
    """A day and a time of day, both as written; of a day alone ``time_of_day`` is meant. All in UTC."""

    def __init__(self, *, time_of_day: str, **kwargs: Any) -> None:
        super().__init__(required=False, label="", **kwargs)
        self.time_of_day = time_of_day

    def clean(self, value: Any) -> datetime | None:
        """Return the moment that is meant, or none where nothing is written.

        Raises:
            ValidationError: what is written is no moment; it says what is, and that the list is not narrowed by it.
        """
        date, time = (str(part or "").strip() for part in value or ("", ""))
        if not date and not time:
            return None
        if moment := parse_datetime_str(f"{date} {time or self.time_of_day}"):
            return make_aware(moment)
        written = time
        if not date:
            told = _("A time needs its date too, for example 2026-11-25. The list is not narrowed by “%(written)s”.")
        elif parse_datetime_str(f"{date} 00:00"):
            told = _("“%(written)s” is no time of day. Write it like 14:30. The list is not narrowed by it.")
        else:
            written = date
            told = _("“%(written)s” is no date. Write it like 2026-11-25. The list is not narrowed by it.")
        raise forms.ValidationError(told, params={"written": written[:40]})


class RangeForm(RangeDateTimeForm):
    """Unfold's, but each field says which end it is and in which zone: “Time” alone, twice, told neither."""

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(name, *args, **kwargs)
        labels = {
            "from": (_("Date from (UTC)"), _("Time from (UTC)")),
            "to": (_("Date to (UTC)"), _("Time to (UTC)")),
        }
        for end, told in labels.items():
            field: Any = _MomentField(time_of_day=_BOUNDS[end][1], widget=self.fields[f"{name}_{end}"].widget)
            self.fields[f"{name}_{end}"] = field
            for part, label in zip(field.widget.widgets, told, strict=True):
                part.attrs |= {"placeholder": label, "aria-label": label}
        for wrong in self.errors:
            parts: Any = self.fields[wrong].widget
            for part in parts.widgets:
                part.attrs["aria-describedby"] = f"{self[wrong].auto_id}_error"


class RangeDateTimeFilter(UnfoldRangeDateTimeFilter):
    """From one time to another, either of which may be left out; times are UTC, a date alone is its whole day.

    The list says above its rows what was written that is no time: the filters are shut by then.
    """

    form_class = RangeForm
    template = "admin/range_filter.html"

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Narrow the list to what :func:`asked_range` says: Unfold's leaves dates without a time out, and knows no zone."""
        return queryset.filter(**asked_range(request, self.parameter_name))

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        """Yield the form, as it was filled in."""
        yield {"request": self.request, "parameter_name": self.parameter_name, "form": self.form}

    @cached_property
    def form(self) -> RangeForm:
        """The form, as it was filled in."""
        return self.form_class(name=self.parameter_name, data=self.used_parameters)

    @property
    def mistakes(self) -> list[str]:
        """What was written that is no time."""
        return [told for errors in self.form.errors.values() for told in errors]


def asked_range(request: HttpRequest, name: str) -> dict[str, datetime]:
    """Return what a :class:`RangeDateTimeFilter` of the field ``name`` filters by in this request; only what is a time."""
    form = RangeForm(name, data=request.GET)
    moments = {bound: form.cleaned_data.get(f"{name}_{end}") for end, (bound, _time_of_day) in _BOUNDS.items()}
    return {f"{name}__{bound}": moment for bound, moment in moments.items() if moment}


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
