"""One step of one registration, as calls to the platform: no database, so that several can be made at the same time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from campaigns.rules.registering import Facts, Outcome, Step
from portal.platforms.calls import PlatformError, TokenRefused
from portal.platforms.registrar import Registrar, TokenFacts, UserToken

NO_PERMISSION = "no_permission"
CONSENT_GONE = "consent_gone"
NO_REGISTRAR = "no_registrar"

_ABOUT_THE_TOKEN = (401, 403)


@dataclass(frozen=True, kw_only=True)
class Leased:
    """A registration that this process works on until ``lease_until``, with all that the calls need."""

    pk: int
    lease_until: datetime
    step: Step
    facts: Facts
    registrar: Registrar | None
    credential_id: str
    identifier: str
    api_base: str
    id_base: str
    client_id: str
    client_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a step went. ``problem`` is a code for :mod:`campaigns.registering.problems`; ``token`` is new.

    ``general`` tells of a failure that the next viewer would meet too.
    """

    outcome: Outcome
    problem: str = ""
    permanent: bool = False
    retry_after: timedelta | None = None
    general: bool = False
    token: UserToken | None = None
    token_facts: TokenFacts | None = None


def perform(leased: Leased) -> Result:
    """Do a registration's step at the platform and return how it went. Raises nothing that a platform causes."""
    if leased.step in (Step.LAPSE, Step.FINISH, Step.NOTHING):
        return Result(outcome=Outcome.DONE, problem=CONSENT_GONE if leased.step == Step.LAPSE else "")
    if leased.registrar is None:
        return Result(outcome=Outcome.FAILED, problem=NO_REGISTRAR, permanent=True)
    try:
        return _STEPS[leased.step](leased, leased.registrar)
    except TokenRefused:
        return Result(outcome=Outcome.CONSENT_GONE, problem=CONSENT_GONE)
    except PlatformError as error:
        return failed(error)


def failed(error: PlatformError) -> Result:
    """Return the result for a platform's failure."""
    problem = f"status:{error.status}" if error.status is not None else error.reason
    return Result(
        outcome=Outcome.FAILED,
        problem=problem,
        permanent=error.permanent,
        retry_after=error.retry_after,
        general=not error.permanent,
    )


def _refresh(leased: Leased, registrar: Registrar) -> Result:
    token = registrar.refresh(
        leased.id_base,
        client_id=leased.client_id,
        client_secret=leased.client_secret,
        refresh_token=leased.refresh_token,
    )
    return Result(outcome=Outcome.DONE, token=token)


def _register(leased: Leased, registrar: Registrar) -> Result:
    try:
        _create(leased, registrar)
    except PlatformError as error:
        return _refused(leased, registrar, error)
    return Result(outcome=Outcome.DONE)


def _validate(leased: Leased, registrar: Registrar) -> Result:
    try:
        facts = registrar.validate(leased.id_base, access_token=leased.access_token)
    except TokenRefused:
        return Result(outcome=Outcome.TOKEN_DEAD)
    if not set(registrar.scopes) <= set(facts.scopes):
        return Result(outcome=Outcome.NO_PERMISSION, problem=NO_PERMISSION)
    return Result(outcome=Outcome.DONE, token_facts=facts)


def _check(leased: Leased, registrar: Registrar) -> Result:
    """Look whether the registration is there, and make it again where it is not, or where looking is not permitted."""
    try:
        found = registrar.check(leased.api_base, client_id=leased.client_id, access_token=leased.access_token)
    except PlatformError as error:
        if error.status not in _ABOUT_THE_TOKEN:
            return failed(error)
        found = None
    if found == leased.identifier:
        return Result(outcome=Outcome.DONE)
    again = _register(leased, registrar)
    return Result(outcome=Outcome.RENEWED) if again.outcome == Outcome.DONE else again


def _remove(leased: Leased, registrar: Registrar) -> Result:
    """End the registration, then the token, which nothing else needs."""
    try:
        registrar.delete(leased.api_base, client_id=leased.client_id, access_token=leased.access_token)
    except PlatformError as error:
        refused = _refused(leased, registrar, error)
        if refused.outcome != Outcome.NO_PERMISSION:
            return refused
    registrar.revoke(leased.id_base, client_id=leased.client_id, access_token=leased.access_token)
    return Result(outcome=Outcome.DONE)


def _create(leased: Leased, registrar: Registrar) -> None:
    registrar.create(
        leased.api_base,
        client_id=leased.client_id,
        access_token=leased.access_token,
        identifier=leased.identifier,
    )


def _refused(leased: Leased, registrar: Registrar, error: PlatformError) -> Result:
    """Find out whether a refusal is about the token: the platform's answer itself does not tell it from other faults."""
    if error.status not in _ABOUT_THE_TOKEN:
        return failed(error)
    verdict = _validate(leased, registrar)
    return failed(error) if verdict.outcome == Outcome.DONE else verdict


_STEPS: dict[Step, Callable[[Leased, Registrar], Result]] = {
    Step.REFRESH: _refresh,
    Step.REGISTER: _register,
    Step.VALIDATE: _validate,
    Step.CHECK: _check,
    Step.REMOVE: _remove,
}
