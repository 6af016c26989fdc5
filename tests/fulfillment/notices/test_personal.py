"""Notices as personal data: handed out and erased with the person (F8)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from fulfillment.erasure import erase_player, erase_viewer, preview_player, preview_viewer
from fulfillment.export import export_player, export_viewer
from fulfillment.models import Notice, NoticePreference
from fulfillment.rules.notices import Group
from portal import retention
from tests.factories import NOW, make_campaign, make_staff, make_user
from tests.fulfillment.notices.people import Person, by_mail, settle

pytestmark = pytest.mark.django_db


def told() -> Person:
    person = Person()
    by_mail(person.user, Group.DELIVERIES)
    person.link()
    person.claim()
    settle()
    assert person.kinds() == ["linked", "on_its_way"]
    return person


def test_f8_a_copy_of_what_is_stored_holds_the_notices() -> None:
    person = told()
    for stored in (export_viewer(person.viewer), export_player(person.player)):
        rows = json.loads(json.dumps(stored))["notices"]
        assert [row["kind"] for row in rows] == ["linked", "on_its_way"]
        assert rows[1]["reward"] == "Comet banner" and rows[1]["details"] == {"state": "ready", "reason": "due"}
    assert export_player(person.player)["by_email"] == ["deliveries"]


def test_f8_with_a_viewer_goes_what_was_told_about_it_to_whomever() -> None:
    person, other = told(), told()
    staff = make_staff(person.organization)
    assert preview_viewer(person.viewer).notices == 2
    assert erase_viewer(viewer=person.viewer, actor=staff, reason="asked", now=NOW).notices == 2
    assert person.kinds() == [] and len(other.kinds()) == 2


def test_f8_with_a_game_account_goes_what_was_told_about_its_game_and_the_account_stays() -> None:
    person, other = told(), told()
    staff = make_staff(person.organization)
    elsewhere = {"user": person.user, "game": other.game, "kind": "linked", "key": "linked:x", "created_at": NOW}
    kept = Notice.objects.create(**elsewhere)
    assert preview_player(person.player).notices == 2
    done = erase_player(player=person.player, actor=staff, reason="asked", now=NOW)
    settle()
    assert done.notices == 3  # its claim went back to waiting, which was told in between
    assert [notice.pk for notice in person.notices()] == [kept.pk]
    assert NoticePreference.objects.filter(user=person.user).exists()


def test_f8_with_a_game_user_all_goes() -> None:
    person = told()
    person.user.set_unusable_password()
    person.user.save()
    erase_player(player=person.player, actor=make_staff(person.organization), reason="asked", now=NOW)
    assert not Notice.objects.exists() and not NoticePreference.objects.exists()


def test_f8_a_hidden_hint_is_kept_while_it_could_be_shown_again() -> None:
    person = Person()
    long = make_campaign(person.game, ends_at=NOW + timedelta(days=100))
    for campaign in (person.campaign, long):
        Notice.objects.create(
            user=make_user(), kind="eligible", key=f"eligible:{campaign.pk}", campaign=campaign, created_at=NOW
        )
    retention.apply(now=NOW + timedelta(days=7 + 180 + 1), names=["notices"])
    assert [notice.campaign_id for notice in Notice.objects.all()] == [long.pk]
