"""The parts that viewer pages are built from: what they say without colour, without scripts and without styles inline."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory
from django.utils import timezone

TEMPLATES = Path(settings.TEMPLATES[0]["DIRS"][0])
VIEWER_TEMPLATES = sorted(
    path
    for path in TEMPLATES.rglob("*.html")
    if not {"admin", "sandbox", "django", "unfold", "mail"} & set(path.relative_to(TEMPLATES).parts)
)
ERROR_PAGES = ["400.html", "403.html", "403_csrf.html", "404.html", "413.html", "429.html", "500.html"]


def _part(name: str, context: dict[str, Any]) -> str:
    return render_to_string(f"components/{name}.html", context, request=RequestFactory().get("/"))


def _words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize("path", VIEWER_TEMPLATES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_s3_a_viewer_template_has_no_inline_style_or_script_and_no_address_of_others(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(
        r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*(src=|type=\"application/json\"))", text
    )
    assert not re.search(r"(src|href)=\"(https?:)?//", text)


@pytest.mark.parametrize("path", VIEWER_TEMPLATES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_every_viewer_template_can_be_parsed(path: Path) -> None:
    get_template(str(path.relative_to(TEMPLATES)))


@pytest.mark.parametrize("name", ERROR_PAGES)
def test_an_error_page_needs_neither_database_nor_request_and_says_what_to_do_next(name: str) -> None:
    html = get_template(name).render({})
    assert html.lstrip().startswith("<!DOCTYPE html>")
    assert html.count("<h1>") == 1
    assert len(_words(html.split("<main", 1)[1])) > 120
    assert 'href="/"' in html


def test_l1_steps_say_in_words_which_is_done_next_and_later() -> None:
    steps = [
        {"title": "Sign in", "state": "done"},
        {
            "title": "Connect Kick",
            "state": "next",
            "action_label": "Connect",
            "action_url": "/go",
            "action_method": "post",
            "hidden": {"platform": "kick"},
        },
        {"title": "Watch", "state": "later"},
    ]
    html = _part("steps", {"steps": steps})
    words = _words(html)
    assert re.search(r"Sign in Done .*Connect Kick Next step .*Watch Later", words)
    assert html.count('aria-current="step"') == 1
    assert '<input type="hidden" name="platform" value="kick">' in html
    assert "csrfmiddlewaretoken" in html


def test_a_blocked_step_says_so_and_offers_the_way_out() -> None:
    step = {
        "title": "Connect Kick",
        "state": "blocked",
        "text": "Taken.",
        "action_label": "Use another",
        "action_url": "/x",
    }
    words = _words(_part("steps", {"steps": [step]}))
    assert "Needs attention" in words
    assert "Use another" in words


def test_f5_a_button_that_cannot_be_pressed_gives_the_reason_and_the_next_step() -> None:
    html = _part(
        "action", {"action": {"label": "Claim", "url": "/claim", "disabled_reason": "Link your game account first."}}
    )
    assert "disabled>" in html
    assert "Link your game account first." in html
    assert "/claim" not in html


def test_equal_labels_are_told_apart_for_those_who_do_not_see_the_page() -> None:
    html = _part("action", {"action": {"label": "Unlink", "hint": "Kick account ayla", "url": "/u", "method": "post"}})
    assert _words(html) == "Unlink Kick account ayla"


@pytest.mark.parametrize("kind", ["ok", "progress", "waiting", "attention", "neutral"])
def test_a_status_is_told_by_words_and_icon_not_by_colour(kind: str) -> None:
    html = _part("status", {"kind": kind, "label": "Delivered"})
    assert _words(html) == "Delivered"
    assert '<svg class="icon' in html


def test_l4_both_identities_are_shown_with_platform_name_and_id() -> None:
    left = {"name": "Ayla", "id": "01HZX", "platform_name": "Starfall", "role": "Your game account", "is_game": True}
    right = {"name": "ayla_k", "id": "18446744073709551615", "platform_name": "Kick", "role": "Your Kick account"}
    words = _words(_part("identity_pair", {"left": left, "right": right}))
    for said in ("Ayla", "01HZX", "Starfall", "will be linked to", "ayla_k", "18446744073709551615", "Kick"):
        assert said in words


def test_names_that_viewers_chose_cannot_become_markup() -> None:
    bad = "<script>alert(1)</script>"
    account = {"name": bad, "id": bad, "platform_name": bad, "state_label": bad, "note": bad}
    reward = {"name": bad, "source": bad, "status_label": bad, "next_text": bad}
    html = _part("account_card", {"account": account}) + _part("reward_card", {"reward": reward})
    assert "<script>" not in html


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Berlin", "18 Nov 2026, 16:30 CET · 15:30 UTC"),
        ("America/New_York", "18 Nov 2026, 10:30 EST · 15:30 UTC"),
        ("Asia/Tokyo", "19 Nov 2026, 00:30 JST · 18 Nov, 15:30 UTC"),
        ("UTC", "18 Nov 2026, 15:30 UTC"),
        (None, "18 Nov 2026, 15:30 UTC"),
    ],
)
def test_c2_a_time_is_shown_in_its_zone_and_in_utc(zone: str | None, expected: str) -> None:
    html = _part("when", {"when": datetime(2026, 11, 18, 15, 30, tzinfo=UTC), "zone": zone})
    assert 'datetime="2026-11-18T15:30:00Z"' in html
    assert _words(html) == expected


def test_c2_without_a_named_zone_the_active_one_is_used() -> None:
    with timezone.override("Europe/Berlin"):
        html = _part("when", {"when": datetime(2026, 11, 18, 15, 30, tzinfo=UTC)})
    assert _words(html) == "18 Nov 2026, 16:30 CET · 15:30 UTC"


def test_text_in_place_of_a_time_is_shown_as_it_is() -> None:
    assert _part("when", {"when": "any time"}).strip() == "any time"


class _Form(forms.Form):
    name = forms.CharField(help_text="As in the game.")
    email = forms.EmailField(required=False)
    world = forms.ChoiceField(choices=[("a", "Auriga")], widget=forms.RadioSelect)


def test_form_errors_are_listed_at_the_top_and_tied_to_their_fields() -> None:
    html = _part("fields", {"form": _Form({"email": "nope"})})
    assert 'role="alert"' in html
    for field in ("name", "email"):
        assert f'<a href="#id_{field}">' in html
        described = re.search(rf'<input[^>]*name="{field}"[^>]*aria-describedby="([^"]+)"', html)
        assert described
        for target in described.group(1).split():
            assert f'id="{target}"' in html
    assert '<a href="#id_world">' in html
    assert 'id="id_world"' in html
    assert "(optional)" in html


def test_a_form_without_errors_shows_no_summary() -> None:
    assert 'role="alert"' not in _part("fields", {"form": _Form()})


def test_the_home_page_says_what_to_do_when_there_is_no_game() -> None:
    html = render_to_string("portal/home.html", {"games": []}, request=_anonymous())
    assert "No game is open yet" in html
    assert "never asks for your password at a streaming platform" in html


def test_the_home_page_lists_games_as_links() -> None:
    games = [
        {"name": "Starfall", "organization_name": "Northlight", "url": "/connect/northlight/starfall", "logo_url": ""}
    ]
    html = render_to_string("portal/home.html", {"games": games}, request=_anonymous())
    assert 'href="/connect/northlight/starfall"' in html
    assert "Northlight" in html


@pytest.mark.parametrize("page", ["login_cancelled", "authentication_error"])
def test_after_a_refused_or_failed_connection_the_page_says_that_nothing_changed_and_how_to_go_on(page: str) -> None:
    context = {"platform_name": "Kick", "back_url": "/connect/northlight/starfall"}
    html = render_to_string(f"socialaccount/{page}.html", context, request=_anonymous())
    assert "Nothing was changed" in html
    assert "Kick" in _words(html)
    assert 'href="/connect/northlight/starfall"' in html


def _anonymous() -> Any:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    return request
