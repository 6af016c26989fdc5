"""What is to be mended in the forms of a step, for the top of the page: each with the address of its field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms


@dataclass(frozen=True)
class Mistake:
    """One error of a form. Without ``target`` it is about the whole; else that is the id of the field's first input."""

    label: str
    text: str
    target: str = ""


def mistakes(found: dict[str, Any]) -> list[Mistake]:
    """Return the errors of all forms in a step's context, in their order. Forms that nobody asked about yet have none."""
    return [one for form in found.values() if isinstance(form, forms.BaseForm) for one in _of(form)]


def _of(form: forms.BaseForm) -> Iterator[Mistake]:
    errors = form._errors  # type: ignore[attr-defined] # ``errors`` would judge a form that the step has left out
    if not errors:
        return
    for text in form.non_field_errors():
        yield Mistake("", str(text))
    for field in form:
        for text in errors.get(field.name, ()):
            yield Mistake(str(field.label), str(text), "" if field.is_hidden else _target(field))


def _target(field: forms.BoundField) -> str:
    """Return the id of the first of a field's inputs: of several, the label belongs to none."""
    several = isinstance(field.field.widget, (forms.MultiWidget, forms.RadioSelect))
    return f"{field.auto_id}_0" if several else field.id_for_label
