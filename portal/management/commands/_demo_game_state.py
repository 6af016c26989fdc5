"""The part of the demo data in which events in the game earn rewards: a campaign, an audience, and a match that was recorded."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from campaigns.channel_of import channel_of_viewer
from campaigns.game_state.admission import Admission, AdmittedChannel
from campaigns.game_state.recording import RecordedLine, record_lines
from campaigns.game_state.storing import SessionWrite, begin_session, write_sessions
from campaigns.models import (
    Campaign,
    CampaignChannel,
    CampaignPlatform,
    CampaignReward,
    Channel,
    Game,
    GameRecording,
    Reward,
    Viewer,
)
from campaigns.publishing import publish_campaign
from campaigns.rules.counting import minute_of
from campaigns.rules.game_state.codes import ENDED_DISCONNECTED
from fulfillment.game_state.pairs import set_games
from fulfillment.models import ApiClient
from portal.game_state_client.merge_patch import make_patch
from portal.ids import new_ulid
from portal.models import User
from portal.sandbox.match import play

REWARDS = (
    ("Dragon's scale", "scale", "starfall.scale.dragon", "A red scale with a golden edge"),
    ("Triple medal", "medal", "starfall.medal.triple", "A golden medal with three stars on a blue ribbon"),
    ("Victor's laurel", "laurel", "starfall.laurel.red", "A green laurel wreath with a red ribbon"),
)
EVENTS: tuple[dict[str, Any], ...] = (
    {
        "event_name": "The dragon falls",
        "event_path": "$.boss.state",
        "event_condition": "changes_to",
        "event_value": '"dead"',
        "event_per_session": 1,
    },
    {
        "event_name": "Three kills in a row",
        "event_path": "$.players.*.best_streak",
        "event_condition": "rises_above",
        "event_value": "2",
        "event_cool_down_seconds": 30,
        "event_per_session": 3,
    },
    {
        "event_name": "Red wins the match",
        "event_path": "$.winners",
        "event_condition": "appears_in",
        "event_value": '"red"',
    },
)
AUDIENCE = 24
RECORDED_SEED, RECORDED_SECONDS = 7, 120
RECORDED_BEFORE = timedelta(minutes=50)


def make_campaign(game: Game, rewards: list[Reward], streamer: list[Viewer], *, actor: User, now: datetime) -> Campaign:
    """Make and publish the campaign, for the streamer's channels alone. It counts from two hours ago, like the other (C6)."""
    began = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    campaign = Campaign.objects.create(
        organization=game.organization,
        game=game,
        name="Dragon hunt",
        description="Watch Starfall Live when the dragon falls, and be there for the best moments of each match.",
        time_zone="Europe/Berlin",
        starts_at=began,
        ends_at=began + timedelta(days=14),
        grace_days=14,
        scope=Campaign.Scope.ALLOW_LIST,
    )
    for position, (reward, event) in enumerate(zip(rewards, EVENTS, strict=True)):
        CampaignReward.objects.create(
            campaign=campaign, reward=reward, position=position, rule=CampaignReward.Rule.GAME_EVENT, **event
        )
    for viewer in streamer:
        CampaignPlatform.objects.create(
            campaign=campaign, platform=viewer.platform, counted_by=CampaignPlatform.CountedBy.PORTAL
        )
        CampaignChannel.objects.create(campaign=campaign, channel=channel_of_viewer(viewer), listed_at=began)
    publish_campaign(campaign_id=campaign.pk, actor=actor, now=began)
    return campaign


def make_audience(game: Game, channel: Viewer, url: str) -> dict[str, Any]:
    """Return who watches the streamer where heartbeats name user ids: nobody has to be registered, or linked, for that."""
    first = int(channel.platform_user_id) * 1000
    return {
        "heartbeat_url": url,
        "game": game.name,
        "channels": [channel.platform_user_id],
        "viewers": [str(first + number) for number in range(1, AUDIENCE + 1)],
        "catch_up_minutes": 3,
    }


def allow_client(client: ApiClient, game: Game, player_id: str, *, now: datetime) -> dict[str, str]:
    """Allow a client to stream the game, which records what is streamed; return what the sample game has to know."""
    set_games(client, [game], now=now)
    Game.objects.filter(pk=game.pk).update(record_game_state=True)
    return {
        "url": settings.PORTAL_GATEWAY_URL,
        "portal_url": settings.BASE_URL,
        "game_id": game.pk,
        "player_id": player_id,
    }


def record_match(client: ApiClient, game: Game, streamer: list[Viewer], *, now: datetime) -> GameRecording:
    """Make a match that was played and recorded a while ago, to try events against. It has earned nobody anything."""
    began = now - RECORDED_BEFORE
    channels = [channel_of_viewer(viewer) for viewer in streamer]
    connection = new_ulid()
    begun = begin_session(
        _admission(client, game, channels),
        session_key="match-demo",
        connection=connection,
        gateway=new_ulid(),
        now=began,
    )
    lines: list[RecordedLine] = []
    state: dict[str, Any] = {}
    for moment in play(seed=RECORDED_SEED, seconds=RECORDED_SECONDS, streamer=streamer[0].name):
        patch = make_patch(state, moment.state)
        state = moment.state
        at = began + timedelta(seconds=moment.second)
        lines.append(RecordedLine(at, "delta" if lines else "connect", json.dumps(patch)))
    record_lines(begun.session_id, lines, now=began)
    text = json.dumps(state)
    write_sessions(
        [
            SessionWrite(
                session_id=begun.session_id,
                connection=connection,
                state=text,
                state_bytes=len(text.encode()),
                revision=len(lines),
                last_message_at=lines[-1].at,
                messages=len(lines) + 1,
                received_bytes=sum(len(line.data) for line in lines),
                minute=minute_of(lines[-1].at),
                minute_messages=1,
                end_code=ENDED_DISCONNECTED,
            )
        ],
        now=lines[-1].at,
    )
    recording = GameRecording.objects.get(session=begun.session_id)
    GameRecording.objects.filter(pk=recording.pk).update(name="A whole match, with a dragon")
    return recording


def _admission(client: ApiClient, game: Game, channels: list[Channel]) -> Admission:
    return Admission(
        organization_id=game.organization_id,
        game_id=game.pk,
        client_id=client.oauth_id,
        client_name=str(client),
        authoritative=True,
        channels=tuple(
            AdmittedChannel(channel.pk, f"{channel.platform}:{channel.platform_channel_id}") for channel in channels
        ),
        token_key="",
        token_expires_at=None,
        idle_seconds=game.game_state_idle_seconds,
    )
