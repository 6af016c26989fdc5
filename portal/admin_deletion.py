"""Deleting in the admin: what has a history stays, and the page says why (F8)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import NestedObjects, quote
from django.db import models, router
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from portal.admin_base import OrganizationAdmin


def kept_because(obj: models.Model) -> str | None:
    """Say what stands on a row, so that it cannot be deleted; None if nothing does."""
    collector = NestedObjects(using=router.db_for_write(type(obj)))
    collector.collect([obj])
    if not collector.protected:
        return None
    kinds = Counter(row._meta for row in collector.protected)
    counted = [
        f"{count} {meta.verbose_name if count == 1 else meta.verbose_name_plural}" for meta, count in kinds.items()
    ]
    return _("“%(name)s” is kept: it is used by %(users)s.") % {"name": obj, "users": ", ".join(sorted(counted))}


class PlainDeletion(OrganizationAdmin):
    """Refuses deletion with a plain sentence, on the object's own page."""

    def refuses_deletion(self, obj: Any) -> str | None:
        """Return why this object is kept, None if it may go."""
        return kept_because(obj)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask and delete, or say why not."""
        obj = self.get_object(request, object_id)
        if obj is None:
            raise Http404
        reason = self.refuses_deletion(obj) if self.has_delete_permission(request, obj) else None
        if reason:
            messages.error(request, capfirst(reason))
            named = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            return HttpResponseRedirect(reverse(named, args=[quote(obj.pk)]))
        return super().delete_view(request, object_id, extra_context)
