"""Help for tests of the admin: who is signed in, and what a change form would post if nothing was touched."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.urls import reverse

from portal.models import User


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(model: str, page: str, *arguments: Any) -> str:
    return reverse(f"admin:{model.replace('.', '_')}_{page}", args=arguments)


class FormReader(HTMLParser):
    """Collects what a browser would send of the form with ``form_id``."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id = form_id
        self.values: dict[str, str] = {}
        self._inside = False
        self._select: str | None = None
        self._textarea: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._inside = given.get("id") == self.form_id
        name = given.get("name")
        if not self._inside or "disabled" in given:
            return
        if tag == "input" and name:
            kind = given.get("type", "text")
            if kind in ("submit", "file", "button") or (kind in ("checkbox", "radio") and "checked" not in given):
                return
            self.values[name] = given.get("value") or ("on" if kind == "checkbox" else "")
        elif tag == "select" and name:
            self._select = name
            self.values.setdefault(name, "")
        elif tag == "option" and self._select and "selected" in given:
            self.values[self._select] = given.get("value") or ""
        elif tag == "textarea" and name:
            self._textarea = name
            self.values[name] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._textarea = None

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.values[self._textarea] += data.removeprefix("\n")


def form_of(client: Client, address: str, form_id: str) -> dict[str, Any]:
    """Return what the page's form would post untouched."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    reader = FormReader(form_id)
    reader.feed(answer.content.decode())
    assert reader.values, f"no form {form_id} at {address}"
    return {name: value for name, value in reader.values.items() if "__prefix__" not in name}


def rows(prefix: str, values: dict[str, Any], *added: dict[str, Any]) -> dict[str, Any]:
    """Add rows to one of the lists of a form."""
    count = int(values[f"{prefix}-TOTAL_FORMS"])
    for row in added:
        values |= {f"{prefix}-{count}-{name}": value for name, value in row.items()}
        count += 1
    return {**values, f"{prefix}-TOTAL_FORMS": str(count)}


def errors_of(answer: Any) -> list[str]:
    """Return every error that a refused change form shows."""
    assert answer.status_code == 200, f"not refused: {answer.status_code}"
    shown: list[str] = []
    for found in answer.context["errors"]:  # of a field a list, of a whole form or list a text
        shown += [found] if isinstance(found, str) else [str(error) for error in found]
    return shown
