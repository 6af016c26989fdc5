"""Sends a webhook by hand, whole or with a fault, and says what came back."""

from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.sandbox.claiming import private_key
from portal.sandbox.eventsub import subscription_of
from portal.sandbox.faults import EXPECTED, Fault, Wire, requests_for, with_fault
from portal.sandbox.messages import (
    Grant,
    Message,
    kick_body,
    kick_message,
    twitch_challenge_body,
    twitch_grant_body,
    twitch_message,
    twitch_revocation_body,
)
from portal.sandbox.models import (
    Application,
    CampaignReward,
    Platform,
    PlatformUser,
    new_platform_id,
    new_uuid,
)
from portal.sandbox.sending import TIMEOUT_SECONDS, send

TYPES = {
    "notification": "notification",
    "challenge": "webhook_callback_verification",
    "revocation": "revocation",
}


class Command(BaseCommand):
    """For producers who test: every id has a default from the sandbox's first campaign and user."""

    help = "Send a claim webhook as Kick or Twitch would, or with a fault, and print what came back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Platform, address, fault, and any id to use instead of the sandbox's own."""
        parser.add_argument("platform", choices=Platform.values)
        parser.add_argument(
            "--to",
            help="Webhook URL. Default: the one registered in the sandbox's console.",
        )
        parser.add_argument(
            "--fault",
            choices=[fault.value for fault in Fault],
            help="What is wrong with it.",
        )
        parser.add_argument("--type", choices=TYPES, default="notification", help="Twitch only.")
        parser.add_argument("--claim", help="Claim (entitlement) id. Default: a new one.")
        parser.add_argument("--user", help="User id. Default: the platform's first user.")
        parser.add_argument("--campaign", help="Campaign id. Default: the first campaign's.")
        parser.add_argument(
            "--reward",
            help="Reward (benefit) id. Default: the campaign's first reward.",
        )
        parser.add_argument("--external-id", help="Kick only: the reward's external id.")
        parser.add_argument(
            "--secret",
            help="Twitch only: EventSub secret. Default: the registered one.",
        )
        parser.add_argument(
            "--count",
            type=int,
            default=3,
            help="Events in one message with --fault batch.",
        )
        parser.add_argument(
            "--timeout",
            type=float,
            default=TIMEOUT_SECONDS,
            help="Seconds to wait for an answer.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Build, sign, break if asked to, send, and print."""
        app = Application.objects.filter(platform=options["platform"]).first()
        if app is None:
            raise CommandError("The sandbox is empty: run seed_sandbox first.")
        url = options["to"] or app.webhook_url
        if not url:
            raise CommandError("Say where to with --to, or enter the webhook URL in the sandbox's console.")
        fault = Fault(options["fault"]) if options["fault"] else None
        self._refuse_what_the_platform_never_sends(app.platform, fault, options)
        if options["secret"]:
            app.webhook_secret = options["secret"]
        now = timezone.now()
        body = self._body(app, fault, options, now)
        wire = Wire(platform=app.platform, sign=self._signer(app, url, TYPES[options["type"]]))
        requests = requests_for(wire=wire, body=body, fault=fault, now=now)
        if fault:
            self.stdout.write(f"Fault: {fault}. A careful receiver: {EXPECTED[fault]}.\n")
        unanswered = [message for message in requests if not self._send(message, options["timeout"])]
        if unanswered:
            raise CommandError("No answer came.")

    def _refuse_what_the_platform_never_sends(
        self, platform: str, fault: Fault | None, options: dict[str, Any]
    ) -> None:
        if platform == Platform.KICK and options["type"] != "notification":
            raise CommandError("Only Twitch sends challenges and revocations.")
        if platform == Platform.KICK and fault is Fault.BATCH:
            raise CommandError("Kick sends one claim in each request; only Twitch batches.")
        if options["count"] < 1:
            raise CommandError("--count must be at least 1.")

    def _send(self, message: Message, timeout_seconds: float) -> bool:
        """Send one request and print both sides; whether any answer came."""
        self.stdout.write(message.in_plain_words(body_limit=1500))
        outcome = send(message, timeout_seconds=timeout_seconds)
        self.stdout.write(f"\n{outcome.in_plain_words()}\n")
        return outcome.status is not None

    def _signer(self, app: Application, url: str, message_type: str) -> Callable[[bytes, datetime], Message]:
        message_id = new_platform_id(app.platform)
        if app.platform == Platform.KICK:
            pem = private_key(Platform.KICK)
            return lambda body, at: kick_message(url=url, body=body, private_pem=pem, message_id=message_id, sent_at=at)
        if not app.webhook_secret:
            raise CommandError("Twitch signs with a secret: give it with --secret or in the sandbox's console.")
        return lambda body, at: twitch_message(
            url=url,
            body=body,
            secret=app.webhook_secret,
            message_id=message_id,
            sent_at=at,
            message_type=message_type,
        )

    def _body(
        self,
        app: Application,
        fault: Fault | None,
        options: dict[str, Any],
        now: datetime,
    ) -> bytes:
        subscription = subscription_of(app)
        if options["type"] == "challenge":
            return twitch_challenge_body(subscription=subscription, sent_at=now)[0]
        if options["type"] == "revocation":
            return twitch_revocation_body(subscription=subscription, sent_at=now)
        grant = with_fault(self._grant(app.platform, options, now), fault)
        if app.platform == Platform.KICK:
            if not grant.user_id.isdigit():
                raise CommandError("Kick's user ids are whole numbers.")
            return kick_body(grant)
        grants = self._batch(grant, options["count"]) if fault is Fault.BATCH else [grant]
        return twitch_grant_body(subscription=subscription, grants=grants, sent_at=now)

    def _grant(self, platform: str, options: dict[str, Any], now: datetime) -> Grant:
        entries = CampaignReward.objects.filter(campaign__platform=platform).select_related(
            "campaign__category", "reward"
        )
        if options["campaign"]:
            entries = entries.filter(campaign__campaign_id=options["campaign"]).order_by("pk") or entries
        entry = entries.filter(reward__reward_id=options["reward"]).first() or entries.order_by("pk").first()
        users = PlatformUser.objects.filter(platform=platform).order_by("pk")
        user = users.filter(user_id=options["user"]).first() or users.first()
        if entry is None or user is None:
            raise CommandError("The sandbox is empty: run seed_sandbox first.")
        grant = Grant(
            claim_id=options["claim"] or new_platform_id(platform),
            user_id=options["user"] or user.user_id,
            user_login=user.login,
            user_name=user.display_name,
            campaign_id=options["campaign"] or entry.campaign.campaign_id,
            reward_id=options["reward"] or entry.reward.reward_id,
            external_id=entry.reward.external_id,
            category_id=entry.campaign.category.category_id,
            category_name=entry.campaign.category.name,
            claimed_at=now,
            event_id=new_uuid(),
        )
        return replace(grant, external_id=options["external_id"]) if options["external_id"] else grant

    def _batch(self, grant: Grant, count: int) -> list[Grant]:
        """The claim, and more of the same reward by the platform's other users in turn."""
        users = list(PlatformUser.objects.filter(platform=Platform.TWITCH).order_by("pk"))
        batch = [grant]
        for number in range(1, count):
            user = users[number % len(users)]
            batch.append(
                replace(
                    grant,
                    claim_id=new_uuid(),
                    event_id=new_uuid(),
                    user_id=user.user_id,
                    user_login=user.login,
                    user_name=user.display_name,
                )
            )
        return batch
