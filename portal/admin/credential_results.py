"""How the page of a check shows what was found: what is to be mended first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from portal.admin_words import chip
from portal.credential_checks import Outcome, Result

_GROUPS: tuple[tuple[str | Promise, tuple[Outcome, ...]], ...] = (
    (_("What to mend"), (Outcome.FAILS, Outcome.LOOK)),
    (_("What cannot be told from here"), (Outcome.UNKNOWN,)),
    (_("What works"), (Outcome.WORKS,)),
)
_CHIPS: dict[Outcome, tuple[str | Promise, str, str]] = {
    Outcome.FAILS: (_("does not work"), "error", "drops-chip-error"),
    Outcome.LOOK: (_("needs a look"), "warning", "drops-chip-attention"),
    Outcome.UNKNOWN: (_("not known"), "help", ""),
    Outcome.WORKS: (_("works"), "check_circle", "drops-chip-ok"),
}


@dataclass(frozen=True)
class Shown:
    """A result with its chip, and an id for what of it can be copied."""

    id: str
    result: Result
    chip: SafeString


@dataclass(frozen=True)
class Group:
    """Results under one heading."""

    title: str | Promise
    results: list[Shown]


def groups_of(results: Sequence[Result]) -> list[Group]:
    """Return the results under their headings; within one in the order of the checks, what fails first."""
    groups = []
    for title, outcomes in _GROUPS:
        mine = sorted((one for one in results if one.outcome in outcomes), key=lambda one: outcomes.index(one.outcome))
        if mine:
            groups.append(Group(title, [Shown(f"found-{results.index(one)}", one, _chip(one.outcome)) for one in mine]))
    return groups


def summary_of(results: Sequence[Result]) -> tuple[str, str]:
    """Return what all came to in one sentence, and the style of the note that says it."""
    fails = sum(1 for one in results if one.outcome is Outcome.FAILS)
    looks = sum(1 for one in results if one.outcome is Outcome.LOOK)
    if fails:
        said = ngettext("%(count)s thing does not work.", "%(count)s things do not work.", fails)
        return said % {"count": fails}, "drops-note-error"
    if looks:
        said = ngettext("%(count)s thing needs a look.", "%(count)s things need a look.", looks)
        return said % {"count": looks}, "drops-note-attention"
    return _t("Everything that can be checked from here works."), "drops-note-ok"


def _chip(outcome: Outcome) -> SafeString:
    text, icon, style = _CHIPS[outcome]
    return chip(str(text), icon, style)
