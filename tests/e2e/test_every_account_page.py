"""The pages of a member of staff's own account: sign-in, password, second factor, passkeys, recovery codes, sessions (WCAG 2.2 AA).

Which pages there are is asked of the address space below ``/accounts/``; what is no page there says why in ``LEFT_OUT``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone
from playwright.sync_api import Browser

from portal.invitations import invite
from portal.models import Organization, User
from portal.roles import Role
from tests.e2e.admin_addresses import named
from tests.e2e.judge import Judge, client_of
from tests.e2e.passkeys import registered
from tests.factories import PASSWORD, make_game, make_organization, make_staff, make_user

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db]

LEFT_OUT = {
    "account_confirm_email": "of a link in a mail that the portal does not send",
    "account_confirm_login_code": "signing in with a mailed code is off",
    "account_email_verification_sent": "of a mail that the portal does not send",
    "account_inactive": "signing in as somebody inactive is refused on the sign-in page",
    "account_reset_password_from_key": "of a link in a mail; leads on to one without the key",
    "account_set_password": "leads to the change of the password, which everybody has",
    "mfa_download_recovery_codes": "a file",
    "mfa_edit_webauthn": "opened with a key's number below",
    "mfa_remove_webauthn": "opened with a key's number below",
    "mfa_login_webauthn": "data for the sign-in's script",
    "mfa_authenticate": "opened while signing in, below",
    "mfa_reauthenticate_webauthn": "opened with a passkey, below",
    "openid_connect_login": "leads to an operator's own identity provider",
    "openid_connect_callback": "where an identity provider sends people back to",
    "chzzk_callback": "where the platform sends people back to",
    "kick_callback": "where the platform sends people back to",
    "twitch_callback": "where the platform sends people back to",
    "socialaccount_signup": "leads to the sign-in for everybody who does not come from an identity provider",
}


def signed_in(user: User) -> Client:
    """Return a client of somebody who gave the password just now, so that no page asks for it again."""
    client = client_of(user)
    answer = client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert answer.status_code == 302
    return client


def with_second_factors(user: User) -> Authenticator:
    """Give somebody an app, recovery codes and a passkey, which is returned."""
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
    data = {"name": "Blue key on the ring", "credential": registered()}
    return Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data)


def account_pages() -> list[str]:
    (below,) = [one for one in get_resolver().url_patterns if str(one.pattern) == "accounts/"]
    return sorted({name for name, _arguments in named(below.url_patterns) if name not in LEFT_OUT})


def open_all(judge: Judge, names: list[str], state: str) -> set[str]:
    """Judge those of these pages that are shown in this state, and return their names."""
    seen = set()
    for name in names:
        answer = judge.client.get(reverse(name))
        assert answer.status_code < 500, name
        if answer.status_code in (200, 401):
            judge.judge(answer, f"{name}, {state}", reverse(name))
            seen.add(name)
    return seen


def test_axe_finds_nothing_on_any_page_of_an_account(browser: Browser) -> None:
    names, studio = account_pages(), make_organization()
    bare, careful = make_staff(studio), make_staff(studio)
    key = with_second_factors(careful)
    without = Judge(browser, signed_in(bare))
    seen = open_all(without, names, "without a second factor")
    judge = Judge(browser, signed_in(careful))
    seen |= open_all(judge, names, "with all second factors")
    for name in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        judge.open(reverse(name, args=[key.pk]), name)
    visitor = Judge(browser, Client(HTTP_HOST=judge.client.defaults["HTTP_HOST"]))
    seen |= open_all(visitor, names, "signed out")
    assert set(names) - seen == set(), "open these here, or say in LEFT_OUT why they show no page"
    for one in (without, judge, visitor):
        one.close()


def test_axe_finds_nothing_on_an_account_page_whose_form_is_refused(browser: Browser) -> None:
    judge = Judge(browser, signed_in(make_staff(make_organization())))
    wrong: dict[str, dict[str, Any]] = {
        "account_change_password": {"oldpassword": "wrong", "password1": "short", "password2": "other"},
        "account_reauthenticate": {"password": "wrong"},
        "account_email": {"action_add": "", "email": "no address"},
        "mfa_activate_totp": {"code": "000000"},
    }
    for name, values in wrong.items():
        judge.client.get(reverse(name))
        judge.send(reverse(name), f"{name}, wrong", **values)
        judge.send(reverse(name), f"{name}, empty", **dict.fromkeys(values, ""))
    judge.close()


def test_axe_finds_nothing_on_the_way_in(browser: Browser) -> None:
    studio = make_organization()
    careful = make_staff(studio)
    with_second_factors(careful)
    judge = Judge(browser, client_of(careful))
    judge.client.logout()
    judge.send(reverse("account_login"), "sign-in, refused", login="nobody", password="wrong")
    judge.send(reverse("account_signup"), "sign-up, refused", username="", password1="short", password2="other")
    judge.send(reverse("account_login"), "second factor asked for", login=careful.username, password=PASSWORD)
    judge.send(reverse("mfa_authenticate"), "second factor, refused", code="000000")
    judge.close()


def test_axe_finds_nothing_where_a_second_factor_is_demanded_or_the_password_again(browser: Browser) -> None:
    studio = make_organization()
    bare, careful = make_staff(studio), make_staff(studio)
    with_second_factors(careful)
    Organization.objects.filter(pk=studio.pk).update(require_second_factor=True)
    judge, again = Judge(browser, client_of(bare)), Judge(browser, client_of(careful))
    follow(judge, reverse("admin:index"), "a second factor is demanded")
    follow(again, reverse("mfa_view_recovery_codes"), "the password again")
    for name in ("account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn"):
        follow(again, reverse(name), name)
    judge.close()
    again.close()


def test_axe_finds_nothing_on_an_invitation(browser: Browser) -> None:
    studio, now = make_organization(), timezone.now()
    owner, game = make_staff(studio), make_game(studio)
    asked: dict[str, Any] = {"role": Role.ANALYST, "all_games": False, "game_ids": [game.pk], "actor": owner}
    _invitation, token = invite(organization=studio, email="one@example.org", now=now, **asked)
    _other, old = invite(organization=studio, email="two@example.org", now=now - timedelta(days=60), **asked)
    visitor = Judge(browser, client_of(owner))
    visitor.client.logout()
    guest = Judge(browser, client_of(make_user()))
    for judge in (visitor, guest):
        judge.open(reverse("invitation", args=[token]), "invitation")
        follow(judge, reverse("invitation", args=[old]), "invitation that is over")
        follow(judge, reverse("invitation", args=["nothing"]), "no invitation")
        judge.close()


def follow(judge: Judge, address: str, name: str) -> None:
    """Judge the page to which an address leads, whatever its status."""
    answer = judge.client.get(address, follow=True)
    judge.judge(answer, name, answer.request["PATH_INFO"])
