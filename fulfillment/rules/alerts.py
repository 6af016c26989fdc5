"""The rules of alerts: what each watches, what it means when it finds something, what is to be done, and its threshold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fulfillment.health.facts import (
    LimitFacts,
    LiveCampaign,
    NotLive,
    OrganizationFacts,
    PlatformFacts,
    PoolFacts,
    Unmapped,
)
from fulfillment.rules import alert_checks as checks
from fulfillment.rules.alert_checks import Finding, Findings


class Unit(StrEnum):
    """What a threshold counts; ``NONE``: the rule has none."""

    NONE = ""
    MINUTES = "minutes"
    DAYS = "days"
    PERCENT = "percent"
    CLAIMS = "claims"
    VIEWERS = "viewers"


MOST: Mapping[Unit, int] = {
    Unit.MINUTES: 7 * 24 * 60,
    Unit.DAYS: 3650,
    Unit.PERCENT: 100,
    Unit.CLAIMS: 10_000,
    Unit.VIEWERS: 100_000,
}
"""The highest threshold that can be set; the lowest is 1."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. ``watches`` says what it looks for at which threshold, ``means`` and ``advice`` what a finding asks for."""

    key: str
    title: Promise
    watches: Promise
    means: Promise
    advice: Promise
    check: Callable[[OrganizationFacts, int], Findings]
    unit: Unit = Unit.NONE
    default: int = 0

    def findings(self, facts: OrganizationFacts, threshold: int | None = None) -> dict[str, Finding]:
        """Return what is wrong, by subject. ``threshold`` is in the rule's unit; None: the default."""
        limit = self.default if threshold is None else threshold
        return {finding.subject: finding for finding in self.check(facts, limit)}


_ALL = (
    Rule(
        key="silence",
        title=_("No claim while a campaign is live"),
        watches=_(
            "No webhook message of a platform brings a claim for this long while a campaign that it counts is live. "
            "The time runs from the campaign's start or the last such message, whichever is later."
        ),
        means=_(
            "Either nobody claims anything, or the platform's messages do not reach the portal. "
            "The sweep finds claims that no message brought, so none is lost, but they arrive late."
        ),
        advice=_(
            "Look in the platform's console whether there were claims. If so, use Check at the platform credential: it "
            "says how the platform learns the portal's webhook address. Event subscriptions must be at work."
        ),
        check=checks.silence,
        unit=Unit.MINUTES,
        default=360,
    ),
    Rule(
        key="revoked",
        title=_("Event subscription ended"),
        watches=_("A platform has ended or refused an event subscription that the portal needs, for longer than this."),
        means=_(
            "The platform no longer sends these events. The portal asks for the subscription again by itself; "
            "this alert comes when that has not helped. The sweep still brings claims, but later."
        ),
        advice=_(
            "Check the platform credential with its button *Check*: client secret, webhook secret, and that the portal "
            "can be reached from the internet."
        ),
        check=checks.revoked,
        unit=Unit.MINUTES,
        default=5,
    ),
    Rule(
        key="sweep_gap",
        title=_("Webhooks miss claims"),
        watches=_("At least this share of the last hour's claims, and at least 5, came only by the sweep."),
        means=_(
            "The platform has claims that it sent no message about, or the message was lost. "
            "They are in the portal now and are delivered; they only came later than they should."
        ),
        advice=_(
            "See the webhook counts for refused messages. If there are none, tell the platform that it leaves out messages."
        ),
        check=checks.sweep_gap,
        unit=Unit.PERCENT,
        default=10,
    ),
    Rule(
        key="sweep_stuck",
        title=_("Sweep does not come to its end"),
        watches=_("No sweep of a platform's claims came to its end for this long, or lists of it could not be read."),
        means=_("Claims that no webhook brings may be missing. The sweep goes on trying by itself."),
        advice=_(
            "See on the platform's side whether its claims API works. If only lists are unreadable, tell the platform which."
        ),
        check=checks.sweep_stuck,
        unit=Unit.MINUTES,
        default=60,
    ),
    Rule(
        key="failure_rate",
        title=_("Many deliveries fail"),
        watches=_("At least this share of the last hour's deliveries, of at least 20, was not taken by the game."),
        means=_(
            "The game refuses rewards or cannot be reached. What failed is tried again; what was refused waits for you."
        ),
        advice=_("Open the deliveries that failed and read what the game backend answered."),
        check=checks.failure_rate,
        unit=Unit.PERCENT,
        default=10,
    ),
    Rule(
        key="api_failing",
        title=_("A platform cannot be called"),
        watches=_("No call to a platform's API has succeeded for this long."),
        means=_(
            "Nothing can be swept, and the platform is not told what was delivered. Both are made up for by themselves "
            "once calls succeed again."
        ),
        advice=_("Check the platform credential with its button *Check*; it says what works and what does not."),
        check=checks.api_failing,
        unit=Unit.MINUTES,
        default=15,
    ),
    Rule(
        key="unmapped",
        title=_("Claims for something unknown"),
        watches=_("At least this many claims name a reward or a campaign that the portal does not know."),
        means=_("These claims wait in quarantine. Nothing is delivered for them, and nothing is lost."),
        advice=_("Map the id to a reward or campaign: all its claims are released at once."),
        check=checks.unmapped,
        unit=Unit.CLAIMS,
        default=1,
    ),
    Rule(
        key="not_live",
        title=_("A campaign is not what it should be"),
        watches=_(
            "A campaign should be live and is not, or is live and its claims cannot arrive or cannot be delivered."
        ),
        means=_("Viewers expect rewards that they cannot earn or do not receive."),
        advice=_("Publish the campaign or change its dates; enable what is switched off; end the pause."),
        check=checks.not_live,
    ),
    Rule(
        key="codes_low",
        title=_("Codes run out"),
        watches=_("A pool of codes is empty, or has as few free codes left as its own threshold says."),
        means=_(
            "Once it is empty, claims of its reward wait. None is lost: they get the next codes, the oldest first."
        ),
        advice=_("Import more codes on the page of the pool."),
        check=checks.codes_low,
    ),
    Rule(
        key="limit_near",
        title=_("A limit is nearly used up"),
        watches=_(
            "At least this share of what a limit allows of a campaign's reward was given out. Another alert tells when "
            "nothing is left."
        ),
        means=_("Over the limit, claims are held or refused, as the campaign says. What was given stays given."),
        advice=_(
            "Raise the limit on the campaign's page if there is more to give; what is held then goes on by itself."
        ),
        check=checks.limit_near,
        unit=Unit.PERCENT,
        default=80,
    ),
    Rule(
        key="write_back_late",
        title=_("A platform was not told of deliveries"),
        watches=_("A platform was to be told of a delivery this long ago and has not taken it yet, or refuses it."),
        means=_("The platform's console shows these claims as open, though their rewards have arrived in the game."),
        advice=_(
            "The portal goes on trying. Check the platform credential with its button *Check* if it does not pass."
        ),
        check=checks.write_back_late,
        unit=Unit.MINUTES,
        default=60,
    ),
    Rule(
        key="deliveries_late",
        title=_("Deliveries do not go out"),
        watches=_("A delivery has been due for this long, or no delivery worker was heard from for this long."),
        means=_("Rewards are late. None is lost: what is due goes out once it can."),
        advice=_(
            "See whether an endpoint is paused or switched off. If no worker is heard from, the portal's administrator "
            "starts one: manage.py drain."
        ),
        check=checks.deliveries_late,
        unit=Unit.MINUTES,
        default=15,
    ),
    Rule(
        key="secret_age",
        title=_("A secret is old"),
        watches=_("A platform credential's secret has been the same for this many days."),
        means=_("Nothing is broken. Whoever learnt a secret over time can still use it."),
        advice=_("Make a new secret in the platform's console and enter it at the platform credential."),
        check=checks.secret_age,
        unit=Unit.DAYS,
        default=365,
    ),
    Rule(
        key="grant_lapsed",
        title=_("Reports can no longer be read"),
        watches=_("The leave that somebody gave to read a platform's reports has lapsed."),
        means=_("No new figures of the platform are fetched. Claims and deliveries are not touched by it."),
        advice=_("Somebody with the right to see the platform's reports gives leave again, on the page of reports."),
        check=checks.grant_lapsed,
    ),
    Rule(
        key="authorizations_lapsed",
        title=_("Many viewers' authorizations lapsed"),
        watches=_(
            "At least this many linked viewers' authorizations at a platform seem to have lapsed, "
            "or more than the portal believes."
        ),
        means=_(
            "One by one that is normal. Many at once mean that the platform took back the app's authorizations, or that "
            "the client id was changed. Their links end if it lasts; no claim is lost, it waits for a new link."
        ),
        advice=_("Check that the platform credential has the client id that viewers linked with."),
        check=checks.authorizations_lapsed,
        unit=Unit.VIEWERS,
        default=20,
    ),
)

