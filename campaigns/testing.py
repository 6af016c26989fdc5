"""Test mode (C8): who takes part while a campaign is only a test."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from campaigns.hooks import call_claims_may_resolve, member_accounts
from campaigns.models import Campaign, CampaignTester
from campaigns.publishing import NotPossible
from portal import audit
from portal.sentences import Sentence

if TYPE_CHECKING:
    from portal.models import User


def add_members_as_testers(*, campaign_id: str, actor: User | None, now: datetime) -> Campaign:
    """Make testers of the platform accounts that the organization's members have linked themselves.

    Who is a tester already stays one; doing it again adds whoever linked since.

    Raises:
        NotPossible: the campaign is not in test mode, or no member has linked a platform account.
    """
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update(of=("self",)).select_related("organization").get(pk=campaign_id)
        if not campaign.test_mode:
            raise NotPossible(Sentence(_("Only a campaign in test mode has testers.")))
        accounts = [account for tell in member_accounts for account in tell(campaign.organization_id)]
        if not accounts:
            text = _("No member has linked a platform account yet. Each links their own on the game's link page.")
            raise NotPossible(Sentence(text))
        before = campaign.testers.count()
        CampaignTester.objects.bulk_create(
            [
                CampaignTester(campaign=campaign, platform=platform, platform_user_id=user_id, note=name[:100])
                for platform, user_id, name in accounts
            ],
            ignore_conflicts=True,
        )
        after = campaign.testers.count()
        if after != before:
            audit.record(
                actor=actor,
                action="added members as testers",
                obj=campaign,
                organization=campaign.organization,
                before={"number of testers": before},
                after={"number of testers": after},
                now=now,
            )
            call_claims_may_resolve(organization_id=campaign.organization_id, campaign_id=campaign.pk)
    return campaign
