"""Making a draft of a campaign file: kept when it is uploaded, looked at, and made once (C9)."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from campaigns.channels import change_listing
from campaigns.editing import save_campaign
from campaigns.files.planning import ImportPlan, plan_import
from campaigns.models import Campaign, CampaignFile, CampaignGame, CampaignPlatform, CampaignReward, Channel, Game
from campaigns.rewarding import save_reward
from campaigns.rules.campaign_file import BadDocument, CampaignDocument, ListedChannel, read
from campaigns.rules.document_text import Unreadable, read_text
from campaigns.rules.strict import Problem
from portal.models import User
from portal.sentences import Sentence

_BATCH = 500


class CannotImport(Exception):
    """Nothing can be made of the file; ``problems`` say why, for people."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


class ImportedAlready(Exception):
    """A draft was made of this file before: ``campaign``, None where it was deleted since."""

    def __init__(self, campaign: Campaign | None) -> None:
        super().__init__(str(campaign))
        self.campaign = campaign


def document_in(data: bytes) -> CampaignDocument:
    """Return the document that a file holds. Raises ``CannotImport``."""
    try:
        value, lines = read_text(data)
        return read(value, lines)
    except Unreadable as error:
        raise CannotImport([Problem("", error.sentence)]) from error
    except BadDocument as error:
        raise CannotImport(error.problems) from error


def keep_file(*, data: bytes, game: Game, actor: User, now: datetime) -> CampaignFile:
    """Keep a file that holds a document until somebody decides; earlier ones that the same person did not use are dropped.

    Raises ``CannotImport``.
    """
    document_in(data)
    with transaction.atomic():
        CampaignFile.objects.filter(uploaded_by=actor, used_at=None).delete()
        return CampaignFile.objects.create(
            organization=game.organization,
            game=game,
            uploaded_by=actor,
            uploaded_at=now,
            text=data.decode("utf-8-sig"),
        )


def plan_of(file: CampaignFile, *, games: models.QuerySet[Game]) -> ImportPlan:
    """Return what a kept file would make now. Raises ``CannotImport``."""
    return plan_import(document_in(file.text.encode()), game=file.game, games=games)


def import_campaign(*, file_id: str, games: models.QuerySet[Game], actor: User, now: datetime) -> Campaign:
    """Make the draft, its new rewards and channels, or nothing; what is reused stays as it is.

    It is planned again beneath the file's lock, so that it does not matter what was there when it was looked at.

    Raises:
        CampaignFile.DoesNotExist: there is none with this id, or it is another person's.
        ImportedAlready: the file was used before.
        CannotImport: something is refused.
    """
    try:
        with transaction.atomic():
            kept = CampaignFile.objects.select_for_update(of=("self",)).filter(uploaded_by=actor)
            file = kept.select_related("game__organization").get(pk=file_id)
            if file.used_at is not None:
                raise ImportedAlready(file.campaign)
            plan = plan_of(file, games=games)
            if plan.problems:
                raise CannotImport(plan.problems)
            campaign = _make(plan, actor, now)
            file.text, file.used_at, file.campaign = "", now, campaign
            file.save(update_fields=["text", "used_at", "campaign"])
    except IntegrityError as error:  # an external id or a platform's id was given to another reward at this moment
        sentence = Sentence(_("Somebody changed rewards at this moment. Look again at what would be made."))
        raise CannotImport([Problem("", sentence)]) from error
    return campaign


def _make(plan: ImportPlan, actor: User, now: datetime) -> Campaign:
    for planned in plan.rewards:
        if planned.is_new:
            save_reward(planned.reward, platform_ids=dict(planned.entry.item.platform_ids), actor=actor)

    def write_lists() -> None:
        rows = [planned.row for planned in plan.rewards]
        for planned in plan.rewards:
            if planned.entry.requires is not None:
                planned.row.requires = rows[planned.entry.requires - 1]
        CampaignReward.objects.bulk_create(rows)
        campaign = plan.campaign
        CampaignGame.objects.bulk_create(CampaignGame(campaign=campaign, game=game) for game in plan.further_games)
        CampaignPlatform.objects.bulk_create(
            CampaignPlatform(
                campaign=campaign,
                organization=campaign.organization,
                platform=one.platform,
                counted_by=one.counted_by,
            )
            for one in plan.document.platforms
        )

    campaign = save_campaign(
        campaign=plan.campaign,
        changed=(),
        actor=actor,
        now=now,
        write_lists=write_lists,
        reason="Imported from a file",
    )
    channels = _channels(campaign, plan.document.channels)
    if channels:
        change_listing(campaign=campaign, add=channels, remove=(), actor=actor, now=now)
    return campaign


def _channels(campaign: Campaign, listed: tuple[ListedChannel, ...]) -> list[Channel]:
    """Return the organization's channels of the list; those that it did not know are stored."""
    own = {"organization_id": campaign.organization_id}
    known = _known(campaign, listed)
    new = [one for one in listed if (one.platform, one.id) not in known]
    Channel.objects.bulk_create(
        [
            Channel(**own, platform=one.platform, platform_channel_id=one.id, login=one.login, name=one.name)
            for one in new
        ],
        ignore_conflicts=True,
        batch_size=_BATCH,
    )
    known |= _known(campaign, tuple(new))
    return [known[one.platform, one.id] for one in listed]


def _known(campaign: Campaign, listed: tuple[ListedChannel, ...]) -> dict[tuple[str, str], Channel]:
    found: dict[tuple[str, str], Channel] = {}
    for platform in sorted({one.platform for one in listed}):
        ids = [one.id for one in listed if one.platform == platform]
        rows = Channel.objects.filter(organization_id=campaign.organization_id, platform=platform)
        for start in range(0, len(ids), _BATCH):
            for channel in rows.filter(platform_channel_id__in=ids[start : start + _BATCH]):
                found[platform, channel.platform_channel_id] = channel
    return found
