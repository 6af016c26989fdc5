"""The forms of the guide's third step: the rule of one reward, and the reward itself where it is new."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.admin.campaign_rewards import CampaignRewardForm, leads_back
from campaigns.admin.guide.dress import dress
from campaigns.models import Campaign, CampaignPlatform, CampaignReward, Reward, RewardPlatformId
from portal import platforms
from portal.admin_forms import OrganizationForm
from portal.sentences import Sentence

EVENT_FIELDS = (
    "event_name",
    "event_path",
    "event_condition",
    "event_value",
    "event_cool_down_seconds",
    "event_per_session",
)
FIRST_FIELDS = ("rule", "minutes")


class RuleForm(CampaignRewardForm):
    """One reward of a campaign with its rule. No reward chosen means a new one, described beside it."""

    def __init__(self, *args: Any, campaign: Campaign, rewards: QuerySet[Reward], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.campaign = campaign
        self.others = list(campaign.rewards.exclude(pk=self.instance.pk).select_related("reward", "requires"))
        chosen: Any = self.fields["reward"]
        if self.instance._state.adding:
            chosen.queryset = rewards.filter(game=campaign.game_id).exclude(
                pk__in=[row.reward_id for row in self.others]
            )
            chosen.required, chosen.empty_label = False, _("a new reward, described below")
            self.initial["position"] = max((row.position for row in self.others), default=0) + 1
        else:
            del self.fields["reward"]
        requires: Any = self.fields["requires"]
        requires.queryset = CampaignReward.objects.filter(pk__in=[row.pk for row in self.others])
        requires.choices = [("", _("nothing else")), *((row.pk, row.reward.name) for row in self.others)]
        dress(self)

    @property
    def is_new_reward(self) -> bool:
        """Whether a reward is to be made first; of a valid form."""
        return self.instance._state.adding and self.cleaned_data.get("reward") is None

    def more(self) -> Iterator[forms.BoundField]:
        """Return the fields that few rewards need."""
        return (self[name] for name in self.fields if name not in (*FIRST_FIELDS, *EVENT_FIELDS, "reward"))

    @property
    def opens_more(self) -> bool:
        """Whether something is to be mended there."""
        return any(field.errors for field in self.more())

    def first(self) -> Iterator[forms.BoundField]:
        """Return what every rule starts with."""
        return (self[name] for name in FIRST_FIELDS)

    def event(self) -> Iterator[forms.BoundField]:
        """Return what only a game event has."""
        return (self[name] for name in EVENT_FIELDS)

    def clean(self) -> dict[str, Any]:
        """Refuse rewards that would wait for each other."""
        cleaned = super().clean()
        needed = cleaned.get("requires")
        needs = {row.pk: row.requires for row in self.others} | {self.instance.pk: needed}
        if needed is not None and leads_back(self.instance.pk, needs):
            self.add_error("requires", ValidationError(_("These rewards wait for each other: none could be earned.")))
        return cleaned


class RewardForm(OrganizationForm):
    """The reward itself, with its id on each platform that counts in the campaign."""

    class Meta:
        model = Reward
        fields = ("name", "description", "image", "alt_text", "external_id")

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.instance.game = campaign.game
        image = self.fields["image"]
        image.widget = forms.FileInput(attrs=image.widget.attrs)  # an empty one keeps what is stored
        if self.instance.image:
            image.help_text = f"{_('Leave it empty to keep the image.')} {image.help_text}"
        known = {row.platform: row for row in self.instance.platform_ids.all()} if self.instance.pk else {}
        counted = CampaignPlatform.CountedBy.PLATFORM
        self.keys = list(
            campaign.platforms.filter(counted_by=counted).order_by("pk").values_list("platform", flat=True)
        )
        for key in self.keys:
            platform = platforms.get(key)
            self.fields[f"id_{key}"] = forms.CharField(
                label=_("Reward id on %(platform)s") % {"platform": platform.name},
                max_length=200,
                required=False,
                initial=known[key].platform_reward_id if key in known else "",
                help_text=str(platform.id_hints.get("reward", "")),
            )
        for name in ("image", *(f"id_{key}" for key in self.keys)):
            self.fields[name].needed_later = not self.fields[name].required  # type: ignore[attr-defined]
        dress(self)

    def clean(self) -> dict[str, Any]:
        """Check the ids there, each once in the organization."""
        cleaned = super().clean() or self.cleaned_data
        organization = self.instance.game.organization_id
        for key, wanted in self.platform_ids().items():
            taken = RewardPlatformId.objects.filter(
                organization=organization, platform=key, platform_reward_id=wanted
            ).exclude(reward=self.instance.pk)
            if wanted and taken.exists():
                self.add_error(f"id_{key}", ValidationError(_("Another reward has this id on this platform.")))
        return cleaned

    def unlike_ids(self) -> list[Sentence]:
        """Say of what was entered which does not look like an id there; of a valid form."""
        found = (platforms.unlike_id(key, "reward", entered) for key, entered in self.platform_ids().items())
        return [one for one in found if one is not None]

    def platform_ids(self) -> dict[str, str]:
        """Return what was entered, by platform."""
        return {key: self.cleaned_data.get(f"id_{key}", "") for key in self.keys}
