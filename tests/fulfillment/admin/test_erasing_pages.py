"""The pages on which a person is erased or exported and a test campaign is emptied (F8, C8, S1)."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from campaigns.models import Viewer
from fulfillment.models import Claim
from fulfillment.rules.states import State
from linking.models import Player
from portal.models import AuditEntry
from portal.roles import Role
from portal.tombstones import is_tombstone
from tests.admin_pages import sign_in, url
from tests.fulfillment.admin.story import Studio

pytestmark = pytest.mark.django_db


def addresses(studio: Studio) -> list[str]:
    viewer, player = studio.viewer(), studio.player()
    return [
        reverse("admin:erase_viewer", args=[viewer.pk]),
        reverse("admin:erase_player", args=[player.pk]),
        reverse("admin:export_viewer", args=[viewer.pk]),
        reverse("admin:export_player", args=[player.pk]),
        reverse("admin:purge_test_campaign", args=[studio.campaign.pk]),
    ]


@pytest.mark.parametrize(
    ("role", "status"), [(Role.OWNER, 200), (Role.PRODUCER, 200), (Role.SUPPORT, 403), (Role.ANALYST, 403)]
)
def test_s1_owners_and_producers_erase_and_export(studio: Studio, role: Role, status: int) -> None:
    client = sign_in(studio.members[role])
    assert [client.get(address).status_code for address in addresses(studio)] == [status] * 5


def test_s1_other_organizations_people_and_campaigns_do_not_exist(studio: Studio, elsewhere: Studio) -> None:
    client = sign_in(studio.members[Role.OWNER])
    assert [client.post(address).status_code for address in addresses(elsewhere)] == [404] * 5


def test_f8_a_viewer_is_erased_with_the_linked_player_after_the_id_was_typed(studio: Studio) -> None:
    link = studio.link()
    studio.claim(State.DELIVERED, viewer=link.viewer, player=link.player)
    studio.claim(State.WAITING, viewer=link.viewer)
    client = sign_in(studio.members[Role.PRODUCER])
    page = client.get(url("campaigns.viewer", "change", link.viewer.pk))
    address = reverse("admin:erase_viewer", args=[link.viewer.pk])
    assert address in page.content.decode()
    asked = client.get(address).content.decode()
    assert "<dt>Claims, which stay without person and message</dt><dd>2</dd>" in asked
    assert "<dt>Of these not delivered: the reward is lost</dt><dd>1</dd>" in asked
    assert str(link.player) in asked
    wrong = client.post(address, {"typed": "somebody", "reason": "Ticket 1", "linked": "on"})
    assert "Nothing was removed" in wrong.content.decode()
    done = client.post(
        address, {"typed": link.viewer.platform_user_id, "reason": "Ticket 1", "linked": "on"}, follow=True
    )
    assert "The person is erased" in done.content.decode()
    assert is_tombstone(Viewer.objects.get(pk=link.viewer.pk).platform_user_id)
    assert is_tombstone(Player.objects.get(pk=link.player.pk).player_id)
    assert set(AuditEntry.objects.filter(action="erased").values_list("reason", flat=True)) == {"Ticket 1"}
    assert "erased already" in client.get(address).content.decode()


def test_f8_a_player_is_erased_alone_if_wanted(studio: Studio) -> None:
    link = studio.link()
    client = sign_in(studio.members[Role.OWNER])
    address = reverse("admin:erase_player", args=[link.player.pk])
    assert address in client.get(url("linking.player", "change", link.player.pk)).content.decode()
    client.post(address, {"typed": link.player.player_id, "reason": "Ticket 2"})
    assert is_tombstone(Player.objects.get(pk=link.player.pk).player_id)
    assert not is_tombstone(Viewer.objects.get(pk=link.viewer.pk).platform_user_id)


def test_f8_what_is_being_sent_is_told_on_the_page_and_nothing_is_erased(studio: Studio) -> None:
    link = studio.link()
    studio.claim(State.DELIVERING, viewer=link.viewer, player=link.player)
    client = sign_in(studio.members[Role.OWNER])
    page = client.post(
        reverse("admin:erase_viewer", args=[link.viewer.pk]),
        {"typed": link.viewer.platform_user_id, "reason": "x", "linked": "on"},
    )
    assert "try again in a minute" in page.content.decode()
    assert not AuditEntry.objects.filter(action="erased").exists()


def test_s1_who_may_not_erase_is_shown_no_button(studio: Studio) -> None:
    client = sign_in(studio.members[Role.SUPPORT])
    link = studio.link()
    for page in (url("campaigns.viewer", "change", link.viewer.pk), url("linking.player", "change", link.player.pk)):
        assert "Erase this person" not in client.get(page).content.decode()


def test_the_export_holds_everything_about_the_person_and_is_written_down(studio: Studio) -> None:
    link = studio.link()
    claim = studio.claim(State.DELIVERED, viewer=link.viewer, player=link.player, raw='{"user": "me"}')
    studio.claim(State.WAITING)
    client = sign_in(studio.members[Role.PRODUCER])
    answer = client.get(reverse("admin:export_viewer", args=[link.viewer.pk]))
    assert answer["Content-Disposition"] == f'attachment; filename="viewer-{link.viewer.pk}.json"'
    stored = json.loads(answer.content)
    assert stored["viewer"]["user_id"] == link.viewer.platform_user_id
    assert [one["id"] for one in stored["links"]] == [link.pk]
    assert [(one["id"], one["message"], one["reward"]) for one in stored["claims"]] == [
        (claim.pk, '{"user": "me"}', "Comet Cloak")
    ]
    assert AuditEntry.objects.get(action="exported personal data").object_id == link.viewer.pk
    out = StringIO()
    call_command("export_person", "--viewer", link.viewer.pk, stdout=out)
    assert json.loads(out.getvalue()) == stored
    out = StringIO()
    call_command("export_person", "--player", str(link.player.pk), stdout=out)
    of_player = json.loads(out.getvalue())
    assert of_player["player"]["player_id"] == link.player.player_id
    assert [one["id"] for one in of_player["claims"]] == [claim.pk]
    with pytest.raises(CommandError, match="Nobody has this id"):
        call_command("export_person", "--viewer", "0")


def test_c8_a_test_campaign_is_emptied_from_its_page(studio: Studio) -> None:
    type(studio.campaign).objects.filter(pk=studio.campaign.pk).update(test_mode=True)
    studio.claim(State.DELIVERED)
    client = sign_in(studio.members[Role.PRODUCER])
    address = reverse("admin:purge_test_campaign", args=[studio.campaign.pk])
    assert address in client.get(url("campaigns.campaign", "change", studio.campaign.pk)).content.decode()
    assert "<dt>Claims</dt><dd>1</dd>" in client.get(address).content.decode()
    client.post(address, {"typed": "something else"})
    assert Claim.objects.exists()
    done = client.post(address, {"typed": studio.campaign.name}, follow=True)
    assert "1 test claim was removed" in done.content.decode()
    assert not Claim.objects.exists()


def test_f8_a_real_campaign_cannot_be_emptied(studio: Studio) -> None:
    studio.claim(State.DELIVERED)
    client = sign_in(studio.members[Role.OWNER])
    address = reverse("admin:purge_test_campaign", args=[studio.campaign.pk])
    assert "its claims are real" in client.get(address).content.decode()
    done = client.post(address, {"typed": studio.campaign.name}, follow=True)
    assert "is not in test mode" in done.content.decode()
    assert Claim.objects.exists()
