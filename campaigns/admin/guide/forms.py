"""The forms of the guide's first two steps: what and when, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from campaigns.admin.campaign_forms import CampaignForm
from campaigns.admin.guide.dress import dress
from campaigns.admin_time import AdminZonedDateTimeWidget
from campaigns.forms_time import ZoneChoiceField, ZonedDateTimeField
from campaigns.models import CampaignPlatform, Game, GameCategory, HeartbeatSource
from campaigns.rules import zones
from portal import platforms
from portal.models import PlatformCredential
from portal.platforms import Platform
from portal.platforms.studio import STUDIO
from portal.sentences import Sentence

_BY_PLATFORM, _BY_PORTAL = CampaignPlatform.CountedBy.PLATFORM.value, CampaignPlatform.CountedBy.PORTAL.value
PROPOSED_HOUR = 18


class BasicsForm(CampaignForm):
    """What the campaign is, and when. A draft may lack its dates."""

    time_zone = ZoneChoiceField(
        label=_("Time zone"), help_text=_("Start and end are entered in this zone. Everybody sees them in UTC as well.")
    )
    starts_at = ZonedDateTimeField(label=_("Start"), required=False, widget=AdminZonedDateTimeWidget)
    ends_at = ZonedDateTimeField(label=_("End"), required=False, widget=AdminZonedDateTimeWidget)

    class Meta(CampaignForm.Meta):
        fields: tuple[str, ...] = (  # type: ignore[assignment]
            "game",
            "name",
            "description",
            "time_zone",
            "starts_at",
            "ends_at",
            "announcement_days",
            "grace_days",
            "info_url",
            "connection_url",
        )

    MORE = ("info_url", "connection_url")
    """What few campaigns need: folded away until something stands there."""

    def __init__(self, *args: Any, games: QuerySet[Game], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["game"]
        chosen.queryset = games
        if not self.initial.get("game") and len(found := list(games[:2])) == 1:
            self.initial["game"] = found[0].pk  # most studios have one game: nobody should have to choose it
        for name in ("info_url", "connection_url"):
            self.fields[name].widget = forms.URLInput(attrs={"placeholder": "https://"})
        for name in ("starts_at", "ends_at"):
            self.fields[name].help_text = ""  # the page tells the times in all zones
        self.fields["name"].help_text = _("Viewers read it.")
        dress(self)

    @property
    def opens_more(self) -> bool:
        """Whether the folded part has something in it, or something to mend."""
        return any(self.errors.get(name) or self[name].value() for name in self.MORE)


def proposed_times(zone_name: str, *, now: datetime) -> dict[str, datetime]:
    """Propose a week from 18:00 in the zone, three days from now: time enough to set up the consoles of the platforms."""
    try:
        local = zones.from_utc(now, zone_name)
    except zones.UnknownZone:
        zone_name, local = "UTC", zones.from_utc(now, "UTC")
    start = local.replace(hour=PROPOSED_HOUR, minute=0, second=0, microsecond=0, tzinfo=None) + timedelta(days=3)
    try:
        return {
            "starts_at": zones.to_utc(start, zone_name, occurrence="first"),
            "ends_at": zones.to_utc(start + timedelta(days=7), zone_name, occurrence="first"),
        }
    except zones.ZoneError:  # the clocks skip that hour on one of the days
        return {}


@dataclass(frozen=True)
class PlatformLine:
    """One platform in the form: whether the campaign runs there, who counts, its id there."""

    platform: Platform
    on: forms.BoundField
    counted: forms.BoundField | None
    platform_id: forms.BoundField | None
    note: str | Promise


def _by_portal(platform: Platform) -> str | Promise:
    """Name the portal as who counts on a platform; most platforms tell it nothing by themselves."""
    if platform.registers_viewers:
        return _("the portal, from heartbeats")
    values = {"platform": platform.name}
    return _("the portal, from heartbeats of your own programs: %(platform)s sends none") % values


OWN_FIELDS = ("scope", "test_mode")


class WhereForm(CampaignForm):
    """Where the campaign runs, who counts there, and which channels count. All platforms are there, each to be chosen."""

    time_zone = None  # type: ignore[assignment]
    starts_at = None  # type: ignore[assignment]
    ends_at = None  # type: ignore[assignment]

    class Meta(CampaignForm.Meta):
        fields: tuple[str, ...] = OWN_FIELDS  # type: ignore[assignment]
        widgets = {"scope": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["test_mode"].help_text = _(
            "Only its testers take part, and it is left out of totals. They are listed on the page that has all of the campaign."
        )
        self.stored = {row.platform: row for row in self.instance.platforms.order_by("pk")}
        self.sources = set(
            HeartbeatSource.objects.filter(game=self.instance.game_id, enabled=True).values_list("platform", flat=True)
        )
        self.connected = set(
            PlatformCredential.objects.filter(organization=self.instance.organization_id, enabled=True).values_list(
                "platform", flat=True
            )
        )
        self.categories = set(
            GameCategory.objects.filter(game=self.instance.game_id).values_list("platform", flat=True)
        )
        for platform in platforms.registry.values():
            self._add(platform)
        dress(self)

    def _add(self, platform: Platform) -> None:
        row, key = self.stored.get(platform.key), platform.key
        ready = key in self.connected or (key == STUDIO.key and key in self.sources)
        # Where the game has categories, a platform without one has no streams of the game.
        played = key == STUDIO.key or not self.categories or key in self.categories
        proposed = ready and played and not self.stored
        self.fields[f"on_{key}"] = forms.BooleanField(
            label=capfirst(platform.name),
            required=False,
            initial=row is not None or proposed,
        )
        if not platform.counts_watch_time:
            return
        counts = _BY_PORTAL if key in self.sources else _BY_PLATFORM
        self.fields[f"counted_{key}"] = forms.ChoiceField(
            label=_("Who counts the time"),
            choices=[
                (_BY_PLATFORM, _("%(platform)s itself") % {"platform": platform.name}),
                (_BY_PORTAL, _by_portal(platform)),
            ],
            initial=row.counted_by if row else counts,
            widget=forms.RadioSelect,
            required=False,
        )
        self.fields[f"id_{key}"] = forms.CharField(
            label=_("Campaign id there"),
            max_length=200,
            required=False,
            initial=row.platform_campaign_id if row else "",
            help_text=str(platform.id_hints.get("campaign", "")),
        )

    def lines(self) -> Iterator[PlatformLine]:
        """Return the platforms in the registry's order, with what they need."""
        for key, platform in platforms.registry.items():
            counts = platform.counts_watch_time
            yield PlatformLine(
                platform,
                self[f"on_{key}"],
                self[f"counted_{key}"] if counts else None,
                self[f"id_{key}"] if counts else None,
                self._note(platform),
            )

    def _note(self, platform: Platform) -> str | Promise:
        if not platform.counts_watch_time:
            if platform.key in self.sources:
                return _("The portal counts here, from heartbeats.")
            return _("The portal would count here; it has no heartbeat source for this game yet.")
        if platform.key not in self.connected:
            return _("Your organization has no credential for it yet.")
        return ""

    def clean(self) -> dict[str, Any]:
        """Check the ids there, each once in the organization."""
        cleaned = super().clean()
        for row in self.rows():
            try:
                row.clean_fields(exclude=("campaign",))
                row.validate_constraints(exclude=("campaign",))
            except ValidationError as error:
                self.add_error(f"id_{row.platform}", error.messages)
        return cleaned

    def rows(self) -> list[CampaignPlatform]:
        """Return the platforms that were chosen, as rows; those that are stored already are changed, and not saved."""
        found = []
        for key, platform in platforms.registry.items():
            if not self.cleaned_data.get(f"on_{key}"):
                continue
            row = self.stored.get(key) or CampaignPlatform(campaign=self.instance, platform=key)
            row.organization_id = self.instance.organization_id
            row.counted_by = self.cleaned_data.get(f"counted_{key}") or (
                _BY_PLATFORM if platform.counts_watch_time else _BY_PORTAL
            )
            row.platform_campaign_id = self.cleaned_data.get(f"id_{key}", "")
            found.append(row)
        return found

    def unlike_ids(self) -> list[Sentence]:
        """Say of what was entered which does not look like a campaign's id there; of a valid form."""
        found = (platforms.unlike_id(row.platform, "campaign", row.platform_campaign_id) for row in self.rows())
        return [one for one in found if one is not None]

    def write_platforms(self) -> None:
        """Store the chosen platforms and drop the others; beneath the lock of :func:`campaigns.editing.save_campaign`."""
        rows = self.rows()
        self.instance.platforms.exclude(platform__in=[row.platform for row in rows]).delete()
        for row in rows:
            row.save()

    def written(self) -> list[str]:
        """Return the campaign's own fields that change; the platforms are a list of theirs."""
        return [name for name in super().written() if name in OWN_FIELDS]
