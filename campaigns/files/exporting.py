"""A campaign's document, from what is stored. Who tests, what came of it and what platforms call it are left out."""

from __future__ import annotations

from django.db.models import prefetch_related_objects

from campaigns.models import Campaign, CampaignReward, Reward
from campaigns.rules.campaign_file import (
    CampaignDocument,
    Entry,
    EventWanted,
    GameNamed,
    Item,
    ListedChannel,
    RunsOn,
)


def document_of(campaign: Campaign) -> CampaignDocument:
    """Return the campaign as a document; lists in an order that is the same wherever it stands."""
    prefetch_related_objects([campaign], "game", "further_games__game", "platforms", "rewards__reward__platform_ids")
    rewards = sorted(campaign.rewards.all(), key=lambda row: (row.position, row.pk))
    places = {row.pk: number for number, row in enumerate(rewards, start=1)}
    listed = campaign.channels.filter(removed_at=None).values_list(
        "channel__platform", "channel__platform_channel_id", "channel__login", "channel__name"
    )
    further = [GameNamed(name=row.game.name, slug=row.game.slug) for row in campaign.further_games.all()]
    platforms = [RunsOn(platform=row.platform, counted_by=row.counted_by) for row in campaign.platforms.all()]
    return CampaignDocument(
        name=campaign.name,
        description=campaign.description,
        info_url=campaign.info_url,
        connection_url=campaign.connection_url,
        time_zone=campaign.time_zone,
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        announcement_days=campaign.announcement_days,
        grace_days=campaign.grace_days,
        scope=campaign.scope,
        per_player_limit=campaign.per_player_limit,
        test_mode=campaign.test_mode,
        game=GameNamed(name=campaign.game.name, slug=campaign.game.slug),
        further_games=tuple(sorted(further, key=lambda game: (game.name, game.slug))),
        platforms=tuple(sorted(platforms, key=lambda one: one.platform)),
        rewards=tuple(_entry(row, places) for row in rewards),
        channels=tuple(
            ListedChannel(platform=platform, id=own, login=login, name=name)
            for platform, own, login, name in sorted(listed)
        ),
    )


def _entry(row: CampaignReward, places: dict[str, int]) -> Entry:
    is_event = row.rule == CampaignReward.Rule.GAME_EVENT
    return Entry(
        item=_item(row.reward),
        rule=row.rule,
        minutes=row.minutes,
        event=_event(row) if is_event else None,
        requires=places.get(row.requires_id) if row.requires_id else None,
        limit_total=row.limit_total,
        limit_per_day=row.limit_per_day,
        at_limit=row.at_limit,
    )


def _event(row: CampaignReward) -> EventWanted:
    return EventWanted(
        name=row.event_name,
        path=row.event_path,
        condition=row.event_condition,
        value=row.event_value,
        cool_down_seconds=row.event_cool_down_seconds,
        per_session=row.event_per_session,
    )


def _item(reward: Reward) -> Item:
    ids = ((row.platform, row.platform_reward_id) for row in reward.platform_ids.all())
    return Item(
        name=reward.name,
        description=reward.description,
        external_id=reward.external_id,
        alt_text=reward.alt_text,
        image=_picture(reward),
        platform_ids=tuple(sorted(ids)),
    )


def _picture(reward: Reward) -> bytes | None:
    if not reward.image:
        return None
    try:
        with reward.image.open("rb") as file:
            return bytes(file.read())
    except FileNotFoundError:  # the storage was not restored with the database: the rest is worth having
        return None
