"""allauth's pages wear the portal's look, keep its content security policy and say what they are for."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from portal.roles import Role
from tests.factories import make_game, make_organization, make_staff

ENTRANCE = [
    "account_login",
    "account_signup",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
]
MANAGE = ["account_email", "account_change_password", "mfa_index", "usersessions_list"]
PASSWORD = "a long enough phrase 7"


@pytest.fixture
def member(client: Client) -> Client:
    """A signed-in person's browser; the sign-in is recent, so no page asks for the password again."""
    get_user_model().objects.create_user("ayla", "ayla@example.com", PASSWORD)
    answer = client.post(reverse("account_login"), {"login": "ayla", "password": PASSWORD})
    assert answer.status_code == 302
    return client


def _check(html: str) -> None:
    assert '<main class="site-main' in html
    assert "portal/viewer" in html
    assert html.count("<h1>") == 1
    assert not re.search(r"\sstyle=|<style|src=\"data:", html)
    title = re.search(r"<title>(.*?)</title>", html, flags=re.DOTALL)
    assert title
    assert len(title.group(1).split("·")[0].strip()) > 3


@pytest.mark.django_db
@pytest.mark.parametrize("name", ENTRANCE)
def test_a_page_before_sign_in_wears_the_portals_look(client: Client, name: str) -> None:
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    _check(answer.content.decode())


@pytest.mark.django_db
@pytest.mark.parametrize("name", MANAGE)
def test_a_page_of_the_account_wears_the_portals_look_and_leads_to_the_others(member: Client, name: str) -> None:
    answer = member.get(reverse(name))
    assert answer.status_code == 200
    html = answer.content.decode()
    _check(html)
    assert 'aria-current="page"' in html
    for other in MANAGE:
        assert f'href="{reverse(other)}"' in html


@pytest.mark.django_db
def test_s3_the_code_for_an_authenticator_app_is_drawn_into_the_page(member: Client) -> None:
    member.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    answer = member.get(reverse("mfa_activate_totp"))
    assert answer.status_code == 200
    html = answer.content.decode()
    _check(html)
    assert re.search(r'<div class="qr"[^>]*><svg|<div class="qr"[^>]*><\?xml', html)


@pytest.mark.django_db
def test_a_wrong_password_is_said_at_the_top_and_what_was_typed_is_kept(client: Client) -> None:
    answer = client.post(reverse("account_login"), {"login": "nobody", "password": "wrong"})
    html = answer.content.decode()
    assert 'role="alert"' in html
    assert 'value="nobody"' in html
    assert 'value="wrong"' not in html


@pytest.mark.django_db
def test_signing_out_is_a_button_that_posts_never_a_link(member: Client) -> None:
    html = member.get(reverse("account_email")).content.decode()
    assert f'<form method="post" action="{reverse("account_logout")}">' in html
    assert f'href="{reverse("account_logout")}"' not in html


@pytest.mark.django_db
def test_i1_a_page_that_asks_again_by_itself_leaves_one_notice_of_the_missing_second_factor(client: Client) -> None:
    person = make_staff(make_organization(require_second_factor=True), Role.PRODUCER)
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    for _look in range(3):
        assert client.get(reverse("admin:index")).headers["Location"] == reverse("mfa_index")
    html = client.get(reverse("mfa_index")).content.decode()
    assert html.count("Members of staff need a second factor.") == 1
    assert "Members of staff need" in client.get(reverse("mfa_index")).content.decode()


@pytest.mark.django_db
def test_i1_nobody_is_told_of_a_second_factor_that_is_not_demanded(member: Client) -> None:
    assert "Members of staff need" not in member.get(reverse("mfa_index")).content.decode()


@pytest.mark.django_db
def test_who_has_chosen_a_new_password_is_led_to_sign_in(client: Client) -> None:
    html = client.get(reverse("account_reset_password_from_key_done")).content.decode()
    assert "Your password is changed" in html
    assert html.count(f'href="{reverse("account_login")}"') == 2, "in the header and below the sentence"


@pytest.mark.django_db
@pytest.mark.parametrize("sends_mail", [True, False])
def test_a_portal_without_a_mail_server_promises_no_mail(client: Client, settings: Any, sends_mail: bool) -> None:
    settings.PORTAL_SENDS_MAIL = sends_mail
    for name in ("account_reset_password", "account_reset_password_done"):
        html = client.get(reverse(name)).content.decode()
        assert ("This portal has no mail server" in html) is not sends_mail
        assert ("spam" in html or "We send you" in html) is sends_mail


@pytest.mark.django_db
def test_one_session_is_ended_by_itself_and_only_one_s_own(member: Client) -> None:
    get_user_model().objects.create_user("stranger", "stranger@example.com", PASSWORD)
    elsewhere, stranger = Client(), Client()
    for browser, name in ((elsewhere, "ayla"), (stranger, "stranger")):
        browser.post(reverse("account_login"), {"login": name, "password": PASSWORD})
        browser.get(reverse("usersessions_list"))
    page = reverse("usersessions_list")
    member.get(page)
    own = UserSession.objects.get(session_key=member.session.session_key)
    for kept in (own.pk, UserSession.objects.get(user__username="stranger").pk, "x", "9" * 30):
        answer = member.post(page, {"session": kept}, follow=True).content.decode()
        assert "Nothing was changed" in answer
    assert UserSession.objects.count() == 3

    other = UserSession.objects.get(session_key=elsewhere.session.session_key)
    assert f'name="session" value="{other.pk}"' in answer
    assert f'name="session" value="{own.pk}"' not in answer
    assert "That session is signed out." in member.post(page, {"session": other.pk}, follow=True).content.decode()
    assert elsewhere.get(page).status_code == 302
    assert member.get(page).status_code == 200
    assert stranger.get(page).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sends", "words"), [(True, "A mail was sent to nia@"), (False, "No mail was sent to confirm nia@")]
)
def test_who_makes_an_account_is_told_of_a_mail_only_where_one_leaves(
    client: Client, settings: Any, sends: bool, words: str
) -> None:
    settings.PORTAL_SENDS_MAIL = sends
    make_game()
    values = {"username": "nia", "email": "nia@example.com", "password1": PASSWORD, "password2": PASSWORD}
    assert words in client.post(reverse("account_signup"), values, follow=True).content.decode()


@pytest.mark.django_db
def test_who_leaves_the_admin_is_told_so_in_the_portals_words_and_led_back(client: Client, settings: Any) -> None:
    settings.PORTAL_SITE_NAME = "Northern Drops"
    client.force_login(make_staff(make_organization()))
    page = client.post(reverse("admin:logout")).content.decode()
    _check(page)
    assert "You are signed out" in page
    assert page.count("Northern Drops") == 2, "in the title and in the head"
    assert f'href="{reverse("admin:index")}"' in page
    assert client.get(reverse("admin:index")).status_code == 302
