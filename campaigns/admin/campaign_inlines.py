"""The lists on a campaign's tabs. Each is read-only where C6 fixes it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.admin.campaign_forms import (
    CampaignPlatformForm,
    ChannelFormSet,
    FurtherGameFormSet,
    PlatformFormSet,
    TesterFormSet,
)
from campaigns.admin.campaign_lists import MOST_CHANNELS_SHOWN
from campaigns.admin.campaign_rewards import LIMIT_FIELDS, CampaignRewardForm, CampaignRewardFormSet
from campaigns.admin.chosen_widget import ChosenWidget
from campaigns.game_state.rule_words import rule_for_staff
from campaigns.models import (
    Campaign,
    CampaignChannel,
    CampaignGame,
    CampaignPlatform,
    CampaignReward,
    CampaignTester,
)
from campaigns.rules.edits import is_locked
from portal import platforms
from portal.admin_base import PortalStackedInline, PortalTabularInline, display
from portal.admin_forms import OrganizationForm

OPENED = "_opened_as"
"""Hidden field of the page: whether fields were still open when it was shown."""


def shown_locked(request: HttpRequest, campaign: Campaign | None, field: str) -> bool:
    """Say whether the page shows this field, or list, as fixed (C6).

    A page that was opened while the field was open still sends it: then it is read, so that the rule beneath can
    refuse a change with a sentence instead of losing it silently.
    """
    if campaign is None or (request.method == "POST" and request.POST.get(OPENED) == "open"):
        return False
    now = timezone.now()
    return is_locked(field, phase=campaign.phase(now), ends_at=campaign.ends_at, now=now)


REWARD_LINES = (
    ("reward", "rule", "minutes", "requires", "position"),
    ("event_name", "event_path"),
    ("event_condition", "event_value", "event_cool_down_seconds", "event_per_session"),
    LIMIT_FIELDS,
)


class Lockable:
    """Has a list not be changed while C6 fixes it; ``locked_by`` is its name in the rules."""

    tab = True
    locked_by = ""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By role, and unless it is fixed."""
        allowed: bool = super().has_add_permission(request, obj)  # type: ignore[misc]
        return allowed and not shown_locked(request, obj, self.locked_by)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By role, and unless it is fixed."""
        allowed: bool = super().has_change_permission(request, obj)  # type: ignore[misc]
        return allowed and not shown_locked(request, obj, self.locked_by)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By role, and unless it is fixed."""
        allowed: bool = super().has_delete_permission(request, obj)  # type: ignore[misc]
        return allowed and not shown_locked(request, obj, self.locked_by)


class LockableInline(Lockable, PortalTabularInline):
    """Such a list as a table."""


class RewardInline(Lockable, PortalStackedInline):
    """The rewards, one below the other, each with its rule. Their limits stay open while the campaign runs.

    Not a table: a game event has six fields of its own. Which of the fields are shown follows from the rule that is chosen,
    by style alone (``admin.css``); where a browser cannot do that, all are.
    """

    model = CampaignReward
    form = CampaignRewardForm
    formset = CampaignRewardFormSet
    locked_by = "rewards"
    fk_name = "campaign"
    autocomplete_fields = ("reward",)
    readonly_fields = ("rule_told",)
    template_before = "admin/campaigns/rewards_hint.html"
    verbose_name = _("reward")
    verbose_name_plural = _("rewards")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the rewards in their order."""
        return super().get_queryset(request).select_related("reward", "requires__reward").order_by("position", "id")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Have the search box of the reward not ask for what the row has read already."""
        if db_field.name == "reward":
            kwargs["widget"] = ChosenWidget(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields line by line; where nothing can be changed, each rule in words."""
        if self.has_add_permission(request, obj):
            return REWARD_LINES
        return (("reward", "rule_told", "requires"), LIMIT_FIELDS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By role, as long as the limits may be changed."""
        return super(Lockable, self).has_change_permission(request, obj) and not shown_locked(request, obj, "limits")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return the rule in words, and where the rewards are fixed what else is."""
        fixed = () if self.has_add_permission(request, obj) else ("reward", "requires")
        return (*self.readonly_fields, *fixed)

    @display(description=_("rule"))
    def rule_told(self, row: CampaignReward) -> str:
        """The rule in words, with all that decides."""
        return rule_for_staff(row)


class PlatformInline(LockableInline):
    """The platforms; the campaign's id there stays open while the campaign runs, so that a slip can be mended."""

    model = CampaignPlatform
    form = CampaignPlatformForm
    formset = PlatformFormSet
    locked_by = "platforms"
    fields = ("platform", "counted_by", "platform_campaign_id")
    template_before = "admin/campaigns/platforms_hint.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By role, as long as the ids may be mended."""
        return super(Lockable, self).has_change_permission(request, obj) and not shown_locked(
            request, obj, "platform_campaign_ids"
        )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Show the fixed columns as text."""
        if self.has_change_permission(request, obj) and not shown_locked(request, obj, self.locked_by):
            return ["platform", "counted_by", "platform_campaign_id"]
        return ["platform_name", "counted_by", "platform_campaign_id"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return the fixed columns."""
        return ["platform_name", "counted_by"] if shown_locked(request, obj, self.locked_by) else ["platform_name"]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the platforms in the order in which they were entered."""
        return super().get_queryset(request).order_by("pk")

    @display(description=_("platform"))
    def platform_name(self, row: CampaignPlatform) -> str:
        """The platform by its name."""
        return platforms.get(row.platform).name if row.platform else "–"


class FurtherGameInline(LockableInline):
    """Further games whose streams count (C1)."""

    model = CampaignGame
    formset = FurtherGameFormSet
    locked_by = "games"
    fields = ("game",)
    verbose_name_plural = _("further games")


class ChannelInline(LockableInline):
    """The channels that are on the allow-list now; rows are intervals, kept by :mod:`campaigns.channels`.

    Of a long list only the number is shown. Channels can be added to it all the same.
    """

    model = CampaignChannel
    formset = ChannelFormSet
    locked_by = "channels"
    fields = ("channel", "listed_at")
    readonly_fields = ("listed_at",)
    autocomplete_fields = ("channel",)
    template_before = "admin/campaigns/channels_hint.html"
    listed_count = 0
    is_long = False

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Return the formset class, and note how long the list is."""
        if obj is not None:
            self.listed_count = obj.listed_count
            self.is_long = self.listed_count > MOST_CHANNELS_SHOWN
        return super().get_formset(request, obj, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Have the search box of the channel say what it is for."""
        if db_field.name == "channel":
            kwargs["widget"] = ChosenWidget(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: a listing is made and ended, not changed."""
        return False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the open listings, none of a long list."""
        rows = super().get_queryset(request).filter(removed_at=None).select_related("channel").order_by("pk")
        return rows.none() if self.is_long else rows


class TesterInline(LockableInline):
    """Who takes part in test mode (C8)."""

    model = CampaignTester
    form = OrganizationForm
    formset = TesterFormSet
    locked_by = "testers"
    fields = ("platform", "platform_user_id", "note")
