"""Pages keep themselves up to date by one part that is asked for anew, and hold no script or style of their own."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from campaigns.models import EarnedReward
from tests.factories import NOW
from tests.fulfillment.claimants import World
from tests.fulfillment.progress_pages.visiting import INVENTORY, page_of

pytestmark = pytest.mark.django_db


def test_the_live_part_is_304_until_something_changes(world: World, viewer_client: Client) -> None:
    world.watch(10)
    for path in (INVENTORY, page_of(world.campaign)):
        page = viewer_client.get(path).content.decode()
        address = re.search(r'data-live-from="([^"]+)"', page)
        assert address is not None
        first = viewer_client.get(address[1])
        assert first.content.decode().strip() in page
        assert "<form" not in first.content.decode()
        tag = {"If-None-Match": first["ETag"]}
        assert viewer_client.get(address[1], headers=tag).status_code == 304
        EarnedReward.objects.create(viewer=world.viewer, campaign_reward=world.bronze, earned_at=NOW)
        assert viewer_client.get(address[1], headers=tag).status_code == 200
        EarnedReward.objects.all().delete()


def test_a_page_without_a_live_part_loads_no_script(world: World, viewer_client: Client) -> None:
    assert "live.js" in viewer_client.get(INVENTORY).content.decode()
    assert "<script" not in viewer_client.get("/inventory/history/").content.decode()


def test_who_is_signed_out_gets_no_live_part() -> None:
    assert Client().get(f"{INVENTORY}?live=1").status_code == 302


def test_pages_hold_no_inline_script_or_style_and_the_strict_policy(world: World, viewer_client: Client) -> None:
    world.watch(30)
    for path in (INVENTORY, page_of(world.campaign), "/inventory/history/"):
        page = viewer_client.get(path)
        assert "unsafe" not in page["Content-Security-Policy"]
        assert "style=" not in page.content.decode()
        assert re.findall(r"<script(?![^>]*\bsrc=)", page.content.decode()) == []
        assert "no-store" in page["Cache-Control"]
