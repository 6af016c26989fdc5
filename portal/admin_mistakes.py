"""Where a page of the admin opens that is shown again because it was refused: at what has to be written again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.forms import BaseForm, Field
from django.http import HttpRequest, HttpResponse

from portal.templatetags.mistakes import first_mistake


class OpensAtMistake:
    """A page whose first mistake takes the focus, so that the browser goes there and a screen reader reads what is wrong.

    One of the object's own fields and one of each list inside it: tabs hide some of them, and the first that is seen is
    gone to (``mistake.js``).
    """

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the page."""
        if context.get("errors"):
            for forms in _groups(context):
                _open_at_mistake(forms)
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]
        return answer


def _groups(context: dict[str, Any]) -> Iterator[list[BaseForm]]:
    yield [context["adminform"].form]
    for rows in context["inline_admin_formsets"]:
        yield list(rows.formset.forms)


def _open_at_mistake(forms: list[BaseForm]) -> None:
    for form in forms:
        if wrong := first_mistake(form):
            _take_focus(form.fields[wrong])
            return


def _take_focus(field: Field) -> None:
    widget: Any = field.widget
    while hasattr(widget, "widget"):  # one around another, with links to the related rows, has no input of its own
        widget = widget.widget
    widget.attrs = {**widget.attrs, "autofocus": True}
