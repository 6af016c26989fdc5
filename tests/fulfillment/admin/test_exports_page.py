"""Exports: what is in them by filter, masked by role and choice, kept in the trail, read by an index, at constant memory."""

from __future__ import annotations

import csv
import itertools
import json
import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from campaigns.models import EarnedReward, MinuteKind, Participation, WatchedTotal, Watcher
from campaigns.watch.arrays import no_totals, pack, shard_of, slot_of
from fulfillment.exports import KINDS, Asked
from fulfillment.exports.claims import chosen_claims
from fulfillment.models import Claim
from fulfillment.rules.codes import Code
from fulfillment.rules.states import State
from portal.exports import keyset_pages
from portal.ids import first_ulid_at
from portal.models import AuditEntry
from portal.roles import Role, mask
from tests.admin_pages import sign_in
from tests.factories import NOW, make_campaign, make_game, make_link
from tests.fulfillment.admin.story import Studio

pytestmark = pytest.mark.django_db
PAGE = "admin:exports"


def _take(client: Any, kind: str, **fields: str) -> Any:
    values = {"kind": kind, "format": "json", "zone": "UTC", **fields}
    return client.post(reverse(PAGE), values)


def _rows(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200
    assert answer.streaming, answer.content.decode()
    rows: list[dict[str, Any]] = json.loads(answer.getvalue())["rows"]
    return rows


def test_claims_are_exported_newest_first_by_every_filter(studio: Studio, elsewhere: Studio) -> None:
    elsewhere.claim()
    other = make_campaign(studio.game, rewards=[studio.reward], name="Other")
    times = [NOW + timedelta(days=3 * number) for number in range(4)]
    claims = [
        studio.claim(state, pk=first_ulid_at(times[number]), received_at=times[number], **fields)
        for number, (state, fields) in enumerate(
            ((State.FAILED, {}), (State.WAITING, {}), (State.QUARANTINED, {}), (State.WAITING, {"campaign": other}))
        )
    ]
    client = sign_in(studio.members[Role.OWNER])

    def found(**fields: str) -> list[int]:
        ids = [claim.pk for claim in claims]
        return [ids.index(row["claim_id"]) for row in _rows(_take(client, "claims", **fields))]

    assert found() == [3, 2, 1, 0]
    assert found(state="waiting") == [3, 1]
    assert found(campaign=other.pk) == [3]
    assert found(campaign=other.pk, state="failed") == []
    assert found(game=studio.game.pk) == [3, 1, 0]
    since = f"{NOW + timedelta(days=2):%Y-%m-%dT%H:%M}"
    until = f"{NOW + timedelta(days=7):%Y-%m-%dT%H:%M}"
    assert found(since=since, until=until) == [2, 1]
    assert found(since=since, state="waiting") == [3, 1]


def test_s1_personal_data_only_for_whom_may_take_it_and_asked_for_it(studio: Studio) -> None:
    viewer = studio.viewer(platform_user_id="4242424242", name="VisibleName", login="visible_login")
    player = studio.player(player_id="hero-secret", name="VisibleHero")
    make_link(studio.game, viewer=viewer, player=player)
    studio.claim(
        State.DELIVERED, viewer=viewer, player=player, platform_claim_id="claim-secret", detail="VisibleDetail"
    )
    secrets = (
        "4242424242",
        "VisibleName",
        "visible_login",
        "hero-secret",
        "VisibleHero",
        "claim-secret",
        "VisibleDetail",
    )
    for role in Role:
        client = sign_in(studio.members[role])
        for kind in KINDS:
            for ticked in ({}, {"personal": "on"}):
                text = _take(client, kind, **ticked).getvalue().decode()
                told = [secret for secret in secrets if secret in text]
                may_see = bool(ticked) and role in (Role.OWNER, Role.PRODUCER) and kind in ("claims", "links")
                assert bool(told) == may_see, (role, kind, ticked, told)
    [row] = _rows(_take(sign_in(studio.members[Role.ANALYST]), "claims"))
    assert (row["platform_user_id"], row["viewer_id"]) == (mask("4242424242"), viewer.pk)
    page = sign_in(studio.members[Role.SUPPORT]).get(reverse(PAGE)).content.decode()
    assert "With personal data" not in page


def test_s5_each_export_is_kept_with_who_what_and_whether_personal(studio: Studio) -> None:
    client = sign_in(studio.members[Role.OWNER])
    _take(client, "claims", state="waiting", zone="Europe/Berlin", since="2026-01-01T00:00", personal="on")
    entry = AuditEntry.objects.get(action="exported claims")
    assert (entry.actor, entry.organization) == (studio.members[Role.OWNER], studio.organization)
    assert entry.after == {
        "format": "json",
        "zone": "Europe/Berlin",
        "personal data": "with",
        "state": "waiting",
        "since": "2025-12-31T23:00:00+00:00",
    }


def test_a_csv_states_the_zone_and_computes_nothing(studio: Studio) -> None:
    claim = studio.claim(State.WAITING, viewer=studio.viewer(name="x"), platform_user_name="=SUM(A1)")
    Claim.objects.filter(pk=claim.pk).update(granted_at=datetime(2026, 7, 1, 12, tzinfo=UTC))
    answer = _take(sign_in(studio.members[Role.OWNER]), "claims", format="csv", zone="Europe/Berlin", personal="on")
    [row] = csv.DictReader(StringIO(answer.getvalue().decode().removeprefix("\ufeff")))
    assert (row["granted_at"], row["time_zone"]) == ("2026-07-01T14:00:00+02:00", "Europe/Berlin")
    assert row["platform_user_name"] == "'=SUM(A1)"
    assert f"{studio.organization.slug}" in answer["Content-Disposition"] or "claims-" in answer["Content-Disposition"]


def test_links_progress_and_overview_tell_what_they_promise(studio: Studio) -> None:
    viewer = studio.viewer(platform_user_id="31337")
    link = make_link(studio.game, viewer=viewer, player=studio.player())
    ended = make_link(studio.game, ended_at=NOW + timedelta(days=1), end_reason="staff")
    watcher = Watcher.objects.create(viewer=viewer)
    Participation.objects.create(watcher=watcher, campaign=studio.campaign)
    EarnedReward.objects.create(viewer=viewer, campaign_reward=studio.offer, earned_at=NOW)
    totals = no_totals()
    totals[slot_of(watcher.number)] = 61
    WatchedTotal.objects.create(
        campaign=studio.campaign, kind=MinuteKind.WATCH, shard=shard_of(watcher.number), minutes=pack(totals)
    )
    client = sign_in(studio.members[Role.OWNER])
    assert {row["link_id"]: row["state"] for row in _rows(_take(client, "links"))} == {
        link.pk: "active",
        ended.pk: "ended",
    }
    assert [row["link_id"] for row in _rows(_take(client, "links", state="ended"))] == [ended.pk]
    [progress] = _rows(_take(client, "progress", personal="on"))
    assert (progress["platform_user_id"], progress["watched_minutes"], progress["streamed_minutes"]) == ("31337", 61, 0)
    assert (progress["rewards_earned"], progress["campaign_id"]) == (1, studio.campaign.pk)
    [overview] = _rows(_take(client, "overview"))
    assert (overview["campaign"], overview["claims"], overview["phase"]) == (studio.campaign.name, 0, "live")
    for kind in KINDS.values():
        [first, *_rest] = _rows(_take(client, kind.key)) or [{}]
        assert list(first) in ([], [column.name for column in kind.columns])


def test_what_cannot_be_is_said_and_nothing_is_sent(studio: Studio) -> None:
    client = sign_in(studio.members[Role.OWNER])
    faults = (
        {"since": "2026-02-02T00:00", "until": "2026-02-01T00:00"},
        {"zone": "Nowhere/Else"},
        {"since": "2026-03-29T02:30", "zone": "Europe/Berlin"},
        {"since": "0001-01-01T00:00"},
        {"until": "9999-12-31T23:59", "zone": "America/Los_Angeles"},
        {"campaign": "01ARZ3NDEKTSV4RRFFQ69G5FAV"},
        {"format": "xls"},
    )
    for fields in faults:
        answer = _take(client, "claims", **fields)
        assert not answer.streaming
        assert "Nothing was sent" in answer.content.decode(), fields
    assert not AuditEntry.objects.filter(action__startswith="exported").exists()


def test_what_has_to_be_written_again_takes_the_focus(studio: Studio) -> None:
    client = sign_in(studio.members[Role.OWNER])
    assert "autofocus" not in client.get(reverse(PAGE)).content.decode(), "the page is read from its top"
    page = _take(client, "claims", since="2026-02-02T00:00", until="2026-02-01T00:00").content.decode()
    [focused] = re.findall(r"<(?:select|textarea|input)[^>]* autofocus[^>]*>", page)
    assert 'id="id_claims_until"' in focused
    assert 'action="#' not in page, "a browser that is sent to a place in the page goes there, and to no field"


def test_s1_nothing_of_another_organization_or_of_games_not_theirs(studio: Studio, elsewhere: Studio) -> None:
    elsewhere.claim()
    elsewhere.link()
    theirs = _take(sign_in(studio.members[Role.OWNER]), "claims", campaign=elsewhere.campaign.pk)
    assert not theirs.streaming
    studio.claim()
    studio.link()
    member = studio.members[Role.PRODUCER]
    membership = member.memberships.get()
    membership.all_games = False
    membership.save()
    make_game(studio.organization)
    for kind in KINDS:
        assert _rows(_take(sign_in(member), kind)) == []


def test_the_page_is_cheap_and_names_every_column(studio: Studio) -> None:
    client = sign_in(studio.members[Role.OWNER])
    with CaptureQueriesContext(connection) as queries:
        text = client.get(reverse(PAGE)).content.decode()
    assert len(queries) <= 20
    for kind in KINDS.values():
        for column in kind.columns:
            assert f"<code>{column.name}</code>" in text
            assert escape(str(column.meaning)) in text


@pytest.mark.sqlite
@pytest.mark.parametrize("by", list(itertools.product((False, True), repeat=4)))
def test_claims_are_read_along_an_index_whatever_they_are_chosen_by(studio: Studio, by: tuple[bool, ...]) -> None:
    campaign, game, state, times = by
    asked = Asked(
        organization=studio.organization,
        now=NOW,
        campaign=studio.campaign if campaign else None,
        game=studio.game if game else None,
        state=State.WAITING.value if state else "",
        since=NOW - timedelta(days=9) if times else None,
        until=NOW + timedelta(days=9) if times else None,
    )
    for _number in range(2):
        studio.claim(State.WAITING, Code.NOT_LINKED)
    with CaptureQueriesContext(connection) as queries:
        list(keyset_pages(chosen_claims(asked), newest_first=True, size=1))
    for query in queries:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            plan = [row[3] for row in cursor.fetchall()]
        assert not any("TEMP B-TREE" in step for step in plan), plan
        assert not [step for step in plan if step.startswith("SCAN") and "USING INDEX" not in step], plan
