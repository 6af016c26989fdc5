"""The checks that ask the platform: sign-in, claims, event subscriptions, public key."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

from portal.admin_words import span_between
from portal.credential_checks import check
from portal.credential_checks.examining import NO_SECRET, Examination, Outcome, Result
from portal.credential_checks.words import NOT_OFFERED, REFUSALS, failed, not_asked
from portal.platforms.calls import PlatformError, TokenRefused
from portal.platforms.claims_api import Narrowed


@check
def sign_in(run: Examination) -> Iterator[Result]:
    """The sign-in address is reachable, and client id and secret are accepted together."""
    address, secret = _t("Sign-in address"), _t("Client id and secret")
    error = run.token
    if isinstance(error, PlatformError) and error.reason == NO_SECRET:
        yield Result(
            Outcome.FAILS,
            secret,
            _t("No client secret is entered."),
            _t("Copy it from the platform's console: %(hint)s") % {"hint": run.platform.id_hints.get("client", "")},
        )
    elif run.platform.get_app_token is None:
        return  # the call for claims carries them, and shows whether they are accepted
    elif isinstance(error, str):
        yield _answers(run, address)
        yield Result(Outcome.WORKS, secret, _t("The platform accepts them: the app got a new token."))
        yield from _token_facts(run, error)
    elif error.status in REFUSALS:
        yield _answers(run, address)
        yield Result(
            Outcome.FAILS,
            secret,
            _t("The platform does not accept them (status %(status)s).") % {"status": error.status},
            _t(
                "Copy the client id anew from the platform's console. If it is the same, make a new secret there and enter "
                "it with “Renew client secret”: the portal tries it before it is stored."
            ),
        )
    elif error.status in NOT_OFFERED or error.reason in ("answer", "too_long"):
        yield Result(
            Outcome.FAILS,
            address,
            _t("Something answers at %(address)s, but not a sign-in that gives out tokens.")
            % {"address": run.credential.sign_in_base},
            _t("Look at the sign-in address of this credential. Left empty, it is the platform's own."),
        )
        yield not_asked(secret)
    else:
        yield failed(address, error)
        yield not_asked(secret)


def _answers(run: Examination, title: str) -> Result:
    return Result(Outcome.WORKS, title, _t("%(address)s answers.") % {"address": run.credential.sign_in_base})


def _token_facts(run: Examination, token: str) -> Iterator[Result]:
    title, api = _t("App token"), run.platform.app_tokens
    if api is None:
        return
    try:
        run.spend_time()
        facts = api.validate(run.credential.sign_in_base, access_token=token)
    except TokenRefused:
        yield Result(
            Outcome.FAILS,
            title,
            _t("The platform gave out a token and calls it not valid."),
            _t("That is the platform's own trouble. Check again later."),
        )
        return
    except PlatformError as error:
        yield failed(title, error)
        return
    if facts.client_id != run.credential.client_id:
        yield Result(
            Outcome.FAILS,
            title,
            _t("The token belongs to another client id than the one entered here."),
            _t("Look for a space or a missing character in the client id."),
        )
    elif facts.lifetime is None:
        yield Result(Outcome.WORKS, title, _t("The platform says that it belongs to this client id."))
    else:
        good_for = {"span": span_between(run.now, run.now + facts.lifetime)}
        yield Result(
            Outcome.WORKS,
            title,
            _t("The platform says that it belongs to this client id and is good for %(span)s.") % good_for,
            _t("The portal renews it by itself."),
        )


@check
def claims(run: Examination) -> Iterator[Result]:
    """The app may read the organization's claims."""
    title, api = _t("Claims"), run.platform.claims_api
    if api is None:
        return
    if not run.has_token:
        yield not_asked(title)
        return
    try:
        page = run.ask(
            lambda token: api.list_claims(
                run.credential.api_base,
                client_id=run.credential.client_id,
                access_token=token,
                narrowed=Narrowed.ALL,
                value="",
                only_open=False,
                cursor="",
                size=1,
            )
        )
    except PlatformError as error:
        hint = run.platform.check_hints.get(f"claims:{error.status}", "")
        yield failed(title, error, refused=str(hint) or _t("Ask the platform what the app lacks."))
        return
    if run.platform.get_app_token is None:
        accepted = _t("The platform accepts them: it answered a call that carried them.")
        yield Result(Outcome.WORKS, _t("Client id and secret"), accepted)
    if page.faults:
        yield Result(
            Outcome.LOOK,
            title,
            _t("The app may read the organization's claims, but the one it got cannot be understood."),
            _t("The portal's administrator should compare it with the platform's documentation: %(fault)s")
            % {"fault": page.faults[0]},
        )
    elif page.claims:
        yield Result(Outcome.WORKS, title, _t("The app may read the organization's claims. There are some."))
    else:
        yield Result(Outcome.WORKS, title, _t("The app may read the organization's claims. There are none yet."))


@check
def subscriptions(run: Examination) -> Iterator[Result]:
    """The app may list its event subscriptions."""
    title, api = _t("Event subscriptions at the platform"), run.platform.subscriptions
    if api is None:
        return
    if not run.has_token:
        yield not_asked(title)
        return
    try:
        page = run.ask(
            lambda token: api.read(
                run.credential.api_base, client_id=run.credential.client_id, access_token=token, cursor=""
            )
        )
    except PlatformError as error:
        if error.reason == "too_long":
            yield Result(Outcome.WORKS, title, _t("The app may list them. There are more than fit into one answer."))
        else:
            yield failed(title, error, refused=_t("Ask the platform whether the app may subscribe to events."))
        return
    count = len(page.subscriptions)
    if not count:
        happened = _t("The app may list them. There are none.")
    elif page.cursor:
        happened = _t("The app may list them. There are more than %(count)s.") % {"count": f"{count:,}"}
    else:
        happened = ngettext(
            "The app may list them. There is %(count)s.", "The app may list them. There are %(count)s.", count
        ) % {"count": f"{count:,}"}
    yield Result(Outcome.WORKS, title, happened)


@check
def public_key(run: Examination) -> Iterator[Result]:
    """The key that the platform signs webhooks with can be fetched, and read."""
    title, fetch = _t("Public key"), run.platform.fetch_public_key
    if fetch is None:
        return
    try:
        run.spend_time()
        key = fetch(run.credential.api_base)
    except PlatformError as error:
        if error.reason == "answer":
            yield Result(
                Outcome.FAILS,
                title,
                _t("What the platform answers is no key that signatures could be checked with."),
                _t("Look at the API address of this credential. Left empty, it is the platform's own."),
            )
        else:
            yield failed(title, error, refused=_t("The key should need no permission: look at the API address."))
        return
    known = (run.credential.public_key, run.credential.previous_public_key)
    if key in known:
        yield Result(Outcome.WORKS, title, _t("The platform's key is the one that messages are checked with."))
    else:
        yield Result(
            Outcome.WORKS,
            title,
            _t("The platform gives out a key that the portal does not have yet."),
            _t("It takes it with the next message, or within the hour."),
        )
