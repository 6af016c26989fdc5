"""C2 in a form: local date and time in a named zone, UTC once clean, *first or second* only when needed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django import forms

from campaigns.admin_time import AdminZonedDateTimeWidget
from campaigns.forms_time import ZoneChoiceField, ZonedDateTimeField, ZonedTimesFormMixin
from campaigns.models import Campaign


class PlainForm(ZonedTimesFormMixin, forms.Form):
    time_zone = ZoneChoiceField()
    starts_at = ZonedDateTimeField(label="Start")
    ends_at = ZonedDateTimeField(label="End", required=False)


class CampaignForm(ZonedTimesFormMixin, forms.ModelForm):  # type: ignore[type-arg]
    time_zone = ZoneChoiceField()
    starts_at = ZonedDateTimeField(required=False, widget=AdminZonedDateTimeWidget)

    class Meta:
        model = Campaign
        fields = ("time_zone", "starts_at")


class ZonelessForm(ZonedTimesFormMixin, forms.ModelForm):  # type: ignore[type-arg]
    starts_at = ZonedDateTimeField(required=False)

    class Meta:
        model = Campaign
        fields = ("starts_at",)


def posted(at: str, zone: str = "Europe/Berlin", occurrence: str | None = None, name: str = "starts_at") -> Any:
    day, _, clock = at.partition(" ")
    data = {"time_zone": zone, f"{name}_date": day, f"{name}_time": clock}
    return data if occurrence is None else {**data, f"{name}_occurrence": occurrence}


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_c2_local_input_becomes_utc() -> None:
    form = PlainForm(posted("2026-07-01 12:00"))
    assert form.is_valid(), form.errors
    assert form.cleaned_data["starts_at"] == utc(2026, 7, 1, 10)
    assert form.cleaned_data["starts_at"].tzinfo is UTC
    assert form.cleaned_data["ends_at"] is None


def test_c2_an_hour_that_occurs_twice_is_asked_about_and_then_taken() -> None:
    form = PlainForm(posted("2026-10-25 02:30"))
    assert form.errors == {
        "starts_at": [
            "02:30 on 25 Oct 2026 happens twice in Europe/Berlin, because the clocks go back: "
            "choose first (UTC+2) or second (UTC+1)."
        ]
    }
    html = str(form["starts_at"])
    assert 'value="2026-10-25"' in html
    assert 'value="02:30"' in html
    assert '<option value="first">first (UTC+2)</option>' in html
    assert '<option value="second">second (UTC+1)</option>' in html
    for occurrence, hour in (("first", 0), ("second", 1)):
        again = PlainForm(posted("2026-10-25 02:30", occurrence=occurrence))
        assert again.is_valid(), again.errors
        assert again.cleaned_data["starts_at"] == utc(2026, 10, 25, hour, 30)
        assert f'<option value="{occurrence}" selected>' in str(again["starts_at"])


def test_c2_the_question_is_not_there_when_there_is_nothing_to_choose() -> None:
    for form in (PlainForm(), PlainForm(posted("2026-07-01 12:00")), PlainForm(posted("2026-03-29 02:30"))):
        form.is_valid()
        assert "<select" not in str(form["starts_at"])
    answered_in_vain = PlainForm(posted("2026-07-01 12:00", occurrence="second"))
    assert answered_in_vain.is_valid()
    assert answered_in_vain.cleaned_data["starts_at"] == utc(2026, 7, 1, 10)


def test_c2_an_hour_that_does_not_exist_is_refused_at_its_field_and_nothing_is_lost() -> None:
    form = PlainForm({**posted("2026-07-01 12:00"), **posted("2026-03-29 02:30", name="ends_at")})
    assert list(form.errors) == ["ends_at"]
    assert "does not exist in Europe/Berlin" in form.errors["ends_at"][0]
    assert 'value="2026-03-29"' in str(form["ends_at"])
    assert 'value="02:30"' in str(form["ends_at"])


@pytest.mark.parametrize(
    ("data", "field", "sentence"),
    [
        (posted("29.03.2026 12:00"), "starts_at", "Give the date as year-month-day"),
        (posted("2026-02-30 12:00"), "starts_at", "Give the date as year-month-day"),
        (posted("2026-03-29 25:00"), "starts_at", "from 00:00 to 23:59"),
        (posted("2026-03-29 "), "starts_at", "Give both the date and the time."),
        (posted(" "), "starts_at", "required"),
        (posted("2026-03-29 ", name="ends_at"), "ends_at", "Give both the date and the time."),
        (posted("2026-03-29 12:00", zone="Mars/Olympus"), "time_zone", "valid choice"),
        (posted("2026-10-25 02:30", occurrence="third"), "starts_at", "valid choice"),
        (posted("9999-12-31 23:00", zone="America/New_York"), "starts_at", "too far away"),
        (posted("0001-01-01 00:00", zone="Asia/Kolkata"), "starts_at", "too far away"),
    ],
)
def test_c2_each_mistake_is_told_at_its_field(data: dict[str, str], field: str, sentence: str) -> None:
    form = PlainForm(data)
    assert not form.is_valid()
    assert sentence in form.errors[field][0]
    assert str(form)


def test_c2_a_stored_time_is_shown_in_its_zone_and_told_with_utc_beside() -> None:
    campaign = Campaign(time_zone="America/New_York", starts_at=utc(2026, 7, 1, 16))
    html = CampaignForm(instance=campaign).as_div()
    assert 'value="2026-07-01"' in html
    assert 'value="12:00"' in html
    assert "12:00 on 1 Jul 2026 America/New_York (UTC−4) · 16:00 on 1 Jul 2026 UTC" in html
    assert 'aria-label="Starts at: date"' in html
    assert 'value="America/New_York" selected' in html


@pytest.mark.parametrize(("hour", "occurrence"), [(0, "first"), (1, "second")])
def test_c2_a_stored_time_in_the_doubled_hour_shows_which_it_is(hour: int, occurrence: str) -> None:
    campaign = Campaign(time_zone="Europe/Berlin", starts_at=utc(2026, 10, 25, hour, 30))
    assert f'value="{occurrence}" selected' in str(CampaignForm(instance=campaign)["starts_at"])
    form = CampaignForm(posted("2026-10-25 02:30", occurrence=occurrence), instance=campaign)
    assert form.is_valid(), form.errors
    assert not form.has_changed()
    assert campaign.starts_at == utc(2026, 10, 25, hour, 30)


def test_c6_a_time_that_nobody_changed_is_kept_to_the_microsecond() -> None:
    stored = datetime(2026, 7, 1, 10, 0, 0, 123456, tzinfo=UTC)
    campaign = Campaign(time_zone="Europe/Berlin", starts_at=stored)
    form = CampaignForm(posted("2026-07-01 12:00"), instance=campaign)
    assert form.is_valid(), form.errors
    assert campaign.starts_at == stored


def test_c2_another_zone_with_the_same_clock_time_is_another_moment() -> None:
    campaign = Campaign(time_zone="Europe/Berlin", starts_at=utc(2026, 7, 1, 10))
    form = CampaignForm(posted("2026-07-01 12:00", zone="Asia/Kolkata"), instance=campaign)
    assert form.is_valid(), form.errors
    assert campaign.starts_at == utc(2026, 7, 1, 6, 30)


def test_c6_a_locked_time_is_kept_whatever_is_posted() -> None:
    campaign = Campaign(time_zone="Europe/Berlin", starts_at=utc(2026, 7, 1, 10))
    form = CampaignForm(posted("2030-01-01 00:00", zone="Asia/Kolkata"), instance=campaign)
    form.fields["starts_at"].disabled = True
    assert form.is_valid(), form.errors
    assert campaign.starts_at == utc(2026, 7, 1, 10)


def test_c2_without_the_zone_in_the_form_the_campaigns_own_is_used() -> None:
    campaign = Campaign(time_zone="America/New_York")
    form = ZonelessForm(posted("2026-07-01 12:00"), instance=campaign)
    assert form.is_valid(), form.errors
    assert campaign.starts_at == utc(2026, 7, 1, 16)


def test_c2_a_stored_zone_that_is_not_offered_stays_choosable() -> None:
    campaign = Campaign(time_zone="EST5EDT", starts_at=utc(2026, 7, 1, 16))
    assert 'value="EST5EDT" selected' in str(CampaignForm(instance=campaign)["time_zone"])
    assert CampaignForm(posted("2026-07-01 12:00", zone="EST5EDT"), instance=campaign).is_valid()
    assert not PlainForm(posted("2026-07-01 12:00", zone="EST5EDT")).is_valid()


def test_c2_a_stored_zone_that_no_longer_exists_loses_nothing() -> None:
    campaign = Campaign(time_zone="Gone/Away", starts_at=utc(2026, 7, 1, 16))
    html = CampaignForm(instance=campaign).as_div()
    assert 'value="16:00"' in html
    assert "16:00 on 1 Jul 2026 UTC" in html


def test_the_admins_widget_draws_inputs_in_the_admins_look() -> None:
    form = CampaignForm(posted("2026-10-25 02:30"))
    assert not form.is_valid()
    html = str(form["starts_at"])
    assert html.count("border-base-200") >= 3
    assert 'type="date"' in html
    assert 'type="time"' in html