RULES: Mapping[str, Rule] = {rule.key: rule for rule in _ALL}
"""All rules by their keys, in the order in which they are shown."""


def example_of(rule: Rule, *, now: datetime) -> Finding:
    """Return a made-up finding of a rule, to try with whether its message arrives."""
    return next(iter(rule.findings(example_facts(now)).values()))


def example_facts(now: datetime) -> OrganizationFacts:
    """Return made-up facts of which every rule, at its default, finds at least one thing wrong."""
    long_ago, lately = now - timedelta(days=400), now - timedelta(hours=8)
    campaign = LiveCampaign(id="example", name="Example campaign", starts_at=lately, ends_at=now + timedelta(days=7))
    platform = PlatformFacts(
        credential_id="example",
        platform="example",
        name="Example platform",
        enabled=True,
        sends_claims=True,
        webhook_at=lately,
        claims_webhook_at=lately,
        first_swept_at=long_ago,
        sweep_at=lately,
        by_sweep_hour=12,
        by_webhook_hour=36,
        subscriptions={"enabled": 1, "ended": 1},
        subscription_ended_at=lately,
        succeeded_at=lately,
        failed_at=now,
        failures=9,
        problem="timed_out",
        write_backs=7,
        write_back_oldest=lately,
        lapsed=25,
        grant="lapsed",
        client_secret_set_at=long_ago,
        live=(campaign,),
    )
    return OrganizationFacts(
        organization_id="example",
        now=now,
        platforms=(platform,),
        unmapped=(
            Unmapped(
                platform="example", what="reward", platform_id="example-id", claims=3, first_at=lately, last_at=now
            ),
        ),
        pools=(PoolFacts(id="example", name="Example keys", free=12, low_stock=100),),
        limits=(
            LimitFacts(
                id="example",
                which="total",
                campaign_id="example",
                campaign="Example campaign",
                reward="Example reward",
                given=850,
                limit=1000,
            ),
        ),
        not_live=(NotLive(id="example", name="Example campaign", why="draft", since=lately),),
        delivered=30,
        failed=10,
        due=5,
        due_oldest=lately,
        worker_at=now,
    )
