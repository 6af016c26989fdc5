"""Game events, to be read: what happened in which session, which reward it earned, how soon, and for how many (G4)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.admin.game_state import MENU_GROUP
from campaigns.admin.game_state.event_words import settled_chip, shown_event, with_campaigns
from campaigns.admin.game_state.words import channel_link, channel_name, sees_state, session_name, trust_told
from campaigns.game_state.rule_words import event_for_staff
from campaigns.models import CampaignReward, GameEvent, GameEventChannel
from portal.admin_base import ReadOnlyAdmin, display, in_reach
from portal.admin_filters import DropdownFilter, ScopedRelatedFilter
from portal.roles import Permission

CHANNELS_IN_A_ROW = 2
LONGEST_VALUE = 40


class SettledFilter(DropdownFilter):
    """Whether the viewers were looked up."""

    title = _("settled")
    parameter_name = "settled"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [("yes", _t("settled")), ("no", _t("to be settled"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep those that are, or are not."""
        return queryset.filter(settled_at__isnull=self.value() == "no") if self.value() in ("yes", "no") else queryset


@admin.register(GameEvent)
class GameEventAdmin(ReadOnlyAdmin):
    """The events that happened in the organization's campaigns, newest first."""

    menu_icon = "bolt"
    menu_order = 51
    menu_group = MENU_GROUP
    view_permission = Permission.SEE_CAMPAIGNS
    list_display = (
        "happened",
        "what",
        "value_shown",
        "session_shown",
        "channels_shown",
        "settled",
        "viewers",
    )
    list_display_links = ("happened",)
    list_filter = (("campaign_reward__campaign", ScopedRelatedFilter), SettledFilter)
    list_before_template = "admin/campaigns/game_state/events_header.html"
    ordering = ("-id",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the organization's events, found through the index of each reward that an event earns."""
        offers = in_reach(CampaignReward.objects.filter(rule=CampaignReward.Rule.GAME_EVENT), request)
        mine = list(offers.order_by().values_list("pk", flat=True))
        about = GameEventChannel.objects.select_related("channel").order_by("pk")
        rows = with_campaigns(GameEvent.objects.filter(campaign_reward__in=mine)).select_related("session__game")
        return rows.defer("session__state", "session__game__art").prefetch_related(Prefetch("channels", queryset=about))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list; its columns need to know who looks, and when."""
        response = super().changelist_view(request, extra_context)
        changelist = getattr(response, "context_data", None) and response.context_data.get("cl")
        if changelist is not None:
            now, sees = timezone.now(), sees_state(request)
            for row in changelist.result_list:
                row.shown_at, row.sees = now, sees
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one event: the rule, the value, the session, the channels, and who has earned the reward by it."""
        event: GameEvent | None = self.get_object(request, object_id)
        if event is None or not self.has_view_permission(request, event):
            raise Http404
        sees = sees_state(request)
        context = {
            **self.admin_site.each_context(request),
            "title": event.campaign_reward.event_name,
            "subtitle": None,
            "opts": self.opts,
            "event": event,
            "shown": shown_event(event, sees=sees),
            "chip": settled_chip(event, now=timezone.now()),
            "told": _told(event),
            "rule": event_for_staff(event.campaign_reward),
            "path": event.campaign_reward.event_path,
            "sees": sees,
            "session_name": session_name(event.session, sees=sees),
            "session_address": reverse("admin:campaigns_gamesession_change", args=[event.session_id]),
            "trust": trust_told(event.session),
            "channels": [channel_link(row.channel) for row in event.channels.all()],
            "back": reverse("admin:campaigns_gameevent_changelist"),
        }
        return TemplateResponse(request, "admin/campaigns/game_state/event.html", context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show nothing: nobody changes an event."""
        raise Http404

    # Columns.

    @display(description=_("time"))
    def happened(self, event: GameEvent) -> SafeString:
        """When it happened, to the second."""
        return format_html(
            '<span class="drops-when">{}<br><span class="drops-name-plain">{} UTC</span></span>',
            f"{event.at:%Y-%m-%d}",
            f"{event.at:%H:%M:%S}",
        )

    @display(description=_("game event"))
    def what(self, event: GameEvent) -> SafeString:
        """Its name, which one it is in the session, the reward and the campaign."""
        offer = event.campaign_reward
        return format_html(
            '<span class="drops-wide">{}<br><span class="drops-name-plain">{}</span></span>',
            _t("%(name)s, no. %(number)s") % {"name": offer.event_name, "number": event.number},
            f"{offer.reward.name}, {offer.campaign.name}",
        )

    @display(description=_("value"))
    def value_shown(self, event: Any) -> str:
        """What the rule found, or the beginning of it; hidden from who may not see states."""
        return Truncator(shown_event(event, sees=event.sees).value).chars(LONGEST_VALUE) or "–"

    @display(description=_("session"))
    def session_shown(self, event: Any) -> SafeString:
        """The session, with a link to its page."""
        page = reverse("admin:campaigns_gamesession_change", args=[event.session_id])
        name = session_name(event.session, sees=event.sees)
        return format_html('<a class="drops-link" href="{}">{}</a>', page, name)

    @display(description=_("channels"))
    def channels_shown(self, event: GameEvent) -> SafeString:
        """The first channels, and how many there are besides."""
        names = [channel_name(row.channel) for row in event.channels.all()]
        shown, more = ", ".join(names[:CHANNELS_IN_A_ROW]) or "–", len(names) - CHANNELS_IN_A_ROW
        told = _t("%(names)s and %(count)s more") % {"names": shown, "count": more} if more > 0 else shown
        return format_html('<span class="drops-wide">{}</span>', told)

    @display(description=_("settled"))
    def settled(self, event: Any) -> SafeString:
        """How soon the viewers were looked up."""
        return settled_chip(event, now=event.shown_at)

    @display(description=_("earned by"))
    def viewers(self, event: GameEvent) -> str:
        """How many viewers have earned the reward by it."""
        return f"{event.earned:,}"


def _told(event: GameEvent) -> str:
    """Return in words what has come of an event, and what may still come."""
    if event.settled_at is None:
        return _t(
            "Who watched is looked up within seconds, by the process that counts heartbeats. If this does not change, ask "
            "whoever operates the portal whether “manage.py count” runs."
        )
    if not event.earned:
        return _t(
            "Nobody has earned the reward by it: no heartbeat of these channels in the minute of the event or the two before "
            "counts in the campaign, or all who watched had it already. Late heartbeats are still taken into account."
        )
    return _t("Late heartbeats are still taken into account. Whoever had the reward already is not counted again.")
