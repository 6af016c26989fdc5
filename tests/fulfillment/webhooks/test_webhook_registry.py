"""The webhooks as a registry: one for each platform that sends claims, each held to the contract."""

from __future__ import annotations

from importlib import import_module

import pytest

from fulfillment.webhooks.registry import webhooks
from portal import platforms
from tests.fulfillment.webhooks.contract import SignedWebhookContract


def test_every_platform_that_sends_claims_has_an_address_to_send_them_to() -> None:
    assert set(webhooks) == {platform.key for platform in platforms.registry.values() if platform.sends_claims}


@pytest.mark.parametrize("key", webhooks)
def test_p1_every_webhook_is_held_to_the_contract(key: str) -> None:
    module = import_module(f"tests.fulfillment.webhooks.test_{key}")
    held = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, SignedWebhookContract)]
    assert key in [one.platform for one in held if one is not SignedWebhookContract]
