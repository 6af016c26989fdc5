"""A campaign that is still being planned, and who plans it."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.models import Campaign
from tests.admin_pages import sign_in
from tests.factories import make_campaign, make_game, make_staff


@pytest.fixture
def draft() -> Campaign:
    return make_campaign(make_game(), rewards=[], status=Campaign.Status.DRAFT)


@pytest.fixture
def owner(draft: Campaign) -> Client:
    """The owner of the draft's organization, signed in."""
    return sign_in(make_staff(draft.organization))
