"""A campaign as a file (C9): what is written, what becomes of it here and on another portal, and what is refused."""

from __future__ import annotations

import base64
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from campaigns.files.exporting import document_of
from campaigns.files.importing import CannotImport, ImportedAlready, import_campaign, keep_file
from campaigns.files.planning import plan_import
from campaigns.models import (
    Campaign,
    CampaignChannel,
    CampaignFile,
    CampaignGame,
    CampaignPlatform,
    CampaignReward,
    CampaignTester,
    Game,
    Reward,
)
from campaigns.rules.campaign_file import CampaignDocument, read
from campaigns.rules.campaign_written import written
from campaigns.rules.document_text import as_json, as_yaml
from portal.models import AuditEntry, User
from tests.factories import NOW, make_campaign, make_channel, make_game, make_organization, make_reward, make_staff, png

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> Campaign:
    game = make_game(name="Starfall", slug="starfall")
    first = make_reward(game, name="Crown", external_id="crown", platform_ids={"kick": "R1"})
    second = make_reward(game, name="Orb", external_id="", image=False)
    campaign = make_campaign(
        game,
        name="Winter",
        description="Hats\r\nand more",
        info_url="https://example.org/hats",
        time_zone="Europe/Berlin",
        announcement_days=3,
        scope=Campaign.Scope.ALLOW_LIST,
        per_player_limit=2,
        test_mode=True,
        rewards=[first],
        platform_ids={"kick": "K1"},
    )
    CampaignReward.objects.create(
        campaign=campaign,
        reward=second,
        position=5,
        rule="game_event",
        requires=campaign.rewards.get(),
        event_name="boss",
        event_path="$.boss",
        event_condition="equals",
        event_value='"dead"',
        event_cool_down_seconds=60,
        event_per_session=2,
        limit_total=100,
        limit_per_day=10,
        at_limit="stop",
    )
    CampaignGame.objects.create(campaign=campaign, game=make_game(game.organization, name="Moonrise", slug="moonrise"))
    for removed_at in (None, None, NOW):
        channel = make_channel(game.organization, name="Rita")
        CampaignChannel.objects.create(
            campaign=campaign, channel=channel, listed_at=NOW - timedelta(days=9), removed_at=removed_at
        )
    CampaignTester.objects.create(campaign=campaign, platform="kick", platform_user_id="tester-77", note="Secret Sam")
    return Campaign.objects.get(pk=campaign.pk)


@pytest.fixture
def elsewhere() -> Game:
    """The same games on another portal, where nothing else is known."""
    organization = make_organization()
    make_game(organization, name="Moonrise", slug="moonrise")
    return make_game(organization, name="Starfall", slug="starfall")


def take_in(document: CampaignDocument, game: Game, actor: User | None = None) -> Campaign:
    actor = actor or make_staff(game.organization)
    kept = keep_file(data=as_json(written(document)).encode(), game=game, actor=actor, now=NOW)
    return import_campaign(
        file_id=kept.pk, games=Game.objects.filter(organization=game.organization), actor=actor, now=NOW
    )


def refused(document: CampaignDocument, game: Game) -> list[str]:
    plan = plan_import(document, game=game, games=Game.objects.filter(organization=game.organization))
    return [str(problem) for problem in plan.problems]


def changed(document: CampaignDocument, **fields: Any) -> CampaignDocument:
    value = written(document)
    value["campaign"] |= fields
    return read(value)


def with_item(document: CampaignDocument, **fields: Any) -> CampaignDocument:
    value = written(document)
    value["campaign"]["rewards"][0]["item"] |= fields
    return read(value)


def test_c9_a_campaign_goes_to_another_portal_and_back_the_same(source: Campaign, elsewhere: Game) -> None:
    document = document_of(source)
    there = take_in(document, elsewhere)
    assert document_of(Campaign.objects.get(pk=there.pk)) == document
    # Back home nothing of it is new: rewards and channels are reused.
    rewards, back = Reward.objects.count(), take_in(document_of(there), source.game)
    assert document_of(Campaign.objects.get(pk=back.pk)) == document
    assert Reward.objects.count() == rewards


