"""The platforms as data: what other parts read of them holds together."""

from __future__ import annotations

from importlib import import_module
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ValidationError

from portal import platforms
from tests.portal.platforms import contract


def test_the_registry_finds_platforms_by_key() -> None:
    assert platforms.keys()[:2] == ("twitch", "kick") and platforms.keys()[-1] == "portal"
    assert platforms.get("kick").name == "Kick"
    assert platforms.is_known("twitch")
    assert not platforms.is_known("youtube")
    with pytest.raises(KeyError):
        platforms.get("youtube")


def test_a_stored_platform_must_be_one_of_the_registry() -> None:
    platforms.validate_platform("portal")
    for value in ("Twitch", "", "youtube"):
        with pytest.raises(ValidationError, match=", ".join(platforms.keys())):
            platforms.validate_platform(value)


@pytest.mark.parametrize("platform", platforms.registry.values(), ids=lambda platform: platform.key)
def test_every_platform_is_described_without_contradiction(platform: platforms.Platform) -> None:
    assert platforms.registry[platform.key] is platform
    addresses = [platform.web_url, platform.id_url, platform.api_url, *platform.sign_in_origins]
    for address in filter(None, addresses):
        parts = urlsplit(address)
        assert (parts.scheme, parts.path) == ("https", "")
    assert platform.has_sign_in == bool(platform.sign_in_origins)
    assert not platform.has_sign_in or platform.id_url in platform.sign_in_origins


@pytest.mark.parametrize("platform", platforms.registry.values(), ids=lambda platform: platform.key)
def test_the_example_of_an_id_looks_as_the_platform_says(platform: platforms.Platform) -> None:
    for shape in platform.id_shapes.values():
        assert shape.fits(str(shape.words).rsplit(" ", 1)[1])


def test_what_does_not_look_like_an_id_is_told_with_what_is_expected() -> None:
    assert platforms.unlike_id("kick", "campaign", "01JAXK8N4QWRTY5PM7ZEBVJDS8") is None
    assert platforms.unlike_id("twitch", "reward", "74c52265-e214-48a6-91b9-23b6014e8041") is None
    found = str(platforms.unlike_id("kick", "campaign", "Moonrise opening"))
    assert found.startswith("“Moonrise opening” does not look like an id of Kick. It has 26 letters and digits")
    assert platforms.unlike_id("kick", "campaign", "") is None, "what is missing is told elsewhere"
    assert platforms.unlike_id("portal", "campaign", "anything") is None
    assert "digits only" in str(platforms.unlike_id("twitch", "category", "Starfall"))


def test_i2_the_studios_own_player_has_nothing_to_sign_in_to() -> None:
    assert set(platforms.keys()) - {platform.key for platform in platforms.with_sign_in()} == {"portal"}
    assert not platforms.get("portal").sends_claims


def test_s3_the_origins_for_forms_come_from_the_registry() -> None:
    origins = platforms.form_origins()
    assert origins == sorted(set(origins))
    assert {"https://id.kick.com", "https://kick.com", "https://id.twitch.tv", "https://www.twitch.tv"} <= set(origins)


CALLED = [platform.key for platform in platforms.registry.values() if contract.parts_of(platform)]


@pytest.mark.parametrize("key", CALLED)
def test_every_part_that_a_platform_offers_is_held_to_its_contract(key: str) -> None:
    module = import_module(f"tests.portal.platforms.test_{key}_parts")
    held = {one.part for one in vars(module).values() if isinstance(one, type) and issubclass(one, contract.Contract)}
    assert held == contract.parts_of(platforms.get(key))
