"""What a producer enters for a game event: read, checked, and shown again as it was typed (G4)."""

from __future__ import annotations

import json

from django.utils.translation import gettext_lazy as _

from campaigns.rules.game_state.events import Condition, path_problem, read_value
from portal.sentences import Sentence

LONGEST_VALUE = 200
"""What is stored of a value, in characters of JSON."""

LONGEST_COOL_DOWN = 86_400
MOST_PER_SESSION = 1_000


NO_PATH = _("Enter where in the game state to look, for example $.boss.state")
NO_CONDITION = _("Choose when it has happened.")
NO_VALUE = _("Enter the value: a text, a number, true or false.")


def entering_problems(*, path: str, condition: str, value: str) -> dict[str, Sentence]:
    """Return what is wrong with an event as it was entered, by field: ``path``, ``condition``, ``value``."""
    problems: dict[str, Sentence] = {}
    wrong = path_problem(path) if path else Sentence(NO_PATH)
    if wrong is not None:
        problems["path"] = wrong
    if not condition:
        problems["condition"] = Sentence(NO_CONDITION)
    if not value:
        problems["value"] = Sentence(NO_VALUE)
    elif condition:
        try:
            stored_value(value, condition=condition)
        except ValueError as error:
            problems["value"] = error.args[0]
    return problems


def stored_value(typed: str, *, condition: str) -> str:
    """Return what a producer typed as JSON, as it is stored: what is no JSON is a text. Raises ``ValueError`` with a ``Sentence``."""
    stored = json.dumps(read_value(_as_json(typed), Condition(condition)), ensure_ascii=False)
    if len(stored) > LONGEST_VALUE:
        raise ValueError(Sentence(_("This is too long: at most %(most)s characters."), {"most": LONGEST_VALUE - 2}))
    return stored


def typed_value(stored: str) -> str:
    """Return a stored value as a producer types it: a text without quotes, unless it needs them."""
    value = json.loads(stored) if stored else ""
    if isinstance(value, str) and value and value == value.strip() and _as_json(value) == stored:
        return value
    return stored


def _as_json(typed: str) -> str:
    """Return what was typed as it stands where it is JSON, or begins like it; anything else as a text in quotes."""
    if typed[:1] in ('"', "[", "{"):
        return typed
    try:
        json.loads(typed)
    except ValueError:
        return json.dumps(typed, ensure_ascii=False)
    return typed
