"""What a page's forms would post if somebody left them empty, or wrote nonsense into every field."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

NONSENSE = "no such thing"
OF_KIND = {"number": "-1", "date": "0001-01-01", "time": "23:59", "datetime-local": "0001-01-01T00:00"}
"""What a browser lets people write into fields of these kinds, and is nonsense as well."""
NOT_TYPED = {"hidden", "submit", "button", "image", "reset", "file", "checkbox", "radio"}


@dataclass
class Form:
    """A form that is posted: where to, what it sends as the page has it, what people fill in, and what its buttons add."""

    action: str
    kept: list[tuple[str, str]] = field(default_factory=list)
    filled: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def sent(self, button: tuple[str, str] | None, *, nonsense: bool) -> dict[str, list[str]]:
        """Return what is posted if every field is empty, or holds nonsense."""
        values: dict[str, list[str]] = {}
        typed = [(name, OF_KIND.get(kind, NONSENSE) if nonsense else "") for name, kind in self.filled]
        for name, value in [*self.kept, *typed, *([button] if button else [])]:
            values.setdefault(name, []).append(value)
        return values


class _Reader(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.forms: list[Form] = []
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(urljoin(self.address, given.get("action", "")))
            if given.get("method", "").lower() == "post":
                self.forms.append(self._form)
        name, kind = given.get("name", ""), given.get("type", "text")
        if self._form is None or not name or name == "csrfmiddlewaretoken" or "disabled" in given:
            return
        if tag == "button" or (tag == "input" and kind == "submit"):
            self._form.buttons.append((name, given.get("value", "")))
        elif tag == "input" and kind == "hidden":
            self._form.kept.append((name, given.get("value", "")))
        elif tag in ("select", "textarea") or (tag == "input" and kind not in NOT_TYPED):
            self._form.filled.append((name, kind))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None


def forms_of(html: str, address: str) -> list[Form]:
    """Return the forms of a page that are posted."""
    reader = _Reader(address)
    reader.feed(html)
    return reader.forms
