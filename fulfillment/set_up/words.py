"""What the signs of setting up are called, and where each is mended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.models import PlatformCredential
from portal.platforms.guide import Sign
from portal.roles import Permission

NAMES: Mapping[Sign, str | Promise] = {
    Sign.APP: _("client id and client secret are entered"),
    Sign.ANSWERS: _("the platform answers your app"),
    Sign.SECRET: _("messages can be told from forged ones"),
    Sign.WEBHOOK: _("a genuine message has arrived"),
    Sign.SUBSCRIBED: _("event subscriptions are at work"),
    Sign.SOURCE: _("a heartbeat source is switched on"),
    Sign.HEARTBEAT: _("a heartbeat has arrived"),
    Sign.REGISTERED: _("a viewer is registered for heartbeats"),
    Sign.TESTED: _("a channel of your own was tried"),
    Sign.LINK: _("somebody has linked on the link page"),
    Sign.REWARD_IDS: _("a reward has its id there"),
    Sign.CAMPAIGN: _("a campaign is published"),
    Sign.CLAIM: _("a claim has arrived"),
    Sign.DELIVERED: _("a reward was delivered"),
}

_CREDENTIAL = "portal_platformcredential"
_LISTS: Mapping[Sign, tuple[str, Permission]] = {
    Sign.WEBHOOK: ("fulfillment_webhooktally", Permission.SEE_CAMPAIGNS),
    Sign.SUBSCRIBED: ("fulfillment_platformsubscription", Permission.SEE_CAMPAIGNS),
    Sign.SOURCE: ("campaigns_heartbeatsource", Permission.SEE_CAMPAIGNS),
    Sign.HEARTBEAT: ("campaigns_heartbeatsource", Permission.SEE_CAMPAIGNS),
    Sign.TESTED: ("campaigns_heartbeatsource", Permission.SEE_CAMPAIGNS),
    Sign.REGISTERED: ("campaigns_registeredidentifier", Permission.SEE_PEOPLE_MASKED),
    Sign.REWARD_IDS: ("campaigns_reward", Permission.SEE_CAMPAIGNS),
    Sign.CAMPAIGN: ("campaigns_campaign", Permission.SEE_CAMPAIGNS),
    Sign.CLAIM: ("fulfillment_claim", Permission.SEE_PEOPLE_MASKED),
    Sign.DELIVERED: ("fulfillment_endpoint", Permission.MANAGE),
}


def mended_at(sign: Sign, credential: PlatformCredential | None, *, link_page: str, allowed: Any) -> str:
    """Return the address where a sign comes about; empty where there is none that ``allowed`` lets this person open."""
    if sign is Sign.LINK:
        return link_page
    if sign in _LISTS:
        model, permission = _LISTS[sign]
        return reverse(f"admin:{model}_changelist") if allowed(permission) else ""
    if not allowed(Permission.MANAGE):
        return ""
    if credential is None:
        return reverse(f"admin:{_CREDENTIAL}_add")
    return reverse(f"admin:{_CREDENTIAL}_change", args=[credential.pk])
