"""Invitations: made, mailed, shown once, accepted once, and in words for everything that can be wrong (S1, S4, S5)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from portal.invitations import LASTS, accept, find, invite, renew, withdraw
from portal.members import Refused
from portal.models import AuditEntry, Invitation, Membership, Organization, User
from portal.organizations import games_of
from portal.roles import Role
from portal.tokens import hash_token, new_token
from tests.admin_pages import sign_in
from tests.factories import PASSWORD, make_game, make_organization, make_staff, make_user

pytestmark = pytest.mark.django_db

ADDRESS = "new.colleague@example.org"


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def organization() -> Organization:
    return make_organization(name="Comet Games")


@pytest.fixture
def owner(organization: Organization) -> User:
    return make_staff(organization, display_name="Ada Owner")


def made(owner: User, **changes: Any) -> tuple[Invitation, str]:
    organization = owner.memberships.get().organization
    given = {"email": ADDRESS, "role": Role.SUPPORT, "all_games": True, "game_ids": (), "now": timezone.now()}
    return invite(organization=organization, actor=owner, **{**given, **changes})


def page(token: str) -> str:
    return reverse("invitation", args=[token])


def link_in(text: str) -> str:
    found = re.search(r"/invitations/[\w-]+/", text)
    assert found is not None, text
    return found[0]


@override_settings(PORTAL_SENDS_MAIL=True)
def test_s1_an_owner_invites_the_link_is_mailed_and_shown_once(organization: Organization, owner: User) -> None:
    client = sign_in(owner)
    posted = {"email": ADDRESS, "role": "producer", "reach": "all"}
    shown = client.post(reverse("admin:invite"), posted, follow=True)
    link = link_in(shown.content.decode())
    assert "The link was mailed to" in shown.content.decode()
    [message] = mail.outbox
    assert message.to == [ADDRESS]
    assert link in message.body
    assert link in str(message.alternatives[0][0])
    assert "Ada Owner invites you to work in Comet Games" in message.body
    again = client.get(shown.redirect_chain[-1][0]).content.decode()
    assert link not in again
    assert "no link to show" in again
    stored = Invitation.objects.get()
    assert stored.token_hash == hash_token(link.split("/")[2])
    assert AuditEntry.objects.get(action="invited").after["invited"] == ADDRESS
    assert ADDRESS in client.get(reverse("admin:members")).content.decode()


def test_s1_a_portal_without_mail_says_so_and_shows_the_link(owner: User) -> None:
    posted = {"email": ADDRESS, "role": "support", "reach": "all"}
    shown = sign_in(owner).post(reverse("admin:invite"), posted, follow=True).content.decode()
    assert "No mail was sent" in shown
    assert link_in(shown)
    assert mail.outbox == []


@override_settings(
    PORTAL_SENDS_MAIL=True,
    EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
    EMAIL_HOST="127.0.0.1",
    EMAIL_PORT=9,
)
def test_s1_a_mail_server_that_is_away_hinders_no_invitation(owner: User) -> None:
    posted = {"email": ADDRESS, "role": "support", "reach": "all"}
    shown = sign_in(owner).post(reverse("admin:invite"), posted, follow=True).content.decode()
    assert "No mail was sent" in shown
    assert link_in(shown)


@pytest.mark.parametrize("role", [Role.PRODUCER, Role.SUPPORT, Role.ANALYST])
def test_s1_only_owners_invite(organization: Organization, owner: User, role: Role) -> None:
    client = sign_in(make_staff(organization, role))
    posted = {"email": ADDRESS, "role": "owner", "reach": "all"}
    assert client.post(reverse("admin:invite"), posted).status_code == 403
    waiting, _token = made(owner)
    for name in ("invite_again", "withdraw_invitation", "invited"):
        address = reverse(f"admin:{name}", args=[waiting.pk])
        answer = client.get(address) if name == "invited" else client.post(address)
        assert answer.status_code == 403
    assert Invitation.objects.get().withdrawn_at is None


def test_s1_another_organizations_invitation_does_not_exist(owner: User) -> None:
    theirs, _token = made(make_staff(make_organization()))
    client = sign_in(owner)
    assert client.post(reverse("admin:withdraw_invitation", args=[theirs.pk])).status_code == 404
    assert client.post(reverse("admin:invite_again", args=[theirs.pk])).status_code == 404


# Accepting.


def test_s1_who_has_no_account_makes_one_comes_back_and_confirms(organization: Organization, owner: User) -> None:
    game, _other = make_game(organization, name="Starfall"), make_game(organization)
    _invitation, token = made(owner, all_games=False, game_ids=[game.pk])
    browser = Client()
    text = browser.get(page(token)).content.decode()
    for told in ("Ada Owner", "Comet Games", "support", "Starfall", ADDRESS):
        assert told in text
    found = re.search(r'href="(/accounts/signup/[^"]+)"', text)
    assert found is not None
    account = {"username": "colleague", "email": ADDRESS, "password1": PASSWORD, "password2": PASSWORD}
    signed = browser.post(found[1].replace("&amp;", "&"), {**account, "next": page(token)})
    assert signed.headers["Location"] == page(token)
    assert "Join as colleague" in browser.get(page(token)).content.decode()
    assert not Membership.objects.filter(user__username="colleague").exists()
    joined = browser.post(page(token), follow=True)
    assert joined.redirect_chain[0][0] == reverse("admin:index")
    person = User.objects.get(username="colleague")
    assert person.is_staff
    assert games_of(person, organization) == {game.pk}
    assert AuditEntry.objects.get(action="accepted invitation").after["invited_by"] == "Ada Owner"


def test_s1_the_token_is_the_proof_another_address_is_told_and_allowed(owner: User) -> None:
    _invitation, token = made(owner)
    person = make_user(username="bob")
    browser = sign_in(person)
    text = browser.get(page(token)).content.decode()
    assert "signed in as bob" in text
    assert "another e-mail address" in text
    browser.post(page(token))
    assert person.memberships.get().role == Role.SUPPORT


def test_s1_an_account_without_an_address_is_not_said_to_have_another(owner: User) -> None:
    _invitation, token = made(owner)
    person = make_user(username="bob")
    User.objects.filter(pk=person.pk).update(email="")
    text = sign_in(person).get(page(token)).content.decode()
    assert "This account becomes the member." in text
    assert "another e-mail address" not in text


def test_s1_the_account_made_on_the_way_starts_with_the_invited_address(owner: User) -> None:
    _invitation, token = made(owner)
    browser = Client()
    found = re.search(r'href="(/accounts/signup/[^"]+)"', browser.get(page(token)).content.decode())
    assert found is not None
    answer = browser.get(found[1].replace("&amp;", "&"))
    assert answer.context["form"]["email"].value() == ADDRESS


def test_s1_who_is_invited_may_make_an_account_before_there_is_a_game_but_only_while_the_link_is_open(
    owner: User,
) -> None:
    invitation, token = made(owner)
    address, browser = f"{reverse('account_signup')}?{urlencode({'next': page(token)})}", Client()
    assert "form" in browser.get(address).context
    account = {"username": "colleague", "password1": PASSWORD, "password2": PASSWORD, "next": page(token)}
    withdraw(invitation=invitation, actor=owner, now=timezone.now())
    assert "form" not in browser.get(address).context
    browser.post(reverse("account_signup"), account)
    assert not User.objects.filter(username="colleague").exists()


def test_s1_an_invitation_joins_one_person_once(owner: User) -> None:
    invitation, token = made(owner)
    first, second = make_user(), make_user()
    sign_in(first).post(page(token))
    answer = sign_in(second).post(page(token))
    assert answer.status_code == 410
    assert "used already" in answer.content.decode()
    with pytest.raises(Refused):
        accept(invitation=invitation, user=second, now=timezone.now())
    assert not second.memberships.exists()


def test_s1_who_is_a_member_already_is_led_in_and_uses_nothing_up(organization: Organization, owner: User) -> None:
    invitation, token = made(owner)
    answer = sign_in(owner).get(page(token), follow=True)
    assert "a member of Comet Games already" in answer.content.decode()
    with pytest.raises(Refused):
        accept(invitation=invitation, user=owner, now=timezone.now())
    assert owner.memberships.get().role == Role.OWNER
    assert Invitation.objects.get().accepted_at is None


@pytest.mark.parametrize(
    ("spoil", "status", "said"),
    [
        ("expire", 410, "has expired"),
        ("withdraw", 410, "was withdrawn"),
        ("renew", 404, "sent again since"),
        ("unknown", 404, "No such invitation"),
    ],
)
def test_s1_a_link_that_opens_nothing_says_why(owner: User, spoil: str, status: int, said: str) -> None:
    invitation, token = made(owner)
    now = timezone.now()
    if spoil == "expire":
        Invitation.objects.update(expires_at=now)
    elif spoil == "withdraw":
        assert withdraw(invitation=invitation, actor=owner, now=now)
        assert not withdraw(invitation=invitation, actor=owner, now=now)
    elif spoil == "renew":
        renew(invitation=invitation, actor=owner, now=now)
    else:
        token = new_token()
    person = make_user()
    for answer in (Client().get(page(token)), sign_in(person).post(page(token))):
        assert answer.status_code == status
        assert said in answer.content.decode()
    assert not person.memberships.exists()


def test_s1_it_expires_at_the_moment_told(owner: User) -> None:
    now = timezone.now()
    invitation, _token = made(owner, now=now)
    assert invitation.expires_at == now + LASTS == now + timedelta(days=7)
    assert invitation.is_open(now + LASTS - timedelta(microseconds=1))
    assert not invitation.is_open(now + LASTS)
    with pytest.raises(Refused):
        accept(invitation=invitation, user=make_user(), now=now + LASTS)


def test_s1_inviting_an_address_again_replaces_what_waits(owner: User) -> None:
    _first, old = made(owner)
    second, new = made(owner, email=ADDRESS.upper(), role=Role.ANALYST)
    assert Invitation.objects.get() == second
    assert find(old) is None
    found = find(new)
    assert found is not None
    assert found.role == Role.ANALYST


def test_s1_a_members_address_is_not_invited(organization: Organization, owner: User) -> None:
    posted = {"email": owner.email.upper(), "role": "support", "reach": "all"}
    text = sign_in(owner).post(reverse("admin:invite"), posted).content.decode()
    assert "has this e-mail address already" in text
    assert not Invitation.objects.exists()


def test_s1_games_that_are_gone_or_anothers_are_left_out(organization: Organization, owner: User) -> None:
    kept, gone, foreign = make_game(organization), make_game(organization), make_game()
    invitation, _token = made(owner, all_games=False, game_ids=[kept.pk, gone.pk, foreign.pk])
    assert set(invitation.game_ids) == {kept.pk, gone.pk}
    gone.delete()
    person = make_user()
    accept(invitation=invitation, user=person, now=timezone.now())
    assert games_of(person, organization) == {kept.pk}


def test_s2_the_token_is_stored_nowhere(owner: User) -> None:
    posted = {"email": ADDRESS, "role": "support", "reach": "all"}
    client = sign_in(owner)
    answer = client.post(reverse("admin:invite"), posted)
    kept = str(dict(client.session))
    token = link_in(client.get(answer.headers["Location"]).content.decode()).split("/")[2]
    assert token not in kept
    with connection.cursor() as cursor:
        for table in ("portal_invitation", "portal_auditentry"):
            cursor.execute(f"SELECT * FROM {table}")
            assert token not in str(cursor.fetchall())


def test_s4_trying_links_is_limited() -> None:
    browser = Client()
    answers = [browser.get(page(new_token())).status_code for _ in range(45)]
    assert answers[0] == 404
    assert answers[-1] == 429


def test_s4_invitations_are_limited(owner: User) -> None:
    client = sign_in(owner)
    for _ in range(60):
        client.post(reverse("admin:invite"), {"email": "x"})
    assert client.post(reverse("admin:invite"), {"email": "x"}).status_code == 429
