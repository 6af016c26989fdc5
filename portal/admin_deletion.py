"""Deleting in the admin: what has a history stays, and the page says why (F8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import quote
from django.db import connection, models
from django.db.models.deletion import CASCADE, PROTECT, RESTRICT, get_candidate_relations_to_delete
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from portal.admin_base import OrganizationAdmin

COUNTED = 1_000
"""So many rows of one kind are counted: nobody decides otherwise for knowing how many more there are."""

Rows = tuple[Any, models.QuerySet[Any]]
"""What deletion does to rows that stand on others, and the rows."""


def kept_because(obj: models.Model) -> str | None:
    """Say what stands on a row, so that it cannot be deleted; None if nothing does. One query."""
    kinds = _counted([rows for deed, rows in _standing_on(obj) if deed in (PROTECT, RESTRICT)])
    if not kinds:
        return None
    users = ", ".join(sorted(_told(meta, count) for meta, count in kinds.items()))
    return _("“%(name)s” is kept: it is used by %(users)s.") % {"name": obj, "users": users}


def goes_with(obj: models.Model) -> Counter[Any]:
    """Return how many rows of which kind (their ``_meta``) are deleted with a row, each up to :data:`COUNTED` and one. One query."""
    return _counted([rows for deed, rows in _standing_on(obj) if deed is CASCADE])


def _standing_on(obj: models.Model) -> Iterator[Rows]:
    """Yield the rows that refer to one, and those that refer to what would be deleted with it."""
    waiting: list[models.QuerySet[Any]] = [type(obj)._base_manager.filter(pk=obj.pk)]
    seen: set[Any] = set()
    while waiting:
        rows = waiting.pop()
        relations: Iterable[Any] = get_candidate_relations_to_delete(rows.model._meta)
        for relation in relations:
            field = relation.field
            if field in seen:
                continue
            seen.add(field)
            found = relation.related_model._base_manager.filter(**{f"{field.name}__in": rows.values("pk")})
            if relation.on_delete is CASCADE:
                waiting.append(found)
            yield relation.on_delete, found


def _counted(kinds: Sequence[models.QuerySet[Any]]) -> Counter[Any]:
    """Return how many rows of each kind there are, asked in one statement."""
    counted: Counter[Any] = Counter()
    if not kinds:
        return counted
    parts = [rows.values("pk")[: COUNTED + 1].query.sql_with_params() for rows in kinds]
    told = " UNION ALL ".join(
        f"SELECT {number}, (SELECT COUNT(*) FROM ({sql}) AS standing)"  # noqa: S608 - Django's own statements
        for number, (sql, _params) in enumerate(parts)
    )
    with connection.cursor() as cursor:
        cursor.execute(told, [value for _sql, params in parts for value in params])
        for number, count in cursor.fetchall():
            if count:
                counted[kinds[number].model._meta] += count
    return counted


def _told(meta: Any, count: int) -> str:
    if count > COUNTED:
        return _("more than %(count)s %(rows)s") % {"count": f"{COUNTED:,}", "rows": meta.verbose_name_plural}
    return f"{count} {meta.verbose_name if count == 1 else meta.verbose_name_plural}"


class PlainDeletion(OrganizationAdmin):
    """Refuses deletion with a plain sentence, on the object's own page."""

    def refuses_deletion(self, obj: Any) -> str | None:
        """Return why this object is kept, None if it may go."""
        return kept_because(obj)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Name the objects and count what goes with them; what would keep one was found before."""
        going: Counter[Any] = Counter()
        for obj in objs:
            going += goes_with(obj)
        counts = {str(meta.verbose_name_plural): count for meta, count in going.items()}
        pages = self.admin_site._registry
        refused = {
            str(meta.verbose_name)
            for meta in going
            if meta.model in pages and not pages[meta.model].has_delete_permission(request)
        }
        return [str(obj) for obj in objs], counts, refused, []

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
