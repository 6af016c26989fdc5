"""The pages of channels."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from campaigns.models import Channel, ChannelOptOut
from portal import platforms
from portal.admin_base import PortalTabularInline, display
from portal.admin_deletion import PlainDeletion
from portal.admin_filters import PlatformFilter
from portal.admin_forms import OrganizationForm


class OptOutInline(PortalTabularInline):
    """The times in which the channel took no part in a game's global campaigns (C7)."""

    model = ChannelOptOut
    fields = ("game", "started_at", "ended_at")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the intervals in order."""
        return super().get_queryset(request).order_by("started_at", "pk")


@admin.register(Channel)
class ChannelAdmin(PlainDeletion):
    """The channels that the organization knows."""

    beyond_games = True
    menu_icon = "live_tv"
    menu_order = 40
    form = OrganizationForm
    inlines = (OptOutInline,)
    list_display = ("shown_name", "platform_name", "platform_channel_id", "login")
    list_filter = (PlatformFilter,)
    search_fields = ("platform_channel_id", "login", "name")
    ordering = ("login", "platform_channel_id")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Show the platform by its name once the channel exists: who it is is fixed then."""
        return ["platform_name" if obj else "platform", "platform_channel_id", "login", "name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Fix who the channel is once it exists."""
        return ["platform_name", "platform_channel_id"] if obj else ["platform_name"]

    @display(description=_("channel"), ordering="name")
    def shown_name(self, channel: Channel) -> str:
        """The best name there is."""
        return channel.name or channel.login or channel.platform_channel_id

    @display(description=_("platform"), ordering="platform")
    def platform_name(self, channel: Channel) -> str:
        """The platform by its name."""
        return platforms.get(channel.platform).name
