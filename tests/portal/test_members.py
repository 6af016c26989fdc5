"""Members: role and games, the last owner, leaving, sessions, a lost second factor, one that is demanded (S1, I1, S5)."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal import members
from portal.members import Refused, change_member, remove_member
from portal.models import AuditEntry, Invitation, Membership, Organization, User
from portal.organizations import games_of
from portal.roles import Role
from tests.admin_pages import sign_in
from tests.factories import NOW, PASSWORD, make_game, make_organization, make_staff, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization() -> Organization:
    return make_organization()


@pytest.fixture
def owner(organization: Organization) -> User:
    return make_staff(organization)


def of(user: User) -> Membership:
    return Membership.objects.get(user=user)


def demote(membership: Membership, actor: User) -> None:
    change_member(membership=membership, role=Role.ANALYST, all_games=True, game_ids=(), actor=actor, now=NOW)


def give_factor(user: User) -> None:
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})


def signed_in_session(
    user: User, agent: str = "Mozilla/5.0 (Windows NT 10.0; rv:143.0) Gecko/20100101 Firefox/143.0"
) -> Client:
    client = Client(headers={"user-agent": agent})
    answer = client.post(reverse("account_login"), {"login": user.username, "password": PASSWORD})
    assert answer.status_code == 302
    return client


# The list.


def test_s1_owners_see_members_with_role_games_sign_in_and_second_factor_and_others_do_not(
    organization: Organization, owner: User
) -> None:
    game = make_game(organization, name="Starfall")
    helper = make_staff(organization, Role.SUPPORT, display_name="Kim Doe")
    change_member(membership=of(helper), role=Role.SUPPORT, all_games=False, game_ids=[game.pk], actor=owner, now=NOW)
    give_factor(owner)
    text = sign_in(owner).get(reverse("admin:members")).content.decode()
    for told in ("Kim Doe", "Starfall", "all games", "never", "none", helper.email):
        assert told in text
    for role in (Role.PRODUCER, Role.SUPPORT, Role.ANALYST):
        assert sign_in(make_staff(organization, role)).get(reverse("admin:members")).status_code in (403, 404)


def test_the_list_of_members_needs_as_many_queries_for_twenty_as_for_one(
    organization: Organization, owner: User
) -> None:
    game, client = make_game(organization), sign_in(owner)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("admin:members")).status_code == 200
        return len(queries)

    def add() -> None:
        person = make_staff(organization, Role.SUPPORT)
        change_member(
            membership=of(person), role=Role.SUPPORT, all_games=False, game_ids=[game.pk], actor=owner, now=NOW
        )

    add()
    few = count()
    for _ in range(20):
        add()
    assert count() == few <= 20


def test_s1_a_member_of_another_organization_does_not_exist(owner: User) -> None:
    theirs = of(make_staff(make_organization()))
    client = sign_in(owner)
    for name in ("member", "remove_member", "member_sessions", "member_second_factor"):
        address = reverse(f"admin:{name}", args=[theirs.pk])
        assert {client.get(address).status_code, client.post(address, {"reason": "x"}).status_code} == {404}


# Role and games.


def test_s1_role_and_games_are_changed_on_the_members_page_with_an_entry_in_the_trail(
    organization: Organization, owner: User
) -> None:
    game, other = make_game(organization, name="Starfall"), make_game(organization)
    helper = make_staff(organization, Role.SUPPORT)
    address = reverse("admin:member", args=[of(helper).pk])
    answer = sign_in(owner).post(address, {"role": "producer", "reach": "some", "games": [game.pk]})
    assert answer.status_code == 302
    assert of(helper).role == Role.PRODUCER
    assert games_of(User.objects.get(pk=helper.pk), organization) == {game.pk}
    assert other.pk not in games_of(User.objects.get(pk=helper.pk), organization)  # type: ignore[operator]
    entry = AuditEntry.objects.get(action="changed member")
    assert (entry.before["games"], entry.after["games"]) == ("all", ["Starfall"])


@pytest.mark.parametrize(
    ("posted", "said"),
    [
        ({"role": "support", "reach": "some"}, "at least one game"),
        ({"role": "owner", "reach": "some", "games": "own"}, "Owners always"),
        ({"role": "support", "reach": "some", "games": "foreign"}, "not one of the available choices"),
    ],
)
def test_s1_games_that_cannot_be_are_refused_in_words(
    organization: Organization, owner: User, posted: dict[str, Any], said: str
) -> None:
    games = {"own": make_game(organization).pk, "foreign": make_game().pk}
    helper = make_staff(organization, Role.SUPPORT)
    if "games" in posted:
        posted = {**posted, "games": [games[posted["games"]]]}
    answer = sign_in(owner).post(reverse("admin:member", args=[of(helper).pk]), posted)
    assert said in answer.content.decode()
    assert of(helper).all_games


def test_s1_an_owner_of_some_games_only_cannot_be_stored(organization: Organization, owner: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(user=owner).update(all_games=False)


def test_s1_a_member_of_some_games_without_any_has_none(organization: Organization) -> None:
    make_game(organization)
    helper = make_staff(organization, Role.SUPPORT)
    Membership.objects.filter(user=helper).update(all_games=False)
    assert games_of(helper, organization) == frozenset()
    assert games_of(make_user(), organization) == frozenset()
    assert games_of(helper, make_organization()) == frozenset()


# The last owner.


def test_s1_the_last_owner_can_neither_be_demoted_nor_leave(organization: Organization, owner: User) -> None:
    make_staff(organization, Role.PRODUCER)
    with pytest.raises(Refused):
        demote(of(owner), owner)
    with pytest.raises(Refused):
        remove_member(membership=of(owner), actor=owner, now=NOW)
    client = sign_in(owner)
    answer = client.post(reverse("admin:member", args=[of(owner).pk]), {"role": "analyst", "reach": "all"})
    assert "needs an owner" in answer.content.decode()
    assert "needs an owner" in client.post(reverse("admin:leave"), follow=True).content.decode()
    assert of(owner).role == Role.OWNER


def test_s1_an_owner_who_cannot_sign_in_is_not_the_one_who_stays(organization: Organization, owner: User) -> None:
    make_staff(organization, is_active=False)
    with pytest.raises(Refused):
        demote(of(owner), owner)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_s1_of_two_owners_who_demote_each_other_at_once_one_stays(organization: Organization) -> None:
    owners = [make_staff(organization), make_staff(organization)]
    begin, refused = threading.Barrier(2), []

    def act(actor: User, target: Membership) -> None:
        begin.wait()
        try:
            demote(target, actor)
        except Refused:
            refused.append(actor)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=act, args=(owners[0], of(owners[1]))),
        threading.Thread(target=act, args=(owners[1], of(owners[0]))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(refused) == 1
    assert Membership.objects.filter(organization=organization, role=Role.OWNER).count() == 1


# Leaving.


def test_s1_who_is_removed_gets_in_no_longer_at_once_and_their_invitations_end(
    organization: Organization, owner: User
) -> None:
    other = make_staff(organization)
    theirs = Invitation.objects.create(
        organization=organization,
        email="friend@example.org",
        role="owner",
        token_hash="h",
        made_by=other,
        made_at=NOW,
        expires_at=NOW,
    )
    browser = signed_in_session(other)
    assert browser.get(reverse("admin:index")).status_code == 200
    address = reverse("admin:remove_member", args=[of(other).pk])
    client = sign_in(owner)
    assert "This field is required" in client.post(address, {"reason": ""}).content.decode()
    assert client.post(address, {"reason": "left the studio"}).status_code == 302
    assert browser.get(reverse("admin:index")).status_code == 302
    assert not UserSession.objects.filter(user=other).exists()
    other.refresh_from_db()
    theirs.refresh_from_db()
    assert not other.is_staff
    assert theirs.withdrawn_at is not None
    entry = AuditEntry.objects.get(action="removed member")
    assert (entry.reason, entry.before["member"]) == ("left the studio", other.username)


@pytest.mark.parametrize("role", [Role.PRODUCER, Role.SUPPORT, Role.ANALYST])
def test_s1_a_member_of_any_role_leaves_by_themselves(organization: Organization, owner: User, role: Role) -> None:
    person = make_staff(organization, role)
    Membership.objects.filter(user=person).update(all_games=False)
    client = sign_in(person)
    assert client.get(reverse("admin:leave")).status_code == 200
    assert client.post(reverse("admin:leave")).status_code == 302
    person.refresh_from_db()
    assert not person.is_staff
    assert not Membership.objects.filter(user=person).exists()
    assert AuditEntry.objects.filter(action="left", actor=person).exists()


# Sessions and second factor.


def test_s5_an_owner_ends_a_members_sessions_with_a_reason(organization: Organization, owner: User) -> None:
    person = make_staff(organization, Role.SUPPORT)
    browsers = [signed_in_session(person), signed_in_session(person)]
    page = sign_in(owner).get(reverse("admin:member", args=[of(person).pk])).content.decode()
    assert "Firefox on Windows" in page
    answer = sign_in(owner).post(reverse("admin:member_sessions", args=[of(person).pk]), {"reason": "stolen laptop"})
    assert answer.status_code == 302
    assert {browser.get(reverse("admin:index")).status_code for browser in browsers} == {302}
    assert AuditEntry.objects.get(action="ended sessions of member").reason == "stolen laptop"


def test_i1_an_owner_resets_a_lost_second_factor_and_the_sessions_end(organization: Organization, owner: User) -> None:
    person = make_staff(organization, Role.SUPPORT)
    browser = signed_in_session(person)
    give_factor(person)
    address = reverse("admin:member_second_factor", args=[of(person).pk])
    assert sign_in(owner).post(address, {"reason": "lost phone, called back"}).status_code == 302
    assert not Authenticator.objects.filter(user=person).exists()
    assert browser.get(reverse("admin:index")).status_code == 302
    assert AuditEntry.objects.get(action="reset second factor of member").before["factors"] == ["totp"]


def test_i1_who_works_for_another_organization_too_is_the_administrators_to_reset(
    organization: Organization, owner: User
) -> None:
    person = make_staff(organization, Role.SUPPORT)
    Membership.objects.create(organization=make_organization(), user=person, role="support")
    give_factor(person)
    member = Membership.objects.get(organization=organization, user=person)
    administrator = make_user(is_superuser=True, is_staff=True)
    reset = {"membership": member, "reason": "x", "now": NOW}
    for actor, of_whom in ((owner, member), (owner, of(owner))):
        with pytest.raises(Refused):
            members.reset_second_factor(actor=actor, **{**reset, "membership": of_whom})  # type: ignore[arg-type]
    assert Authenticator.objects.filter(user=person).exists()
    members.reset_second_factor(actor=administrator, **reset)  # type: ignore[arg-type]
    assert not Authenticator.objects.filter(user=person).exists()


def test_i1_who_would_be_stopped_is_told_before_a_second_factor_is_demanded(
    organization: Organization, owner: User
) -> None:
    give_factor(owner)
    lacking = make_staff(organization, Role.SUPPORT, display_name="Kim Doe")
    client, browser = sign_in(owner), sign_in(lacking)
    page = client.get(reverse("admin:require_second_factor")).content.decode()
    assert "1 member is stopped" in page
    assert "Kim Doe" in page
    assert browser.get(reverse("admin:index")).status_code == 200
    client.post(reverse("admin:require_second_factor"), {"required": "yes"})
    organization.refresh_from_db()
    assert organization.require_second_factor
    stopped = browser.get(reverse("admin:index"))
    assert (stopped.status_code, stopped.headers["Location"]) == (302, reverse("mfa_index"))
    assert client.get(reverse("admin:members")).status_code == 200
    give_factor(lacking)
    assert browser.get(reverse("admin:index")).status_code == 200
    assert AuditEntry.objects.filter(after={"require_second_factor": True}).exists()


def test_i1_a_demand_holds_in_every_organization_of_a_member(organization: Organization) -> None:
    person = make_staff(organization, Role.SUPPORT)
    strict = make_organization(require_second_factor=True)
    browser = sign_in(person)
    assert browser.get(reverse("admin:index")).status_code == 200
    Membership.objects.create(organization=strict, user=person, role="analyst")
    assert browser.get(reverse("admin:index")).status_code == 302


@override_settings(PORTAL_STAFF_SECOND_FACTOR=True)
def test_i1_the_operators_own_demand_stays(organization: Organization, owner: User) -> None:
    assert sign_in(owner).get(reverse("admin:index")).status_code == 302


def test_the_page_of_sessions_says_device_place_and_last_use_and_ends_the_others(owner: User) -> None:
    here = signed_in_session(owner)
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile/15E148 Safari/604.1"
    there = signed_in_session(owner, phone)
    text = here.get(reverse("usersessions_list")).content.decode()
    for told in ("Firefox on Windows", "Safari on iPhone", "127.0.0.1", "This browser", "last used"):
        assert told in text
    assert here.post(reverse("usersessions_list")).status_code == 302
    assert there.get(reverse("admin:index")).status_code == 302
    assert here.get(reverse("admin:index")).status_code == 200


def test_the_last_use_of_a_session_is_noted_at_most_every_five_minutes(owner: User) -> None:
    browser = signed_in_session(owner)
    UserSession.objects.update(last_seen_at=NOW)
    browser.get(reverse("admin:index"))
    assert UserSession.objects.get().last_seen_at == NOW
    session = browser.session
    session["seen_at"] = NOW.replace(year=NOW.year - 1).isoformat()
    session.save()
    browser.get(reverse("admin:index"))
    assert UserSession.objects.get().last_seen_at > NOW.replace(year=NOW.year - 1)
    assert UserSession.objects.get().last_seen_at != NOW


def test_the_menu_under_ones_name_leads_to_second_factor_and_sessions(owner: User) -> None:
    text = sign_in(owner).get(reverse("admin:members")).content.decode()
    for name in ("mfa_index", "usersessions_list"):
        assert f'href="{reverse(name)}"' in text
