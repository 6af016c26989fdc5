"""The forms of deeds on claims, links and endpoints: a reason, and what to assign."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from campaigns.models import Campaign, CampaignReward, Reward
from portal.models import Organization
from portal.reach import in_games


class ReasonForm(forms.Form):
    """Why something is done."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("Kept in the history, for your colleagues. Players do not see it."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


class AssignForm(ReasonForm):
    """Which reward a quarantined claim is for, and of which campaign."""

    reward = forms.ModelChoiceField(Reward.objects.none(), label=_("Reward"), widget=UnfoldAdminSelectWidget)
    campaign = forms.ModelChoiceField(
        Campaign.objects.none(),
        label=_("Campaign"),
        required=False,
        empty_label=_("the one that fits"),
        help_text=_("Needed only where several campaigns with this reward ran at the same time."),
        widget=UnfoldAdminSelectWidget,
    )
    field_order = ("reward", "campaign", "reason")

    def __init__(self, *args: Any, organization: Organization, games: frozenset[str] | None, **kwargs: Any) -> None:
        """``games`` are those of the member who asks; None for all of the organization's."""
        super().__init__(*args, **kwargs)
        rewards = in_games(Reward.objects.filter(game__organization=organization), games).select_related("game")
        self.fields["reward"].queryset = rewards.order_by("name", "pk")  # type: ignore[attr-defined]
        self.fields["reward"].label_from_instance = lambda reward: f"{reward.name} ({reward.game})"  # type: ignore[attr-defined]
        campaigns = in_games(Campaign.objects.filter(organization=organization), games).exclude(
            status=Campaign.Status.DRAFT
        )
        self.fields["campaign"].queryset = campaigns.order_by("-starts_at", "pk")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Hold reward and campaign together."""
        cleaned = super().clean() or self.cleaned_data
        reward, campaign = cleaned.get("reward"), cleaned.get("campaign")
        if reward and campaign and not CampaignReward.objects.filter(campaign=campaign, reward=reward).exists():
            self.add_error("campaign", _("This campaign does not have the chosen reward."))
        return cleaned
