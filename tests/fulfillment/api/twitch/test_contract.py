"""Twitch's shape keeps the contract of every shape, also with several at the same moment (A1 to A5, D3)."""

from __future__ import annotations

import pytest

from tests.fulfillment.api.contract import ClaimsContract
from tests.fulfillment.api.contract_players import PlayersTokenContract
from tests.fulfillment.api.contract_together import TogetherContract
from tests.fulfillment.api.twitch.helix import Helix


class TestTwitchClaims(Helix, ClaimsContract, PlayersTokenContract):
    """The contract of every shape."""


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestTwitchTogether(Helix, TogetherContract):
    """The contract, with several at the same moment."""
