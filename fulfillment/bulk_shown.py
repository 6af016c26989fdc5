"""What the start page says of bulk actions: those that wait for a second member, and those that somebody paused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from fulfillment.models import BulkOperation
from portal.dashboard import Line
from portal.models import Organization
from portal.organizations import games_of, may
from portal.roles import Permission

_CAP = 100
Status = BulkOperation.Status


def bulk_lines(request: HttpRequest, organization: Organization, now: datetime) -> Iterable[Line]:
    """Return a line for what this person may approve, for what they asked others to approve, and for what is paused.

    One query, answered by the index of the actions that are not over.
    """
    if not may(request, Permission.BULK):
        return
    rows = BulkOperation.objects.filter(
        Q(status=Status.PAUSED) | Q(status=Status.ASKED, expires_at__gt=now),
        organization=organization,
        status__in=[Status.ASKED, Status.PAUSED],
    )
    if games_of(request.user, organization) is not None:
        rows = rows.filter(actor=request.user)  # type: ignore[misc]  # others' reach beyond their games
    found = list(rows.order_by().values_list("status", "actor")[:_CAP])
    asked = [actor for status, actor in found if status == Status.ASKED]
    own = sum(actor == request.user.pk for actor in asked)
    paused = sum(status == Status.PAUSED for status, _actor in found)
    here = f"{reverse('admin:fulfillment_bulkoperation_changelist')}?status__exact="
    if len(asked) > own:
        yield Line(_("Bulk actions that wait for your approval"), str(len(asked) - own), f"{here}asked", True)
    if own:
        yield Line(_("Your bulk actions that wait for a second member"), str(own), f"{here}asked")
    if paused:
        yield Line(_("Bulk actions that are paused"), str(paused), f"{here}paused", True)
