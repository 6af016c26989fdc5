"""The platforms that call the portal. A further one is a module beside these and a line here."""

from __future__ import annotations

from fulfillment.webhooks.base import WebhookView
from fulfillment.webhooks.chzzk import ChzzkWebhook
from fulfillment.webhooks.kick import KickWebhook
from fulfillment.webhooks.twitch import TwitchWebhook

webhooks: dict[str, type[WebhookView]] = {view.platform: view for view in (KickWebhook, TwitchWebhook, ChzzkWebhook)}
"""Each platform's webhook by the platform's key."""
