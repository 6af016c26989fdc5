"""The check of a platform credential: what works, what does not, and what to do, found out while somebody waits.

Checks are a registry. Each is a function of the :class:`~portal.credential_checks.examining.Examination` that yields results;
an app adds its own by decorating them with :func:`check` in a module that its ``AppConfig.ready()`` imports. One that fails
in itself takes no other with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import DatabaseError
from django.utils.translation import gettext as _t

from portal.credential_checks.examining import Examination, Outcome, Result
from portal.models import PlatformCredential
from portal.outliving import outliving
from portal.platforms.calls import at_most
from portal.platforms.problems import explain

CALL_SECONDS = 4.0
"""So long one call may take: somebody waits for the page."""

Check = Callable[[Examination], Iterable[Result]]

log = logging.getLogger(__name__)

checks: list[Check] = []
"""Every check, in the order in which the page lists what they find."""


def check(function: Check) -> Check:
    """Enter a check; once, however often its module is imported."""
    if function not in checks:
        checks.append(function)
    return function


def examine(credential: PlatformCredential, *, now: datetime) -> list[Result]:
    """Run all checks and return what they find. Calls the platform: not inside a transaction; about 20 seconds at most."""
    examination = Examination(credential, now=now)
    found: list[Result] = []
    with at_most(CALL_SECONDS):
        for function in checks:
            message = "The check %s of credential %s failed."
            with outliving(log, message, function.__qualname__, credential.pk, passing=(DatabaseError,)) as checking:
                found += function(examination)
            if checking.fault:  # the others are still worth their answer
                happened, advice = explain("internal")
                found.append(Result(Outcome.UNKNOWN, _t("One of the checks"), happened, advice))
    return found


__all__ = ["Check", "Examination", "Outcome", "Result", "check", "checks", "examine"]
