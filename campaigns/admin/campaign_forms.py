"""The campaign's form and the lists on its tabs. What is locked is decided beneath, in :mod:`campaigns.editing`."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminSelect2Widget

from campaigns.admin.campaign_lists import rows_read
from campaigns.admin_time import AdminZonedDateTimeWidget
from campaigns.forms_time import ZoneChoiceField, ZonedDateTimeField, ZonedTimesFormMixin
from campaigns.models import Campaign
from campaigns.publishing import set_derived_times
from campaigns.rules.edits import LockedChange
from portal import platforms
from portal.admin_forms import OrganizationForm


class CampaignForm(ZonedTimesFormMixin, OrganizationForm):
    """A campaign's own fields. A draft may be incomplete; what it still lacks, the preflight says."""

    time_zone = ZoneChoiceField(
        label=_("Time zone"),
        widget=UnfoldAdminSelect2Widget,
        help_text=_("Start and end are entered in this zone. Everybody sees them in UTC as well."),
    )
    starts_at = ZonedDateTimeField(label=_("Start"), required=False, widget=AdminZonedDateTimeWidget)
    ends_at = ZonedDateTimeField(label=_("End"), required=False, widget=AdminZonedDateTimeWidget)

    refused: ClassVar[list[LockedChange]] = []
    """What was refused beneath the form, when it is shown again for that reason."""

    class Meta:
        model = Campaign
        fields = (
            "game",
            "name",
            "description",
            "info_url",
            "connection_url",
            "time_zone",
            "starts_at",
            "ends_at",
            "announcement_days",
            "grace_days",
            "scope",
            "per_player_limit",
            "test_mode",
        )

    def clean(self) -> dict[str, Any]:
        """Check the dates against each other, and show what was refused beneath."""
        cleaned = super().clean()
        start, end = cleaned.get("starts_at"), cleaned.get("ends_at")
        if "starts_at" in self.fields and "ends_at" in self.fields and start and end and end <= start:
            self.add_error(
                "ends_at", ValidationError(_("The end must be after the start."), code="end_not_after_start")
            )
        for name in ("starts_at", "ends_at"):
            if self.instance.status == Campaign.Status.PUBLISHED and name in cleaned and cleaned[name] is None:
                self.add_error(name, ValidationError(_("A published campaign needs this."), code="required"))
        limit = cleaned.get("per_player_limit")
        if limit is not None and not 1 <= limit <= 100:
            self.add_error("per_player_limit", ValidationError(_("Enter a number from 1 to 100."), code="out_of_range"))
        for name in ("announcement_days", "grace_days"):
            if (cleaned.get(name) or 0) > 365:
                self.add_error(name, ValidationError(_("Enter at most 365 days."), code="out_of_range"))
        for change in self.refused:
            self.add_error(change.field if change.field in self.fields else None, str(change.sentence))
        return cleaned

    def complete_instance(self) -> None:
        """Announcement and closing time follow from the dates."""
        set_derived_times(self.instance)

    def written(self) -> list[str]:
        """Return the fields whose stored value changes: those that were edited, and times that a new zone moves."""
        changed = {name for name in self.changed_data if name in self.cleaned_data}
        if "time_zone" in changed:
            changed |= {"starts_at", "ends_at"} & self.cleaned_data.keys()
        return sorted(changed)


class DistinctFormSet(PaginationInlineFormSet):
    """A list in which nothing stands twice; the row that repeats another says so."""

    distinct: tuple[str, ...] = ()

    def get_queryset(self) -> Any:
        """Return the rows: where the page is only shown, those that were read for all of it."""
        shown = None if self.is_bound else rows_read(self.instance, self.fk.remote_field.related_name)
        return super().get_queryset() if shown is None else shown

    def clean(self) -> None:
        """Mark each row that repeats one before it, or one stored since the form was opened.

        Django's own check would name database fields.
        """
        seen = {tuple(getattr(row, name) for name in self.distinct) for row in self.stored_elsewhere()}
        for form in self.kept():
            key = tuple(form.cleaned_data.get(name) for name in self.distinct)
            if None in key or "" in key:
                continue
            if key in seen:
                form.add_error(self.distinct[-1], ValidationError(_("This is listed already."), code="twice"))
            seen.add(key)

    def stored_elsewhere(self) -> list[Any]:
        """Return the stored rows of which the form that was posted knows nothing."""
        if self.instance._state.adding:
            return []
        rows = self.model._default_manager.filter(**{self.fk.name: self.instance})
        return list(rows.exclude(pk__in=[form.instance.pk for form in self.initial_forms]))

    def kept(self) -> list[Any]:
        """Return the valid rows that are filled in and stay; without rows that are only shown.

        For those the admin takes the initial values as cleaned, whatever was posted.
        """
        return [
            form
            for form in self.forms
            if form.is_valid()
            and form.cleaned_data is not form.initial
            and (form.has_changed() or not form.instance._state.adding)
            and not self._gone(form)
        ]

    def _gone(self, form: Any) -> bool:
        return bool(self.can_delete and self._should_delete_form(form))


class CampaignPlatformForm(OrganizationForm):
    """A platform the campaign runs on, and who counts there."""

    def clean(self) -> dict[str, Any]:
        """Drop the id of a campaign where the platform does not count: there is none."""
        cleaned = super().clean() or self.cleaned_data
        key = cleaned.get("platform") or self.instance.platform
        counted_by = cleaned.get("counted_by")
        if key and counted_by == "platform" and not platforms.get(key).counts_watch_time:
            self.add_error(
                "counted_by",
                ValidationError(
                    _("%(name)s does not count itself: choose the portal."),
                    params={"name": capfirst(platforms.get(key).name)},
                ),
            )
        return cleaned


class PlatformFormSet(DistinctFormSet):
    """The platforms of one campaign."""

    distinct = ("platform",)


class FurtherGameFormSet(DistinctFormSet):
    """The further games of one campaign."""

    distinct = ("game",)


class TesterFormSet(DistinctFormSet):
    """The testers of one campaign."""

    distinct = ("platform", "platform_user_id")


class ChannelFormSet(DistinctFormSet):
    """The channels on a page of the allow-list; a channel that another page lists is not listed again."""

    distinct = ("channel",)

    def stored_elsewhere(self) -> list[Any]:
        """Return nothing: a channel may have been listed before. What is listed now is looked up below."""
        return []

    def clean(self) -> None:
        """Mark rows that repeat another, on this page or beyond."""
        super().clean()
        if self.instance._state.adding:
            return
        kept = self.kept()
        chosen = [form.cleaned_data["channel"].pk for form in kept if form.cleaned_data.get("channel")]
        open_ones = self.instance.channels.filter(removed_at=None, channel__in=chosen)
        listed = set(open_ones.values_list("channel_id", flat=True))
        for form in kept:
            channel = form.cleaned_data.get("channel")
            if form.instance._state.adding and channel and channel.pk in listed:
                form.add_error("channel", ValidationError(_("This channel is listed already."), code="twice"))
