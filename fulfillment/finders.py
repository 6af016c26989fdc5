"""What else claims are found by, besides their own ids and their people's: whoever keeps such a thing enters a look-up here."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from portal.models import Organization

finders: list[Callable[[Organization, str], Iterable[str]]] = []
"""Each returns the ids of the organization's claims that a text names, few, through an index. Entered in ``AppConfig.ready()``.

The text comes as it was typed, without blanks around it, and never from somebody whose role sees people masked.
"""
