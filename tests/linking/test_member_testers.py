"""Testers of a campaign are filled from the members' own links (C8)."""

from __future__ import annotations

import pytest

from campaigns.publishing import NotPossible
from campaigns.testing import add_members_as_testers
from portal.models import AuditEntry
from portal.roles import Role
from tests.admin_pages import sign_in
from tests.factories import NOW, make_campaign, make_game, make_link, make_player, make_staff, make_user, make_viewer

pytestmark = pytest.mark.django_db


def test_c8_members_links_become_testers_once_and_nobody_elses() -> None:
    game = make_game()
    campaign = make_campaign(game, test_mode=True)
    member = make_staff(game.organization, Role.PRODUCER)
    viewer = make_viewer(game.organization, name="Nora")
    make_link(game, viewer=viewer, player=make_player(game, user=member))
    make_link(game, player=make_player(game, user=make_user()))
    for _time in range(2):
        add_members_as_testers(campaign_id=campaign.pk, actor=member, now=NOW)
    assert list(campaign.testers.values_list("platform", "platform_user_id", "note")) == [
        ("kick", viewer.platform_user_id, "Nora")
    ]
    assert AuditEntry.objects.filter(action="added members as testers").count() == 1


def test_c8_without_links_or_test_mode_it_says_what_is_missing() -> None:
    game = make_game()
    with pytest.raises(NotPossible, match="No member has linked"):
        add_members_as_testers(campaign_id=make_campaign(game, test_mode=True).pk, actor=None, now=NOW)
    with pytest.raises(NotPossible, match="test mode"):
        add_members_as_testers(campaign_id=make_campaign(game).pk, actor=None, now=NOW)


def test_c8_a_producer_does_it_from_the_campaigns_page_support_does_not() -> None:
    game = make_game()
    campaign = make_campaign(game, test_mode=True)
    producer = make_staff(game.organization, Role.PRODUCER)
    make_link(game, player=make_player(game, user=producer))
    page = f"/admin/campaigns/campaign/{campaign.pk}/"
    client = sign_in(producer)
    assert f"{page}testers/" in client.get(f"{page}change/").content.decode()
    assert client.get(f"{page}testers/").status_code == 200
    assert client.post(f"{page}testers/").status_code == 302
    assert campaign.testers.count() == 1
    assert sign_in(make_staff(game.organization, Role.SUPPORT)).post(f"{page}testers/").status_code == 403
