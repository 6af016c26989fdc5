"""Rows for tests: each function makes one valid object and takes what the test is about as arguments."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from allauth.idp.oidc.models import Client, Token
from django.core.files.base import ContentFile
from django.db import connection
from PIL import Image

from campaigns.models import (
    Campaign,
    CampaignPlatform,
    CampaignReward,
    Channel,
    Game,
    GameCategory,
    GameSession,
    GameSessionChannel,
    Reward,
    RewardPlatformId,
    Viewer,
)
from fulfillment.listing import give_places
from fulfillment.models import ApiClient, Claim, Endpoint, Event, EventDelivery, EventSubscription, GameStateClient
from fulfillment.rules.events import CLAIM_CREATED, EVENT_TYPES
from fulfillment.rules.scopes import SCOPES
from fulfillment.rules.states import LISTED
from linking.models import Link, Player
from portal.ids import new_ulid
from portal.models import Membership, Organization, PlatformCredential, User
from portal.roles import Role
from portal.tokens import new_token

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"

_numbers = itertools.count(1)


def number() -> int:
    return next(_numbers)


def png(width: int = 64, height: int = 64, colour: str = "#7a3cff") -> bytes:
    out = BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def make_organization(**fields: Any) -> Organization:
    n = number()
    return Organization.objects.create(**{"name": f"Studio {n}", "slug": f"studio-{n}", "enabled": True, **fields})


def make_user(**fields: Any) -> User:
    n = number()
    return User.objects.create_user(
        **{"username": f"user{n}", "email": f"user{n}@example.org", "password": PASSWORD, **fields}
    )


def make_staff(organization: Organization, role: Role = Role.OWNER, **fields: Any) -> User:
    user = make_user(is_staff=True, **fields)
    Membership.objects.create(organization=organization, user=user, role=role)
    return user


def make_credential(organization: Organization, platform: str = "kick", **fields: Any) -> PlatformCredential:
    credential = PlatformCredential(
        organization=organization,
        platform=platform,
        **{
            "client_id": f"client-{number()}",
            "client_secret": "client-secret",
            "webhook_secret": "webhook-secret-0123456789" if platform == "twitch" else "",
            **fields,
        },
    )
    credential.renew_url_token()
    credential.save()
    return credential


def spoil_secrets(credential: PlatformCredential) -> None:
    """Have a credential's secrets be such that no key of today decrypts them."""
    table = PlatformCredential._meta.db_table
    with connection.cursor() as cursor:
        sql = f"UPDATE {table} SET client_secret = 'enc1:lost' WHERE id = %s"
        cursor.execute(sql, [credential.pk])


def make_game(organization: Organization | None = None, **fields: Any) -> Game:
    n = number()
    return Game.objects.create(
        organization=organization or make_organization(), **{"name": f"Game {n}", "slug": f"game-{n}", **fields}
    )


def make_category(game: Game, platform: str = "kick", **fields: Any) -> GameCategory:
    return GameCategory.objects.create(
        game=game, platform=platform, **{"platform_category_id": f"category-{number()}", **fields}
    )


def make_channel(organization: Organization, platform: str = "kick", **fields: Any) -> Channel:
    n = number()
    return Channel.objects.create(
        organization=organization,
        platform=platform,
        **{"platform_channel_id": str(n), "login": f"channel{n}", **fields},
    )


def make_reward(game: Game, *, platform_ids: dict[str, str] | None = None, image: bool = True, **fields: Any) -> Reward:
    n = number()
    reward = Reward(game=game, **{"name": f"Reward {n}", "external_id": f"item-{n}", "alt_text": "An item", **fields})
    if image:
        reward.image = ContentFile(png(), name="reward.png")  # type: ignore[assignment]
    reward.save()
    for platform, platform_id in (platform_ids or {}).items():
        RewardPlatformId.objects.create(reward=reward, platform=platform, platform_reward_id=platform_id)
    return reward


def make_campaign(
    game: Game,
    *,
    rewards: list[Reward] | None = None,
    platform_ids: dict[str, str] | None = None,
    now: datetime = NOW,
    **fields: Any,
) -> Campaign:
    """Make a published campaign that is live at ``now``: it began a day before and ends in a week."""
    values: dict[str, Any] = {
        "name": f"Campaign {number()}",
        "status": Campaign.Status.PUBLISHED,
        "starts_at": now - timedelta(days=1),
        "ends_at": now + timedelta(days=7),
        "grace_days": 14,
        **fields,
    }
    if values["status"] != Campaign.Status.DRAFT:
        values.setdefault("published_at", now - timedelta(days=2))
        values.setdefault("announces_at", values["starts_at"])
        values.setdefault("closes_at", values["ends_at"] + timedelta(days=values["grace_days"]))
    campaign = Campaign.objects.create(organization=game.organization, game=game, **values)
    for position, reward in enumerate(rewards or []):
        CampaignReward.objects.create(campaign=campaign, reward=reward, position=position, minutes=30 * (position + 1))
    for platform, platform_id in (platform_ids or {}).items():
        CampaignPlatform.objects.create(campaign=campaign, platform=platform, platform_campaign_id=platform_id)
    return campaign


