"""What docs/heartbeats.md says is so: its example is run as it stands there, and its answers are the endpoint's (P4)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from campaigns.heartbeats.sources import forget_sources
from campaigns.models import Heartbeat, HeartbeatSource
from tests.factories import NOW, make_game
from tests.watching import body_of, make_source

GUIDE = (Path(__file__).resolve().parent.parent.parent / "docs" / "heartbeats.md").read_text()


@pytest.fixture
def example(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names of the guide's example, with a source at its address."""
    forget_sources()
    make_source(make_game(name="Starfall"), "player", token="guide")
    monkeypatch.setenv("DROPS_HEARTBEATS", f"{live_server.url}/webhooks/heartbeats/guide")
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "heartbeats.md", "exec"), names)
    return names


@pytest.mark.django_db(transaction=True)
def test_the_guides_example_reports_and_keeps_what_is_not_taken(example: dict[str, Any]) -> None:
    example["report"]({"p-1": ["a", "b"], "p-2": []}, "Starfall")
    assert example["waiting"] == []
    assert sorted(Heartbeat.objects.values_list("broadcaster", "listed")) == [("p-1", 2), ("p-2", 0)]
    HeartbeatSource.objects.update(enabled=False)
    forget_sources()
    example["report"]({"p-1": ["a"]}, "Starfall")
    assert [(one["broadcaster"], one["retries"]) for one in example["waiting"]] == [("p-1", 1)]
    HeartbeatSource.objects.update(enabled=True)
    forget_sources()
    example["report"]({"p-1": ["a"]}, "Starfall")
    assert example["waiting"] == []
    assert Heartbeat.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_the_guides_example_goes_on_after_one_that_is_refused(
    example: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    example["report"]({"": ["a"], "p-2": []}, "Starfall")
    assert example["waiting"] == []
    assert "refused: broadcaster is missing" in capsys.readouterr().out
    assert Heartbeat.objects.get().broadcaster == "p-2"


@pytest.mark.django_db
def test_only_what_the_guide_does_not_call_optional_is_needed() -> None:
    source = make_source(make_game(name="Starfall"), "player", token="needed")
    rows = re.findall(r"^\| `(\w+)` \| (optional)?", GUIDE, re.MULTILINE)
    for number, (name, optional) in enumerate(rows):
        body = body_of(source, viewers=["a"], minute=NOW, id=f"without-{number}")
        del body[name]
        answer = Client().post("/webhooks/heartbeats/needed", json.dumps(body), content_type="application/json")
        assert answer.status_code == (204 if optional else 400), name
    assert len(rows) == 8