def test_c9_what_is_imported_is_a_draft_with_its_times_in_the_organization(source: Campaign, elsewhere: Game) -> None:
    there = take_in(document_of(source), elsewhere)
    there.refresh_from_db()
    assert (there.status, there.organization, there.published_at) == ("draft", elsewhere.organization, None)
    assert there.closes_at
    assert there.announces_at
    assert {row.organization_id for row in there.platforms.all()} == {elsewhere.organization_id}
    assert {row.channel.organization_id for row in there.channels.all()} == {elsewhere.organization_id}
    assert {entry.reward.game_id for entry in there.rewards.all()} == {elsewhere.pk}


def test_c9_a_file_has_no_people_no_secrets_and_no_ids_of_the_database(source: Campaign) -> None:
    text = as_yaml(written(document_of(source)))
    assert "tester-77" not in text
    assert "Secret Sam" not in text
    assert "K1" not in text
    ids = [source.pk, source.organization_id, source.game_id, *source.rewards.values_list("pk", flat=True)]
    ids += [*source.rewards.values_list("reward", flat=True), *source.channels.values_list("channel", flat=True)]
    assert [one for one in ids if one in text] == []


NOT_IN_A_FILE = {
    Campaign: {
        "id",
        "organization",
        "announces_at",
        "closes_at",
        "status",
        "published_at",
        "cancelled_at",
        "deliveries_paused",
        "created_at",
    },
    CampaignReward: {"id", "campaign", "reward", "position"},
    Reward: {"id", "game", "created_at"},
    CampaignPlatform: {"id", "campaign", "organization", "platform_campaign_id"},
}


@pytest.mark.parametrize("model", NOT_IN_A_FILE, ids=lambda model: model.__name__)
def test_c9_each_column_of_a_definition_is_in_the_file_or_left_out_on_purpose(source: Campaign, model: Any) -> None:
    campaign = written(document_of(source))["campaign"]
    reward = campaign["rewards"][0]
    known = {
        Campaign: campaign,
        CampaignReward: {**reward, **{f"event_{name}": 1 for name in campaign["rewards"][1]["event"]}},
        Reward: reward["item"],
        CampaignPlatform: campaign["platforms"][0],
    }[model]
    columns = {field.name for field in model._meta.concrete_fields}
    assert columns - set(known) - NOT_IN_A_FILE[model] == set()


def test_c9_rewards_are_matched_by_external_id_then_by_name_and_stay_as_they_are(
    source: Campaign, elsewhere: Game
) -> None:
    crown = make_reward(elsewhere, name="Another name", external_id="crown", alt_text="Own words")
    orb = make_reward(elsewhere, name="Orb", external_id="orb-77")
    there = take_in(document_of(source), elsewhere)
    assert [row.reward for row in there.rewards.order_by("position")] == [crown, orb]
    crown.refresh_from_db()
    assert (crown.name, crown.alt_text) == ("Another name", "Own words")


def test_c9_a_reward_with_another_external_id_is_another_reward(source: Campaign, elsewhere: Game) -> None:
    crown = make_reward(elsewhere, name="Crown", external_id="other")
    there = take_in(document_of(source), elsewhere)
    assert crown not in [row.reward for row in there.rewards.all()]
    assert Reward.objects.filter(game=elsewhere, name="Crown").count() == 2


def test_c9_a_file_makes_one_campaign_however_often_it_is_confirmed(source: Campaign, elsewhere: Game) -> None:
    actor = make_staff(elsewhere.organization)
    made = take_in(document_of(source), elsewhere, actor)
    file = CampaignFile.objects.get()
    assert file.text == ""
    with pytest.raises(ImportedAlready) as again:
        import_campaign(file_id=file.pk, games=Game.objects.all(), actor=actor, now=NOW)
    assert again.value.campaign == made