def make_game_session(game: Game, *channels: Channel, live: bool = False, **fields: Any) -> GameSession:
    """Make a session that is open and streamed just now, about these channels."""
    n = number()
    values = {"client_id": f"apiclient{n:021}", "client_name": f"Backend {n}", "session_key": f"match-{n}"}
    times = dict.fromkeys(("started_at", "connected_at", "last_message_at"), NOW)
    held = {} if fields.get("ended_at") else {"connection": new_ulid(), "gateway": new_ulid()}
    session = GameSession.objects.create(
        organization=game.organization, game=game, **{"authoritative": True, **values, **times, **held, **fields}
    )
    GameSessionChannel.objects.bulk_create(
        GameSessionChannel(session=session, channel=channel, live=live) for channel in channels
    )
    return session


def make_viewer(organization: Organization, platform: str = "kick", **fields: Any) -> Viewer:
    n = number()
    return Viewer.objects.create(
        organization=organization,
        platform=platform,
        **{"platform_user_id": str(1000 + n), "name": f"viewer{n}", **fields},
    )


def make_player(game: Game, **fields: Any) -> Player:
    n = number()
    return Player.objects.create(game=game, **{"player_id": f"player-{n}", "name": f"Player {n}", **fields})


def make_link(game: Game, *, viewer: Viewer | None = None, player: Player | None = None, **fields: Any) -> Link:
    viewer = viewer or make_viewer(game.organization)
    return Link.objects.create(
        game=game,
        viewer=viewer,
        player=player or make_player(game),
        platform=viewer.platform,
        **{"started_at": NOW - timedelta(days=1), **fields},
    )


def make_claim(organization: Organization, platform: str = "kick", **fields: Any) -> Claim:
    """Make a claim just received: due to be resolved at ``NOW``. In a state that partners see it has its place (A3)."""
    n = number()
    claim = Claim(
        organization=organization,
        platform=platform,
        **{
            "platform_claim_id": f"claim-{n}",
            "platform_user_id": str(1000 + n),
            "source": Claim.Source.WEBHOOK,
            "granted_at": NOW,
            "received_at": NOW,
            "state_changed_at": NOW,
            "resolve_at": NOW,
            **fields,
        },
    )
    if claim.state in LISTED:
        place = give_places([claim])[claim.pk]
        claim.listed_as, claim.listed_no = place.listed_as, place.number
    claim.save(force_insert=True)
    return claim


def make_endpoint(game: Game, url: str = "https://game.example.org/deliveries", **fields: Any) -> Endpoint:
    secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    return Endpoint.objects.create(game=game, url=url, **{"secret": secret, **fields})


def make_subscription(
    organization: Organization, url: str = "https://partner.example.org/events", **fields: Any
) -> EventSubscription:
    """Make an event subscription that wants to be told of everything."""
    secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    values = {"name": f"Subscriber {number()}", "types": list(EVENT_TYPES), "secret": secret, "created_at": NOW}
    return EventSubscription.objects.create(organization=organization, url=url, **{**values, **fields})


def make_event(subscription: EventSubscription, *, at: datetime = NOW, **fields: Any) -> Event:
    """Make an event that is due to be told to the subscription."""
    subject = f"subject-{number()}"
    body = f'{{"type":"{CLAIM_CREATED}","timestamp":"2026-11-20T12:00:00Z","data":{{"claim_id":"{subject}"}}}}'
    values = {"type": CLAIM_CREATED, "subject": subject, "body": body}
    event = Event.objects.create(organization=subscription.organization, at=at, **{**values, **fields})
    EventDelivery.objects.create(event=event, subscription=subscription, due_at=at)
    return event


def make_api_client(organization: Organization, *, scopes: tuple[str, ...] = SCOPES, **fields: Any) -> ApiClient:
    """Make an API client that may do everything, with no secret: its tokens are made by ``make_api_token``."""
    n = number()
    client_id = fields.pop("client_id", f"apiclient{n:021}")
    oauth = Client(id=client_id, name=fields.pop("name", f"Backend {n}"), default_scopes="")
    oauth.set_scopes(list(scopes))
    oauth.set_grant_types(["client_credentials", "authorization_code", "refresh_token"])
    oauth.save()
    return ApiClient.objects.create(organization=organization, oauth=oauth, **{"created_at": NOW, **fields})


def allow_game_state(client: ApiClient, *games: Game) -> None:
    """Put the pairs of a client and games on the allow-list of those whose state it may stream."""
    GameStateClient.objects.bulk_create(GameStateClient(client=client, game=game, allowed_at=NOW) for game in games)


def make_api_token(client: ApiClient, *, user: User | None = None, scopes: tuple[str, ...] = (), **fields: Any) -> str:
    """Make an access token of a client, or of a player who allowed it, and return it. Without an end unless given."""
    value = new_token()
    token = Token(type=Token.Type.ACCESS_TOKEN, client=client.oauth, user=user, **fields)
    token.set_value(value)
    token.set_scopes(list(scopes))
    token.save()
    return value


def api_headers(client: ApiClient, token: str | None = None) -> dict[str, str]:
    """Return the headers of a call of the partner API, with a new token of the client unless one is given."""
    return {"Authorization": f"Bearer {token or make_api_token(client)}", "Client-Id": client.oauth_id}
