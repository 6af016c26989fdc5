"""What the first step tells of the times that were entered: in all zones, with what changing clocks do to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.admin_time import AdminZonedDateTimeWidget
from campaigns.forms_time import ZoneChoiceField, ZonedDateTimeField, ZonedTimesFormMixin
from campaigns.rules import zones
from campaigns.rules.told_times import clock_notices, told_times

MOST_DAYS = 365


class TimesForm(ZonedTimesFormMixin, forms.Form):
    """The times alone, as the first step holds them at this moment; nothing is stored."""

    time_zone = ZoneChoiceField(label=_("Time zone"))
    starts_at = ZonedDateTimeField(label=_("Start"), required=False, widget=AdminZonedDateTimeWidget)
    ends_at = ZonedDateTimeField(label=_("End"), required=False, widget=AdminZonedDateTimeWidget)
    announcement_days = forms.IntegerField(min_value=0, max_value=MOST_DAYS, required=False)
    grace_days = forms.IntegerField(min_value=0, max_value=MOST_DAYS, required=False)

    def told(self, *, own_zone: str) -> dict[str, Any]:
        """Return the context of the times of a bound form, of those that can be read."""
        self.is_valid()
        values = self.cleaned_data
        problems = [error for name in ("starts_at", "ends_at") for error in self.errors.get(name, [])]
        return {
            **told(
                starts_at=values.get("starts_at"),
                ends_at=values.get("ends_at"),
                announcement_days=values.get("announcement_days") or 0,
                grace_days=values.get("grace_days") or 0,
                zone_name=values.get("time_zone") or "UTC",
                own_zone=own_zone,
            ),
            "problems": problems,
        }


def told(
    *,
    starts_at: datetime | None,
    ends_at: datetime | None,
    announcement_days: int,
    grace_days: int,
    zone_name: str,
    own_zone: str,
) -> dict[str, Any]:
    """Return these times in all zones, with those that follow from them (C3), and the notices about clocks."""
    announces_at = zones.announcement_time(starts_at, announcement_days, zone_name) if starts_at else None
    closes_at = zones.closing_time(ends_at, grace_days, zone_name) if ends_at else None
    times = [
        (_("Viewers see it from"), announces_at if announces_at != starts_at else None),
        (_("Start"), starts_at),
        (_("End"), ends_at),
        (_("Claiming closes"), closes_at),
    ]
    notices = []
    if starts_at and ends_at and ends_at > starts_at:
        notices = clock_notices(
            starts_at=starts_at, ends_at=ends_at, closes_at=closes_at, zone_name=zone_name, own_zone=own_zone
        )
    return {"told": told_times(times, zone_name=zone_name, own_zone=own_zone), "notices": notices}
