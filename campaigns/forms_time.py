"""Entering a campaign's times (C2): local date and time in a named zone, in UTC once the form is clean.

A form declares the fields and takes the mixin; nothing here needs JavaScript:

    class CampaignForm(ZonedTimesFormMixin, forms.ModelForm):
        time_zone = ZoneChoiceField(label=_("time zone"))
        starts_at = ZonedDateTimeField(label=_("start"), required=False)
        ends_at = ZonedDateTimeField(label=_("end"), required=False)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Self, cast

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import pretty_name
from django.utils.translation import gettext_lazy as _

from campaigns.rules import zones
from campaigns.rules.zones import Occurrence
from portal.sentences import Sentence


@dataclass(frozen=True)
class LocalTime:
    """What a person entered: a wall-clock time, and which of the two where it occurs twice."""

    naive: datetime
    occurrence: Occurrence | None = None

    @classmethod
    def of(cls, moment: datetime, zone_name: str) -> Self:
        """The moment as a person in the zone would enter it, to the second."""
        local = zones.from_utc(moment, zone_name).replace(tzinfo=None, microsecond=0, fold=0)
        return cls(local, zones.occurrence_of(moment, zone_name))


class _ClockInput(forms.TimeInput):
    """A time input that shows 24 hours, and seconds only where there are any."""

    input_type = "time"

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, time):
            return f"{value:%H:%M:%S}" if value.second else f"{value:%H:%M}"
        return None if value is None else str(value)


class ZonedDateTimeWidget(forms.MultiWidget):
    """Date, time, and *first or second*, which is only shown for an hour that occurs twice.

    `input_class` and `select_class` are put on the inputs, for admin themes.
    """

    def __init__(self, attrs: dict[str, Any] | None = None, *, input_class: str = "", select_class: str = "") -> None:
        inputs = {"class": input_class} if input_class else {}
        selects = {"class": select_class} if select_class else {}
        self.asks = False
        super().__init__(
            {
                "date": forms.DateInput(attrs={"type": "date", **inputs}, format="%Y-%m-%d"),
                "time": _ClockInput(attrs=inputs),
                "occurrence": forms.Select(attrs=selects),
            },
            attrs,
        )

    def name_parts(self, label: str) -> None:
        """Give each input a name that a screen reader tells: "start: date"."""
        for widget, part in zip(self.widgets, (_("date"), _("time"), _("first or second")), strict=True):
            widget.attrs["aria-label"] = Sentence(_("%(field)s: %(part)s"), {"field": label, "part": part})

    def ask(self, *, first: str, second: str) -> None:
        """Show the choice, with the two offsets (UTC+2, UTC+1)."""
        self.asks = True
        select = cast(forms.Select, self.widgets[2])
        select.choices = [
            ("", _("Choose first or second")),
            (Occurrence.FIRST.value, Sentence(_("first (%(offset)s)"), {"offset": first})),
            (Occurrence.SECOND.value, Sentence(_("second (%(offset)s)"), {"offset": second})),
        ]

    def decompress(self, value: LocalTime | None) -> list[Any]:
        """The parts of a value for the inputs."""
        if value is None:
            return [None, None, None]
        return [value.naive.date(), value.naive.time(), value.occurrence and value.occurrence.value]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """As usual, without the choice where there is nothing to choose."""
        context = super().get_context(name, value, attrs)
        if not self.asks:
            del context["widget"]["subwidgets"][2]
        return context


class ZonedDateTimeField(forms.MultiValueField):
    """A local date and time, cleaned to a LocalTime; ZonedTimesFormMixin makes the moment of it."""

    widget: ZonedDateTimeWidget = ZonedDateTimeWidget  # type: ignore[assignment]

    def __init__(self, **kwargs: Any) -> None:
        incomplete = {"incomplete": _("Give both the date and the time.")}
        bad_date = {"invalid": _("Give the date as year-month-day, for example 2026-03-29."), **incomplete}
        bad_time = {"invalid": _("Give the time as hours and minutes from 00:00 to 23:59."), **incomplete}
        choices = [(item.value, item.value) for item in Occurrence]
        super().__init__(
            fields=(
                forms.DateField(input_formats=["%Y-%m-%d"], error_messages=bad_date),
                forms.TimeField(input_formats=["%H:%M", "%H:%M:%S"], error_messages=bad_time),
                forms.ChoiceField(choices=choices, required=False),
            ),
            require_all_fields=False,
            **kwargs,
        )

    def compress(self, data_list: Sequence[Any]) -> LocalTime | None:
        """The parts as one value; None when nothing was entered."""
        if not data_list or data_list[0] is None or data_list[1] is None:
            return None
        day: date = data_list[0]
        return LocalTime(datetime.combine(day, data_list[1]), Occurrence(data_list[2]) if data_list[2] else None)


class ZoneChoiceField(forms.ChoiceField):
    """One of the named zones, and whatever zone is already stored."""

    stored: str | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=_zone_choices, **kwargs)

    def valid_value(self, value: Any) -> bool:
        """A zone that is stored already stays valid, though it is not offered to others."""
        return super().valid_value(value) or value == self.stored


def _zone_choices() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in zones.zone_names()]


class ZonedTimesFormMixin(forms.BaseForm):
    """Shows the moments of its ZonedDateTimeFields in the form's zone and cleans them to UTC.

    `zone_field` names the field of the zone; where the form lacks it (read-only), the instance's is used.
    Wrong times become errors of their own field: an hour that does not exist with the nearest ones that do,
    an hour that occurs twice with the question *first or second*. A time that nobody changed is kept to the
    microsecond, also when the zone can no longer be read.
    """

    zone_field = "time_zone"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored_zone = self._initial_zone()
        self._stored: dict[str, datetime] = {}
        self._keep_stored_zone()
        for name, field in self._zoned():
            field.widget.name_parts(str(field.label or pretty_name(name)))
            moment = self.get_initial_for_field(field, name)
            if isinstance(moment, datetime) and moment.tzinfo is not None:
                self._show(name, field, moment)

    def clean(self) -> dict[str, Any]:
        """Turn the local times into moments in UTC; errors are put on the field they belong to."""
        super().clean()
        zone_name = self._entered_zone()
        for name, field in self._zoned():
            value = self.cleaned_data.get(name)
            if not isinstance(value, LocalTime):
                continue
            del self.cleaned_data[name]
            moment = self._unchanged(name, field, value, zone_name) or self._moment(name, field, value, zone_name)
            if moment is not None:
                self.cleaned_data[name] = moment
        return self.cleaned_data

    def _zoned(self) -> Iterator[tuple[str, ZonedDateTimeField]]:
        return ((name, field) for name, field in self.fields.items() if isinstance(field, ZonedDateTimeField))

    def _initial_zone(self) -> str:
        field = self.fields.get(self.zone_field)
        initial = self.get_initial_for_field(field, self.zone_field) if field else None
        return str(initial or getattr(getattr(self, "instance", None), self.zone_field, None) or "UTC")

    def _keep_stored_zone(self) -> None:
        field = self.fields.get(self.zone_field)
        if isinstance(field, ZoneChoiceField) and self._stored_zone not in zones.zone_names():
            field.stored = self._stored_zone
            field.choices = [(self._stored_zone, self._stored_zone), *_zone_choices()]

    def _show(self, name: str, field: ZonedDateTimeField, moment: datetime) -> None:
        self._stored[name] = moment
        try:
            local = LocalTime.of(moment, self._stored_zone)
            told = zones.describe(moment, self._stored_zone)
        except zones.UnknownZone:
            local, told = LocalTime.of(moment, "UTC"), zones.describe(moment, "UTC")
            self._stored_zone = "UTC"
        self.initial[name] = local
        field.help_text = field.help_text or str(told)
        self._ask_if_twice(field, local, self._stored_zone)

    def _entered_zone(self) -> str | None:
        if self.zone_field in self.fields:
            return self.cleaned_data.get(self.zone_field)
        return self._stored_zone

    def _unchanged(
        self, name: str, field: ZonedDateTimeField, value: LocalTime, zone_name: str | None
    ) -> datetime | None:
        same = value == self.initial.get(name) and zone_name == self._stored_zone
        return self._stored.get(name) if same or field.disabled else None

    def _moment(self, name: str, field: ZonedDateTimeField, value: LocalTime, zone_name: str | None) -> datetime | None:
        if not zone_name:
            return None  # The zone has its own error.
        self._ask_if_twice(field, value, zone_name)
        try:
            return zones.to_utc(value.naive, zone_name, occurrence=value.occurrence)
        except zones.ZoneError as error:
            code = "twice" if isinstance(error, zones.AmbiguousTime) else "invalid"
            self.add_error(name, ValidationError(str(error), code=code))
        except OverflowError:
            self.add_error(name, ValidationError(_("This date is too far away."), code="invalid"))
        return None

    def _ask_if_twice(self, field: ZonedDateTimeField, value: LocalTime, zone_name: str) -> None:
        field.widget.asks = False
        try:
            zones.to_utc(value.naive, zone_name)
        except zones.AmbiguousTime as error:
            first, second = (zones.from_utc(at, zone_name) for at in (error.first, error.second))
            field.widget.ask(first=zones.offset_name(first), second=zones.offset_name(second))
        except (zones.ZoneError, OverflowError):
            return
