"""What docs/events.md shows is what the code sends, and its example is run as it stands there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from fulfillment import events
from fulfillment.events.subscriptions import sample_event_body, send_sample_event
from fulfillment.rules.events import EVENT_TYPES
from tests.factories import NOW, make_game, make_staff
from tests.fulfillment.deliveries import no_jitter, send_all
from tests.fulfillment.guide_example import Example, running_example
from tests.fulfillment.subscribers import Audience, lease

pytestmark = pytest.mark.django_db
TEXT = (Path(__file__).resolve().parents[3] / "docs" / "events.md").read_text()


def shape(value: Any) -> Any:
    """Return the keys of a message, in their order, and the kinds of its values."""
    if isinstance(value, dict):
        return [(key, shape(part)) for key, part in value.items()]
    return type(value).__name__ if value is not None else "str"  # what may be null is text otherwise


def test_the_guide_shows_a_message_of_every_event_as_the_code_makes_it(audience: Audience) -> None:
    make_game(audience.organization)
    shown = {(found := json.loads(text))["type"]: found for text in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)}
    assert sorted(shown) == sorted(EVENT_TYPES)
    for kind, message in shown.items():
        made = json.loads(sample_event_body(subscription=audience.subscription, type=kind, now=NOW))
        del made["test"]
        assert shape(message) == shape(made), kind
        assert f"| `{kind}` |" in TEXT


@pytest.fixture
def example(tmp_path: Path) -> Iterator[Example]:
    with running_example(TEXT, tmp_path) as started:
        yield started


def test_the_guides_example_verifies_and_handles_each_event_once(example: Example) -> None:
    port, process = example
    now = timezone.now()
    audience = Audience(f"http://127.0.0.1:{port}/")
    staff = make_staff(audience.organization)
    sample = send_sample_event(subscription=audience.subscription, type="link.ended", actor=staff, now=now)
    assert sample.status == 204
    audience.due(now=now)
    leased = lease(now)
    for _ in range(2):  # the same again, as after a crash
        [result] = send_all(leased, now=now)
        assert result.status == 204
    events.record_outcomes([result], now=now, random=no_jitter)
    process.kill()
    assert process.stdout
    assert process.stdout.read().splitlines() == ["claim.created 2026-11-20T12:00:00Z"]


def test_the_guides_example_refuses_a_wrong_secret(example: Example) -> None:
    port, _process = example
    audience = Audience(f"http://127.0.0.1:{port}/", secret="whsec_d3JvbmcgYnV0IGxvbmcgZW5vdWdoIHNlY3JldA==")
    audience.due(now=timezone.now())
    [result] = send_all(lease(timezone.now()), now=timezone.now())
    assert result.status == 401
