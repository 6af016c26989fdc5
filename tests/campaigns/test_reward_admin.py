"""Rewards, games, channels and sign-in methods through their admin pages (R1, R2, C7, L2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape

from campaigns import hooks
from campaigns.models import Channel, Game, Reward
from linking.models import GameSignIn
from portal import platforms
from portal.models import AuditEntry, Organization
from portal.roles import Role
from tests.admin_pages import errors_of, form_of, rows, sign_in, url
from tests.factories import make_campaign, make_channel, make_game, make_reward, make_staff
from tests.portal.image_files import (
    HTML,
    SVG,
    animated,
    encoded,
    halves,
    noise,
    png,
    png_bomb,
    png_of_size,
    rotated_photo,
)

pytestmark = pytest.mark.django_db

# The table of R2 through the form: the field itself is proved in tests/portal/test_image_field.py.
ACCEPTED: dict[str, Callable[[], bytes]] = {
    "largest.png": png,
    "jpeg named.png": lambda: encoded(noise(60, 60), "JPEG"),
    "palette.png": lambda: encoded(halves(40, 40).convert("P"), "PNG", transparency=0),
    "cmyk.jpg": lambda: encoded(noise(60, 60).convert("CMYK"), "JPEG"),
    "photo.jpg": rotated_photo,
    "small.png": lambda: png(32, 32),
}
REFUSED: dict[str, Callable[[], bytes]] = {
    "wide.png": lambda: png(121, 120),
    "heavy.png": lambda: png_of_size(300 * 1024),
    "truncated.png": lambda: png()[:-20],
    "drawing.svg": lambda: SVG,
    "empty.png": lambda: b"",
    "page.gif": lambda: HTML,
    "bomb.png": png_bomb,
}


def add_reward(client: Client, organization: Organization, content: bytes, name: str) -> Any:
    address = url("campaigns.reward", "add")
    values = form_of(client, address, "reward_form") | {"game": organization.games.get().pk, "name": "Hat"}
    return client.post(address, values | {"image": SimpleUploadedFile(name, content)}, follow=True)


@pytest.mark.parametrize("name", sorted(ACCEPTED))
def test_r2_pictures_that_are_let_in(owner: Client, organization: Organization, name: str) -> None:
    answer = add_reward(owner, organization, ACCEPTED[name](), name)
    reward = Reward.objects.get()
    assert reward.image.open().read(8) == b"\x89PNG\r\n\x1a\n"
    assert f'src="{reward.image.rendition_url}"' in answer.content.decode()  # type: ignore[attr-defined]
    assert 'width="40" height="40"' in answer.content.decode()


def test_r2_an_animation_keeps_its_first_frame_with_a_notice(owner: Client, organization: Organization) -> None:
    answer = add_reward(owner, organization, animated("GIF"), "animated.gif")
    assert any("Only the first one is kept" in str(message) for message in answer.context["messages"])


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_r2_pictures_that_are_refused_say_what_is_allowed(owner: Client, organization: Organization, name: str) -> None:
    (error,) = errors_of(add_reward(owner, organization, REFUSED[name](), name))
    assert "120×120" in error
    assert not Reward.objects.exists()


def test_r1_an_external_id_and_an_id_on_a_platform_belong_to_one_reward(
    owner: Client, organization: Organization
) -> None:
    taken = make_reward(organization.games.get(), platform_ids={"kick": "R1"}, external_id="hat")
    other = make_reward(taken.game)
    address = url("campaigns.reward", "change", other.pk)
    values = form_of(owner, address, "reward_form")
    assert "Another reward of this game has this external id." in errors_of(
        owner.post(address, values | {"external_id": "hat"})
    )
    values = rows("platform_ids", values, {"platform": "kick", "platform_reward_id": "R1"})
    assert "Another reward has this id on this platform." in errors_of(owner.post(address, values))


def test_f2_a_new_mapping_has_waiting_claims_looked_at_again(owner: Client, organization: Organization) -> None:
    reward = make_reward(organization.games.get())
    address = url("campaigns.reward", "change", reward.pk)
    values = rows(
        "platform_ids", form_of(owner, address, "reward_form"), {"platform": "kick", "platform_reward_id": "R9"}
    )
    told: list[Any] = []
    hooks.claims_may_resolve.append(lambda **narrower: told.append(narrower))
    try:
        assert owner.post(address, values).status_code == 302
    finally:
        hooks.claims_may_resolve.pop()
    assert told == [{"organization_id": organization.pk, "platform_reward_id": "R9"}]
    assert AuditEntry.objects.filter(object_id=reward.pk).exists()


def test_f8_what_is_in_use_is_kept_with_a_plain_sentence(owner: Client, organization: Organization) -> None:
    used = make_reward(organization.games.get())
    make_campaign(used.game, rewards=[used])
    free = make_reward(used.game)
    answer = owner.post(url("campaigns.reward", "delete", used.pk), {"post": "yes"}, follow=True)
    assert "is kept: it is used by 1 reward of the campaign" in answer.content.decode()
    assert owner.post(url("campaigns.reward", "delete", free.pk), {"post": "yes"}).status_code == 302
    assert list(Reward.objects.all()) == [used]


def test_an_accent_that_cannot_be_read_is_refused_with_the_nearest(owner: Client, organization: Organization) -> None:
    game = organization.games.get()
    address = url("campaigns.game", "change", game.pk)
    values = form_of(owner, address, "game_form") | {"accent_color": "#ffee00"}
    (error,) = errors_of(owner.post(address, values))
    assert "The nearest that has it is #" in error


def test_a_game_shows_its_link_page_to_copy(owner: Client, organization: Organization) -> None:
    game = organization.games.get()
    text = owner.get(url("campaigns.game", "change", game.pk)).content.decode()
    assert f"/connect/{organization.slug}/{game.slug}/" in text


def test_i4_a_category_belongs_to_one_game(owner: Client, organization: Organization) -> None:
    first, second = organization.games.get(), make_game(organization)
    row = {"platform": "twitch", "platform_category_id": "509658"}
    for game, refused in ((first, False), (second, True)):
        address = url("campaigns.game", "change", game.pk)
        answer = owner.post(address, rows("categories", form_of(owner, address, "game_form"), row))
        assert bool(answer.status_code == 200 and errors_of(answer)) is refused


def test_a_game_name_is_used_once_in_an_organization(owner: Client, organization: Organization) -> None:
    game = make_game(organization)
    address = url("campaigns.game", "change", game.pk)
    values = form_of(owner, address, "game_form") | {"slug": organization.games.exclude(pk=game.pk).get().slug}
    assert errors_of(owner.post(address, values))


def test_i4_a_channel_is_known_once(owner: Client, organization: Organization) -> None:
    known = make_channel(organization, platform="kick")
    address = url("campaigns.channel", "add")
    values = form_of(owner, address, "channel_form")
    values |= {"platform": "kick", "platform_channel_id": known.platform_channel_id, "login": "x"}
    assert errors_of(owner.post(address, values))
    assert owner.post(address, values | {"platform": "twitch"}).status_code == 302
    assert Channel.objects.count() == 2


def sign_in_row(**fields: str) -> dict[str, str]:
    return {"player_id_claim": "sub", "name_claim": "name", **fields}


def test_l2_a_sign_in_keeps_its_secrets_to_itself(owner: Client, organization: Organization) -> None:
    game = organization.games.get()
    address = url("campaigns.game", "change", game.pk)
    row = sign_in_row(method="link_token", token_secret="s" * 40)
    answer = owner.post(address, rows("sign_ins", form_of(owner, address, "game_form"), row))
    assert answer.status_code == 302, errors_of(answer)
    text = owner.get(address).content.decode()
    assert "s" * 40 not in text + str(list(AuditEntry.objects.values("before", "after")))
    values = form_of(owner, address, "game_form") | {"sign_ins-0-token_secret": "t" * 40}
    assert owner.post(address, values).status_code == 302
    method = GameSignIn.objects.get()
    assert (method.token_secret, method.previous_token_secret) == ("t" * 40, "s" * 40)


def test_l2_what_is_wrong_with_a_row_as_a_whole_is_told_at_the_row(owner: Client, organization: Organization) -> None:
    game = organization.games.get()
    address = url("campaigns.game", "change", game.pk)
    row = sign_in_row(method="portal")
    twice = owner.post(address, rows("sign_ins", form_of(owner, address, "game_form"), row, row)).content.decode()
    assert "Please correct the duplicate data for method" in twice, "of the list"
    _first, second = twice.split('name="sign_ins-1-id"')[0].split("Player sign-in: #")[1:3]
    assert "Please correct the duplicate values below." in second
    assert twice.count('tabindex="-1" autofocus') == 1, "no field is wrong: what is told takes the focus"
    GameSignIn.objects.create(game=game, method="portal")
    again = owner.post(address, rows("sign_ins", form_of(owner, address, "game_form"), row)).content.decode()
    assert "Player sign-in with this Game and Method already exists." in again


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (sign_in_row(method="link_token", token_secret="short"), "at least 32 characters"),
        (sign_in_row(method="oidc"), "OpenID Connect needs this"),
        (sign_in_row(method="oidc", client_id="a", issuer="http://10.0.0.1"), "http"),
    ],
)
def test_l2_an_incomplete_sign_in_is_refused(
    owner: Client, organization: Organization, row: dict[str, str], said: str
) -> None:
    address = url("campaigns.game", "change", organization.games.get().pk)
    shown = errors_of(owner.post(address, rows("sign_ins", form_of(owner, address, "game_form"), row)))
    assert any(said in error for error in shown), shown


@pytest.mark.parametrize(("model", "about"), [("campaigns.reward", "reward"), ("campaigns.game", "category")])
def test_each_platform_says_itself_where_its_ids_are_found(owner: Client, model: str, about: str) -> None:
    shown = owner.get(url(model, "add")).content.decode()
    hints = platforms.id_hints(about)
    assert {platform.name for platform in platforms.with_sign_in()} == {name for name, _hint in hints}
    assert all(escape(f"{name}: {hint}") in shown for name, hint in hints)


def test_s1_only_owners_see_how_players_sign_in(organization: Organization) -> None:
    game = organization.games.get()
    GameSignIn.objects.create(game=game, method="link_token", token_secret="s" * 40)
    for role in (Role.PRODUCER, Role.SUPPORT, Role.ANALYST):
        text = sign_in(make_staff(organization, role)).get(url("campaigns.game", "change", game.pk)).content.decode()
        assert "s" * 40 not in text
        assert "sign_ins-TOTAL_FORMS" not in text
    assert Game.objects.get().sign_ins.count() == 1


def test_c1_what_cannot_be_a_categorys_id_is_refused_with_what_is_expected(
    owner: Client, organization: Organization
) -> None:
    game = organization.games.get()
    address = url("campaigns.game", "change", game.pk)
    values = rows(
        "categories", form_of(owner, address, "game_form"), {"platform": "kick", "platform_category_id": "abc"}
    )
    assert any("It has digits only, for example 4077" in error for error in errors_of(owner.post(address, values)))
    assert owner.post(address, {**values, "categories-0-platform_category_id": "4077"}).status_code == 302


def test_a_new_game_is_not_asked_when_it_was_taken_over(owner: Client, organization: Organization) -> None:
    asked = form_of(owner, url("campaigns.game", "add"), "game_form")
    assert not any(name.startswith("taken_over_at") for name in asked)
    stored = form_of(owner, url("campaigns.game", "change", organization.games.get().pk), "game_form")
    assert any(name.startswith("taken_over_at") for name in stored)
