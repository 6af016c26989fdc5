"""How many game events happened in a campaign, for the top of its page."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Campaign, CampaignReward, GameEvent

COUNTED_AT_MOST = 10_000


def game_event_figure(campaign: Campaign) -> list[tuple[str, str, str]]:
    """Return how many game events happened in a campaign; nothing where no reward of it has such a rule.

    Nor before it begins: then none has.
    """
    offers = [row.pk for row in campaign.rewards.all() if row.rule == CampaignReward.Rule.GAME_EVENT]
    if not offers or campaign.starts_at is None or campaign.starts_at > timezone.now():
        return []
    count = GameEvent.objects.filter(campaign_reward__in=offers).order_by()[: COUNTED_AT_MOST + 1].count()
    shown = f"{COUNTED_AT_MOST:,}+" if count > COUNTED_AT_MOST else f"{count:,}"
    address = f"{reverse('admin:campaigns_gameevent_changelist')}?campaign_reward__campaign__id__exact={campaign.pk}"
    return [(_("Game events"), shown, address)]
