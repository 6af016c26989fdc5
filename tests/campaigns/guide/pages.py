"""The guide's addresses, its form, and a draft to take through it."""

from __future__ import annotations

from html import unescape
from typing import Any

from campaigns.admin.guide.steps import Step
from campaigns.models import Campaign
from portal.models import Organization
from tests.admin_pages import url
from tests.factories import make_campaign

FORM = "guide-form"


def begin() -> str:
    return url("campaigns.campaign", "begin")


def step(campaign: Campaign, which: Step) -> str:
    return url("campaigns.campaign", "guide", campaign.pk, which.value)


def make_draft(organization: Organization, **fields: Any) -> Campaign:
    return make_campaign(organization.games.get(), status=Campaign.Status.DRAFT, **fields)


def text_of(answer: Any) -> str:
    return unescape(" ".join(answer.content.decode().split()))
