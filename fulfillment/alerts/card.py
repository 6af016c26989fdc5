"""What the admin's start page shows of alerts: what is open, and whether anybody is told."""

from __future__ import annotations

from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from fulfillment.alerts.watched import is_watched, judged_at
from fulfillment.alerts.wording import title_of
from fulfillment.models import Alert, AlertChannel
from portal.dashboard import Card, Line
from portal.models import Organization
from portal.organizations import may
from portal.roles import Permission

_LINES = 6


def alerts_card(request: HttpRequest, organization: Organization) -> Card | None:
    """Return the open alerts by what they are about, those with most first."""
    if not may(request, Permission.SEE_CAMPAIGNS):
        return None
    listing = reverse("admin:fulfillment_alert_changelist")
    rows = Alert.objects.filter(organization=organization, closed_at=None).values_list("rule")
    counted = list(rows.order_by().annotate(number=Count("pk")).order_by("-number", "rule"))
    lines = [
        Line(title_of(rule), f"{number:,}", f"{listing}?state=open&alert={rule}", attention=True)
        for rule, number in counted[:_LINES]
    ]
    if len(counted) > _LINES:
        more = sum(number for _rule, number in counted[_LINES:])
        lines.append(Line(_("Others"), f"{more:,}", f"{listing}?state=open", attention=True))
    text = ""
    if judged_at(organization) is None:
        text = _("What is wrong was not looked for yet. It is looked for every minute, while the worker runs.")
    elif not is_watched(organization, now=timezone.now()):
        text = _("Nobody is watching: what is wrong was not looked for in the last 10 minutes. Is the worker running?")
    elif not AlertChannel.objects.filter(organization=organization, enabled=True).exists():
        text = _("Nobody is told of alerts: there is no alert channel that is switched on.")
    return Card(
        title=_("Alerts"),
        lines=lines or [Line(_("Open now"), _("none"))],
        text=text,
        url=listing,
        url_label=_("All alerts"),
    )
