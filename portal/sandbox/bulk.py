"""Many claims by many users at once: stored in bulk, and told as reliably as the faults that are on let it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from portal.sandbox.announcing import announce_claims
from portal.sandbox.models import CampaignReward, Claim, Platform, PlatformUser, new_platform_id, new_uuid
from portal.sandbox.webhooks import Told

MOST_CLAIMS = 20_000
#: The crowd's users have numbers; their ids are so much more, and have more digits than those of other users.
FIRST_ID = {Platform.TWITCH.value: 7_000_000_000, Platform.KICK.value: 8_000_000_000}


class TooMany(ValueError):
    """So many claims cannot be made; the text says what can."""


@dataclass(frozen=True)
class Made:
    """What was made and what became of its webhooks. A webhook sent twice counts once as accepted or refused."""

    claims: int
    first_user: int
    last_user: int
    webhooks: int
    withheld: int
    doubled: int
    accepted: int
    refused: int
    unanswered: int
    seconds: float


def user_id_of(platform: str, number: int) -> str:
    """The id of the crowd's user with this number, whether it was made yet or not."""
    return str(FIRST_ID[platform] + number)


def make_claims(
    *,
    platform: str,
    count: int,
    now: datetime,
    users: int | None = None,
    first_user: int | None = None,
    campaign_id: str = "",
    batch: int = 1,
    senders: int = 8,
    webhooks: bool = True,
) -> Made:
    """Have ``users`` users of the crowd, from number ``first_user`` on, make ``count`` claims, and tell of each.

    Each user claims each reward at most once, however often this is called; who is not there yet is made. Without
    ``users`` each claim has a user of its own; without ``first_user`` they are all new. ``campaign_id`` names the
    campaign whose rewards are claimed, else they are those of all campaigns. Raises TooMany where there are too few
    users and rewards, and ValueError where there is nothing to claim.
    """
    if not 1 <= count <= MOST_CLAIMS:
        raise TooMany(f"Between 1 and {MOST_CLAIMS} claims can be made at once.")
    with transaction.atomic():
        people = _crowd(platform, first_user, users or count)
        claims = _record(platform, count, people, _entries(platform, campaign_id), now)
    started = time.monotonic()
    told = announce_claims(claims, now=now, batch=batch, senders=senders)[0] if webhooks else []
    first, last = (int(person.user_id) - FIRST_ID[platform] for person in (people[0], people[-1]))
    return _made(len(claims), first, last, told, time.monotonic() - started)


def _made(claims: int, first: int, last: int, told: list[Told], seconds: float) -> Made:
    answered = [one for one in told if any(outcome.status is not None for outcome in one.outcomes)]
    accepted = sum(one.accepted() for one in told)
    withheld = sum(not one.outcomes for one in told)
    return Made(
        claims=claims,
        first_user=first,
        last_user=last,
        webhooks=len(told),
        withheld=withheld,
        doubled=sum(len(one.outcomes) > 1 for one in told),
        accepted=accepted,
        refused=len(answered) - accepted,
        unanswered=len(told) - withheld - len(answered),
        seconds=round(seconds, 2),
    )


def _entries(platform: str, campaign_id: str) -> list[CampaignReward]:
    entries = CampaignReward.objects.filter(campaign__platform=platform)
    if campaign_id:
        entries = entries.filter(campaign__campaign_id=campaign_id)
    found = list(entries.select_related("campaign__category", "reward").order_by("pk"))
    if not found:
        raise ValueError("There is no such campaign with a reward to claim.")
    return found


def _crowd(platform: str, first: int | None, count: int) -> list[PlatformUser]:
    """The crowd's users with ``count`` numbers from ``first`` on, made where they are missing."""
    crowd = PlatformUser.objects.filter(platform=platform, user_id__regex=rf"^{str(FIRST_ID[platform])[0]}\d{{9}}$")
    if first is None:
        highest = crowd.aggregate(highest=Max("user_id"))["highest"]
        first = int(highest) - FIRST_ID[platform] + 1 if highest else 1
    wanted = {user_id_of(platform, number): number for number in range(first, first + count)}
    known = {person.user_id: person for person in crowd.order_by("pk") if person.user_id in wanted}
    new = [
        PlatformUser(platform=platform, user_id=user_id, login=f"crowd_{number}", display_name=f"Crowd_{number}")
        for user_id, number in wanted.items()
        if user_id not in known
    ]
    PlatformUser.objects.bulk_create(new, batch_size=500)
    known |= {person.user_id: person for person in new}
    return [known[user_id] for user_id in wanted]


def _record(
    platform: str, count: int, people: list[PlatformUser], entries: list[CampaignReward], now: datetime
) -> list[Claim]:
    """Store ``count`` claims: every user claims one reward, then every user another, and so on."""
    taken = set(Claim.objects.filter(platform=platform, entry__in=entries).values_list("user_id", "entry_id"))
    wanted = (
        (person, entries[(place + turn) % len(entries)])
        for turn in range(len(entries))
        for place, person in enumerate(people)
    )
    pairs = [(person, entry) for person, entry in wanted if (person.pk, entry.pk) not in taken][:count]
    if len(pairs) < count:
        raise TooMany(f"{len(people)} users can make {len(pairs)} more claims, each reward once: ask for more users.")
    return Claim.objects.bulk_create(
        [
            Claim(
                platform=platform,
                claim_id=new_platform_id(platform),
                user=person,
                entry=entry,
                claimed_at=now,
                message_id=new_platform_id(platform),
                event_id=new_uuid(),
            )
            for person, entry in pairs
        ],
        batch_size=500,
    )