def test_s1_a_file_is_its_uploaders_alone(source: Campaign, elsewhere: Game) -> None:
    kept = keep_file(
        data=as_json(written(document_of(source))).encode(),
        game=elsewhere,
        actor=make_staff(elsewhere.organization),
        now=NOW,
    )
    with pytest.raises(CampaignFile.DoesNotExist):
        import_campaign(file_id=kept.pk, games=Game.objects.all(), actor=make_staff(elsewhere.organization), now=NOW)


def test_s5_the_draft_and_its_new_rewards_are_in_the_audit_trail(source: Campaign, elsewhere: Game) -> None:
    there = take_in(document_of(source), elsewhere)
    assert AuditEntry.objects.get(object_id=there.pk, action="added").reason == "Imported from a file"
    rewards = there.rewards.values_list("reward", flat=True)
    assert AuditEntry.objects.filter(object_type="campaigns.reward", object_id__in=rewards).count() == 2


def bomb() -> bytes:
    out = BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (png(121, 100), "121×100 pixels"),
        (b"no picture", "The file is"),
        (png()[:80], "ends too early"),
        (bomb(), "20000×20000 pixels"),
    ],
    ids=["large", "text", "cut", "bomb"],
)
def test_r2_pictures_of_a_file_meet_the_check(source: Campaign, elsewhere: Game, image: bytes, said: str) -> None:
    (found,) = refused(with_item(document_of(source), image=base64.b64encode(image).decode()), elsewhere)
    assert found.startswith("campaign.rewards[1].item.image: ")
    assert said in found


def test_c9_what_does_not_exist_here_or_is_anothers_is_refused_at_its_place(source: Campaign, elsewhere: Game) -> None:
    document = document_of(source)
    make_reward(elsewhere, name="Taken", platform_ids={"kick": "R1"})
    (found,) = refused(document, elsewhere)
    assert found == "campaign.rewards[1].item.platform_ids: The id R1 on Kick belongs to the reward “Taken” here."
    (found,) = refused(changed(document, further_games=[{"name": "Unheard"}]), source.game)
    assert "campaign.further_games[1]: There is no game “Unheard” here." in found
    found, _own = refused(changed(document, platforms=[{"platform": "vhs"}, {"platform": "portal"}]), source.game)
    assert "campaign.platforms[1]: This portal knows no platform “vhs”." in found
    (found,) = refused(changed(document, channels=[{"platform": "vhs", "id": "7"}]), source.game)
    assert "campaign.channels: This portal knows no platform “vhs”." in found
    (found,) = refused(changed(document, info_url="javascript:alert(1)"), source.game)
    assert found.startswith("campaign.info_url: ")
    (found,) = refused(changed(document, ends_at="2026-01-01T00:00:00Z"), source.game)
    assert "The end must be after the start." in found


def test_c9_two_rewards_of_one_name_are_not_guessed_at(source: Campaign, elsewhere: Game) -> None:
    for _number in range(2):
        make_reward(elsewhere, name="Orb", external_id="")
    (found,) = refused(document_of(source), elsewhere)
    assert "2 rewards of Starfall are called “Orb”" in found


def test_c9_one_reward_here_is_not_taken_for_two_of_the_file(source: Campaign, elsewhere: Game) -> None:
    make_reward(elsewhere, name="Orb", external_id="crown")
    (found,) = refused(document_of(source), elsewhere)
    assert "is the same reward here as number 1" in found


def test_g4_an_event_that_cannot_be_looked_for_is_refused(source: Campaign) -> None:
    value = written(document_of(source))
    value["campaign"]["rewards"][1]["event"] |= {"path": "$[", "value": "{}"}
    found = refused(read(value), source.game)
    assert [one.split(":")[0] for one in found] == [
        "campaign.rewards[2].event.path",
        "campaign.rewards[2].event.value",
    ]


def test_c9_a_refused_file_makes_nothing(source: Campaign, elsewhere: Game) -> None:
    document = changed(document_of(source), further_games=[{"name": "Unheard"}])
    with pytest.raises(CannotImport):
        take_in(document, elsewhere)
    assert Campaign.objects.count() == 1
    assert Reward.objects.filter(game=elsewhere).count() == 0
