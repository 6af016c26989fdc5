"""Retention (F8): each kind of data ends at its period and not before, in batches that may stop at any moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.idp.oidc.models import Token
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone
from django_q.models import Failure, Success

from campaigns.models import (
    CampaignFile,
    ChannelImport,
    ClonedSeries,
    GameEvent,
    GameRecording,
    GameSession,
    GatewayTally,
    Heartbeat,
    HeartbeatSource,
    HeartbeatTally,
    RecordedMessage,
    RegisteredIdentifier,
)
from fulfillment import tasks
from fulfillment.models import (
    Alert,
    AlertChannel,
    AlertMessage,
    ApiUse,
    ArrivalCount,
    BulkOperation,
    Claim,
    CodeImport,
    CodePool,
    DeliveryAttempt,
    DeliveryTally,
    Event,
    EventAttempt,
    KeptMessage,
    Notice,
    PaceTally,
    ReportFile,
    WebhookTally,
)
from linking.models import UsedLinkToken
from portal import audit, retention
from portal.ids import first_ulid_at, new_ulid
from portal.models import ApiTally, AuditEntry, Invitation
from tests.factories import (
    make_api_client,
    make_campaign,
    make_claim,
    make_credential,
    make_event,
    make_game,
    make_game_session,
    make_organization,
    make_reward,
    make_subscription,
    make_user,
    make_viewer,
    number,
)
from tests.fulfillment.deliveries import World
from tests.game_events import make_event_reward
from tests.watching import beat, make_source

pytestmark = pytest.mark.django_db


def old_claim(at: datetime) -> Claim:
    key = first_ulid_at(at)[:10] + new_ulid()[10:]
    return make_claim(make_organization(), id=key, received_at=at, raw='{"user_id": 1}', resolve_at=None)


def attempt(at: datetime) -> DeliveryAttempt:
    [claim] = World("https://game.example.org/").ready()
    return DeliveryAttempt.objects.create(
        delivery_id=claim.pk, number=1, started_at=at, duration_ms=1, status=200, answer="said the game"
    )


def event(at: datetime) -> Event:
    row = make_event(make_subscription(make_organization()), at=at)
    delivery = row.deliveries.get()
    EventAttempt.objects.create(delivery=delivery, number=1, started_at=at, duration_ms=1, status=200)
    return row


def message(at: datetime) -> KeptMessage:
    credential = make_credential(make_organization())
    return KeptMessage.objects.create(credential=credential, received_at=at, message_id="m", problem="p", body=b"x")


def tally(at: datetime) -> WebhookTally:
    return WebhookTally.objects.create(credential=make_credential(make_organization()), hour=at, outcome="known")


def bulk(at: datetime) -> BulkOperation:
    return BulkOperation.objects.create(
        organization=make_organization(),
        action="retry",
        status=BulkOperation.Status.FINISHED,
        total=0,
        created_at=at,
        confirmed_at=at,
        finished_at=at,
    )


def job(model: type[Any]) -> Callable[[datetime], Any]:
    return lambda at: model.objects.create(
        id=new_ulid(), name="n", func="f", started=at, stopped=at, success=model is Success
    )


def heartbeat(at: datetime) -> Heartbeat:
    source = HeartbeatSource.objects.first() or make_source(make_game())
    beat(source, viewers=["1"], minute=at, received_at=at)
    row = Heartbeat.objects.latest("pk")
    Heartbeat.objects.filter(pk=row.pk).update(due_at=None)
    return row


def identifier(at: datetime) -> RegisteredIdentifier:
    organization = make_organization()
    return RegisteredIdentifier.objects.create(
        credential=make_credential(organization, "twitch"),
        viewer=make_viewer(organization, "twitch"),
        state="unwanted",
        wanted_at=at,
        checked_at=at,
    )


def trail(at: datetime) -> AuditEntry:
    organization = make_organization()
    return audit.record(actor=None, action="tried", obj=organization, organization=organization, now=at)


def invitation(at: datetime) -> Invitation:
    return Invitation.objects.create(
        organization=make_organization(),
        email="a@example.org",
        role="support",
        token_hash=f"t{number()}",
        made_at=at,
        expires_at=at,
    )


def code_import(at: datetime) -> CodeImport:
    game = make_game()
    pool = CodePool.objects.create(organization=game.organization, reward=make_reward(game, image=False), name="Keys")
    return CodeImport.objects.create(pool=pool, codes="A-1", actor=make_user(), created_at=at)


ROWS: dict[str, Callable[[datetime], Any]] = {
    "sessions": lambda at: Session.objects.create(session_key=f"s{number()}", session_data="", expire_date=at),
    "sign_ins": lambda at: UserSession.objects.create(
        user=make_user(), ip="127.0.0.1", last_seen_at=at, session_key=f"k{number()}", user_agent="a"
    ),
    "invitations": invitation,
    "done_jobs": job(Success),
    "failed_jobs": job(Failure),
    "audit_trail": trail,
    "api_tokens": lambda at: Token.objects.create(type="at", hash=f"h{number()}", expires_at=at),
    "api_uses": lambda at: ApiUse.objects.create(
        client=make_api_client(make_organization()), who="7", minute=int(at.timestamp()) // 60, calls=1
    ),
    "link_tokens": lambda at: UsedLinkToken.objects.create(game=make_game(), token_id="t", expires_at=at),
    "claim_messages": old_claim,
    "delivery_answers": attempt,
    "events": event,
    "kept_messages": message,
    "webhook_tallies": tally,
    "api_tallies": lambda at: ApiTally.objects.create(
        credential=make_credential(make_organization()), hour=at, outcome="ok"
    ),
    "delivery_tallies": lambda at: DeliveryTally.objects.create(game=make_game(), hour=at, outcome="delivered"),
    "arrival_counts": lambda at: ArrivalCount.objects.create(
        organization=make_organization(), platform="kick", source="webhook", hour=at
    ),
    "report_files": lambda at: ReportFile.objects.create(
        credential=make_credential(make_organization(), "twitch"),
        platform_game_id="1",
        started_on=at.date(),
        ended_on=at.date(),
        fetched_at=at,
    ),
    "bulk_actions": bulk,
    "heartbeats": heartbeat,
    "heartbeat_tallies": lambda at: HeartbeatTally.objects.create(
        source=make_source(make_game()), hour=at, outcome="accepted"
    ),
    "identifiers": identifier,
    "notices": lambda at: Notice.objects.create(user=make_user(), kind="linked", key="linked:1", created_at=at),
}


def alert(at: datetime, **fields: Any) -> Alert:
    values = {"rule": "silence", "opened_at": at, "seen_at": at, "closed_at": at}
    return Alert.objects.create(organization=make_organization(), **{**values, **fields})


def alert_message(at: datetime, about: str = "opened", **fields: Any) -> AlertMessage:
    row = alert(at, **fields)
    channel = AlertChannel.objects.create(
        organization=row.organization, name="n", kind="email", address="a@example.org"
    )
    return AlertMessage.objects.create(alert=row, channel=channel, about=about, created_at=at, sent_at=at)


def channel_import(at: datetime) -> Any:
    campaign = make_campaign(make_game())
    return ChannelImport.objects.create(
        campaign=campaign, deed="add", state=ChannelImport.State.READY, line_count=1, created_at=at
    )


def game_session(at: datetime, **fields: Any) -> GameSession:
    return make_game_session(make_game(), ended_at=at, end_code="disconnected", **fields)


def recording(at: datetime) -> GameRecording:
    session = game_session(at)
    return GameRecording.objects.create(session=session, game=session.game, started_at=at)


def game_event(at: datetime, **fields: Any) -> GameEvent:
    reward = make_event_reward(make_campaign(make_game(), rewards=[]))
    key = first_ulid_at(at)[:10] + new_ulid()[10:]
    values = {"session": fields.get("session") or game_session(at), "number": 1, "at": at, **fields}
    return GameEvent.objects.create(id=key, campaign_reward=reward, **values)


def campaign_file(at: datetime) -> CampaignFile:
    game = make_game()
    return CampaignFile.objects.create(
        organization=game.organization, game=game, uploaded_by=make_user(), uploaded_at=at, text="{}"
    )


ROWS |= {
    "alerts": alert,
    "alert_messages": alert_message,
    "game_states": lambda at: game_session(at, state='{"a":1}', state_bytes=7),
    "game_recordings": recording,
    "game_events": game_event,
    "game_sessions": game_session,
    "campaign_files": campaign_file,
    "cloned_series": lambda at: ClonedSeries.objects.create(
        organization=make_organization(), key=new_ulid(), made_at=at, copies=2
    ),
    "channel_imports": channel_import,
    "code_imports": code_import,
    "pace_tallies": lambda at: PaceTally.objects.create(
        campaign=make_campaign(make_game()), hour=at, outcome="within:1", count=1
    ),
    "gateway_tallies": lambda at: GatewayTally.objects.create(hour=at, kind="messages:delta", count=1),
}
BLANKED = {"claim_messages": ("raw", "expired"), "delivery_answers": ("answer", ""), "game_states": ("state", "{}")}


def test_f8_every_kind_in_the_table_is_tried_here() -> None:
    assert set(ROWS) == set(retention.kinds)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_f8_a_row_ends_at_its_period_and_not_before(name: str) -> None:
    now = timezone.now()
    edge = now - timedelta(days=retention.periods()[name])
    over, kept = ROWS[name](edge - timedelta(minutes=1)), ROWS[name](edge + timedelta(minutes=1))
    assert retention.count(now=now)[name] == 1
    assert retention.apply(now=now, names=[name]).removed == {name: 1}
    rows = type(over)._default_manager
    if name in BLANKED:
        column, blank = BLANKED[name]
        assert getattr(rows.get(pk=over.pk), column) == blank
        assert getattr(rows.get(pk=kept.pk), column) == getattr(kept, column) != blank
    else:
        assert list(rows.filter(pk__in=[over.pk, kept.pk]).values_list("pk", flat=True)) == [kept.pk]
    assert retention.apply(now=now, names=[name]).removed == {name: 0}


def test_f8_a_sign_in_is_kept_as_long_as_its_session(settings: Any) -> None:
    now = timezone.now()
    old = ROWS["sign_ins"](now - timedelta(days=400))
    Session.objects.create(session_key=old.session_key, session_data="", expire_date=now + timedelta(days=1))
    assert retention.count(now=now)["sign_ins"] == 0


def test_w9_old_heartbeats_are_found_by_halving_and_one_that_waits_to_be_counted_stays(
    django_assert_max_num_queries: Any,
) -> None:
    now = timezone.now()
    over = [heartbeat(now - timedelta(days=100) + timedelta(hours=hour)) for hour in range(30)]
    Heartbeat.objects.filter(pk__in=[over[7].pk, over[8].pk]).delete()
    waiting = heartbeat(now - timedelta(days=95))
    Heartbeat.objects.filter(pk=waiting.pk).update(due_at=now)
    kept = [heartbeat(now - timedelta(days=89) + timedelta(hours=hour)) for hour in range(30)]
    with django_assert_max_num_queries(10):
        assert retention.expired_rows(retention.kinds["heartbeats"], now=now).count() == 28
    assert retention.apply(now=now, names=["heartbeats"], batch=5).removed == {"heartbeats": 28}
    assert set(Heartbeat.objects.all()) == {waiting, *kept}


@pytest.mark.parametrize("fields", [{"state": "wanted"}, {"due_at": timezone.now()}, {"state": "lapsed"}])
def test_l10_only_registrations_that_were_removed_go(fields: dict[str, Any]) -> None:
    now = timezone.now()
    row = identifier(now - timedelta(days=400))
    RegisteredIdentifier.objects.filter(pk=row.pk).update(**fields)
    assert retention.count(now=now)["identifiers"] == 0


def test_f8_that_an_alert_was_told_is_known_while_it_lasts() -> None:
    now = timezone.now()
    long_ago = now - timedelta(days=500)
    for about in ("opened", "still"):
        alert_message(long_ago, about, closed_at=None)
    assert retention.count(now=now)["alerts"] == 0
    retention.apply(now=now, names=["alerts", "alert_messages"])
    assert AlertMessage.objects.get().about == "opened"


def test_f8_a_game_session_is_kept_as_long_as_its_events_and_its_recording() -> None:
    now = timezone.now()
    happened, recorded = game_event(now - timedelta(days=399)), recording(now - timedelta(days=89))
    GameSession.objects.filter(pk=recorded.session_id).update(ended_at=now - timedelta(days=399))
    bare = game_session(now - timedelta(days=91))
    RecordedMessage.objects.create(recording=recorded, number=1, at=now, kind="connect", data="{}")
    assert retention.apply(now=now).removed["game_sessions"] == 1
    assert not GameSession.objects.filter(pk=bare.pk).exists()
    removed = retention.apply(now=now + timedelta(days=2)).removed
    assert (removed["game_events"], removed["game_recordings"], removed["game_sessions"]) == (1, 1, 2)
    assert not GameEvent.objects.filter(pk=happened.pk).exists() and not RecordedMessage.objects.exists()


def test_f8_of_a_session_that_is_open_nothing_goes() -> None:
    now = timezone.now()
    long_ago = now - timedelta(days=500)
    session = make_game_session(make_game(), started_at=long_ago, last_message_at=long_ago, state='{"a":1}')
    game_event(long_ago, session=session)
    GameRecording.objects.create(session=session, game=session.game, started_at=long_ago)
    waiting = game_event(long_ago, due_at=now)
    counted = retention.count(now=now)
    assert [counted[name] for name in ("game_states", "game_recordings", "game_events", "game_sessions")] == [
        0,
        0,
        0,
        0,
    ]
    assert GameEvent.objects.filter(pk=waiting.pk).exists(), "nor what is still to be settled"


def test_f8_an_operator_changes_a_period(settings: Any) -> None:
    now = timezone.now()
    message(now - timedelta(days=31))
    assert retention.count(now=now)["kept_messages"] == 0
    settings.PORTAL_RETENTION = {"kept_messages": 30}
    assert retention.count(now=now)["kept_messages"] == 1


def test_f8_a_period_for_nothing_stops_the_start(settings: Any) -> None:
    settings.PORTAL_RETENTION = {"kept_mesages": 30}
    [error] = retention.retention_names_are_known(None)
    assert "kept_mesages" in error.msg
    assert "kept_messages" in str(error.hint)


def test_f8_many_rows_go_in_batches_and_a_run_out_of_time_is_gone_on_with() -> None:
    now = timezone.now()
    for _ in range(5):
        message(now - timedelta(days=91))
    assert retention.apply(now=now, seconds=0).finished is False
    assert KeptMessage.objects.count() == 5
    assert retention.apply(now=now, batch=2) == retention.Applied(
        {name: 5 * (name == "kept_messages") for name in retention.kinds}, finished=True
    )
    assert not KeptMessage.objects.exists()


def test_f8_the_daily_job_says_what_it_removed() -> None:
    message(timezone.now() - timedelta(days=91))
    assert tasks.apply_retention() == "kept_messages: 1"
    assert tasks.apply_retention() == "nothing was over"


def test_f8_a_dry_run_only_counts() -> None:
    message(timezone.now() - timedelta(days=91))
    out = StringIO()
    call_command("apply_retention", "--dry-run", stdout=out)
    assert "kept_messages (kept 90 days): 1 are over" in out.getvalue()
    assert KeptMessage.objects.count() == 1
    call_command("apply_retention", stdout=(out := StringIO()))
    assert "kept_messages (kept 90 days): 1 removed" in out.getvalue()
    assert not KeptMessage.objects.exists()


def test_f8_the_operators_guide_has_the_table() -> None:
    text = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
    assert [name for name, kind in retention.kinds.items() if f"| `{name}` | {kind.days} |" not in text] == []


def test_f8_the_environment_says_periods_as_names_and_days(monkeypatch: pytest.MonkeyPatch) -> None:
    from portal.env import Env

    monkeypatch.setenv("PORTAL_RETENTION", "kept_messages=30, audit_trail=3650")
    assert Env().retention == {"kept_messages": 30, "audit_trail": 3650}
    monkeypatch.setenv("PORTAL_RETENTION", "kept_messages: 30")
    with pytest.raises(ValueError, match="name=days"):
        Env()


def test_f8_when_a_client_last_asked_is_told_for_ever() -> None:
    client = make_api_client(make_organization())
    ApiUse.objects.create(client=client, who="", minute=1, calls=1)
    retention.apply(now=timezone.now(), names=["api_uses"])
    assert ApiUse.objects.filter(client=client).count() == 1
