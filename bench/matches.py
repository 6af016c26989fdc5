"""What the benchmarks of game state stream and start from: made by ``python -m bench.matches WHAT '{...}'``, and messages.

A match of the made-up game has ten players, named by ids of 26 characters. A delta of 2 KB has 53 values: what changes
all the time of each player, the score, and the newest of the feed. The four game events of the game's campaign are looked
for in every delta, and happen in none.
"""

from __future__ import annotations

import json
import sys
from typing import Any

BROADCASTERS = 100
"""So many are linked and live; the sessions share them."""

DELTA_BYTES = 2_048
PLAYERS = [f"01M8ADFD2D4WTTCCQTYVJK8{number:03}" for number in range(10)]
PLACES = ("upper lane, at the outer tower", "in the forest by the river ford", "lower lane, close to the base")
ITEMS = ("Lantern of the northern watch", "Boots of the quiet messenger", "Blade of the seventh winter")
FEED = 6
EVENTS = (
    ("$.boss.state", "changes_to", '"defeated"'),
    ("$.score.red", "rises_above", "1000000"),
    ("$.players.*.health", "equals", "1000"),
    ("$.winners", "appears_in", '"red"'),
)


def state_of(number: int, step: int) -> dict[str, Any]:
    """Return what a match with this number has changed in this step."""
    players = {
        player: {
            "gold": 600 + 37 * step + place,
            "health": round(100 - (step * 1.7 + place) % 90, 1),
            "place": PLACES[(step + place) % len(PLACES)],
        }
        for place, player in enumerate(PLAYERS)
    }
    feed = {
        f"k-{step + place:04}": {
            "by": PLAYERS[(step + place) % 10],
            "of": PLAYERS[(step + 3 * place + 1) % 10],
            "with": ITEMS[(step + place) % len(ITEMS)],
        }
        for place in range(FEED)
    }
    gone = {f"k-{step - 1:04}": None} if step else {}
    score = {"red": step, "blue": 2 * step + number}
    return {"boss": {"health": 5000 - step}, "score": score, "players": players, "feed": {**gone, **feed}}


def delta(number: int, step: int) -> str:
    """Return a delta of 2,048 bytes, filled up with what is said in the chat."""
    data = {**state_of(number, step), "chat": ""}
    text = json.dumps({"type": "delta", "data": data}, separators=(",", ":"))
    data["chat"] = "." * (DELTA_BYTES - len(text))
    return json.dumps({"type": "delta", "data": data}, separators=(",", ":"))


def connect(made: dict[str, Any], session: str, number: int, data: dict[str, Any]) -> str:
    """Return the connect message of a session, shown by the broadcaster of this number."""
    message = {
        "type": "connect",
        "version": 1,
        "token": made["token"],
        "game_id": made["game"],
        "session_id": session,
        "broadcaster_ids": [f"kick:{number % BROADCASTERS}"],
        "data": data,
    }
    return json.dumps(message, separators=(",", ":"))


def prepare(rules: bool = True) -> dict[str, Any]:
    """Make a game that a client may stream, with linked and live broadcasters and a campaign with four game events."""
    from django.utils import timezone

    from campaigns.models import CampaignPlatform, CampaignReward, ChannelStream
    from tests import factories as make

    now = timezone.now()
    game = make.make_game(make.make_organization(name="Bench", slug="bench"), name="Bench", slug="bench")
    for number in range(BROADCASTERS):
        viewer = make.make_viewer(game.organization, platform_user_id=str(number))
        make.make_link(game, viewer=viewer, started_at=now)
        channel = make.make_channel(game.organization, platform_channel_id=str(number))
        ChannelStream.objects.create(channel=channel, live=True, told_at=now)
    if rules:
        campaign = make.make_campaign(game, now=now)
        CampaignPlatform.objects.create(campaign=campaign, platform="kick", counted_by="portal")
        for position, (path, condition, value) in enumerate(EVENTS):
            CampaignReward.objects.create(
                campaign=campaign,
                reward=make.make_reward(game, image=False),
                position=position,
                rule="game_event",
                event_name=path,
                event_path=path,
                event_condition=condition,
                event_value=value,
            )
    client = make.make_api_client(game.organization)
    make.allow_game_state(client, game)
    return {"game": game.pk, "token": make.make_api_token(client)}


def prepare_events(events: int, viewers: int) -> dict[str, Any]:
    """Make the same with one broadcaster and so many rewards, each earned by an event of its own, ten to a campaign.

    Returns also whom heartbeats list, their source's secret, and the session of one of them, signed in and linked.
    """
    from django.utils import timezone

    from bench.credit import ids_of
    from bench.past import _session
    from campaigns.models import CampaignPlatform, CampaignReward, ChannelStream, HeartbeatSource
    from portal.tokens import hash_token
    from tests import factories as make

    now = timezone.now()
    game = make.make_game(make.make_organization(name="Events", slug="events"), name="Starfall", slug="events")
    make.make_link(game, viewer=make.make_viewer(game.organization, platform_user_id="0"), started_at=now)
    channel = make.make_channel(game.organization, platform_channel_id="0")
    ChannelStream.objects.create(channel=channel, live=True, told_at=now)
    HeartbeatSource.objects.create(
        game=game, name="bench", identifiers="platform", platform="kick", url_token_hash=hash_token("events")
    )
    for number in range(events):
        if number % 10 == 0:
            campaign = make.make_campaign(game, now=now)
            CampaignPlatform.objects.create(campaign=campaign, platform="kick", counted_by="portal")
        CampaignReward.objects.create(
            campaign=campaign,
            reward=make.make_reward(game, name=f"Reward of event {number}."),
            position=number % 10,
            rule="game_event",
            event_name=f"event {number}",
            event_path=f"$.events.e{number}",
            event_condition="changes_to",
            event_value="true",
        )
    ids = ids_of(0, viewers)
    person = make.make_user()
    viewer = make.make_viewer(game.organization, platform_user_id=ids[viewers // 2], user=person)
    make.make_link(game, viewer=viewer, player=make.make_player(game, user=person), started_at=now)
    client = make.make_api_client(game.organization)
    make.allow_game_state(client, game)
    return {
        "game": game.pk,
        "game_name": game.name,
        "token": make.make_api_token(client),
        "heartbeats": "events",
        "viewers": ids,
        "session": _session(person),
    }


def earned() -> dict[str, Any]:
    """Return of the rewards that events earn how many there are, and of how many viewers each was earned, at least and most."""
    from django.db.models import Count

    from campaigns.models import CampaignReward

    rewards = CampaignReward.objects.filter(event_name__startswith="event ").annotate(viewers=Count("earned"))
    counts = list(rewards.values_list("viewers", flat=True))
    return {"rewards": len(counts), "least": min(counts), "most": max(counts)}


def stored(what: str) -> dict[str, Any]:
    """Return of the sessions that were named so how many are stored, and how often their states changed, at least and most."""
    from django.db.models import Count, Max, Min

    from campaigns.models import GameSession

    sessions = GameSession.objects.filter(session_key__startswith=f"{what}-")
    return sessions.aggregate(sessions=Count("pk"), least=Min("revision"), most=Max("revision"))


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(globals()[sys.argv[1]](**json.loads(sys.argv[2]))))
