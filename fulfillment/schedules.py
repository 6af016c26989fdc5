"""When the tasks of this app run. The scheduler looks every 30 seconds; what is due now is the drain's, not its."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule


@dataclass(frozen=True)
class Job:
    """One function and how many minutes lie between its runs."""

    name: str
    function: str
    minutes: int


JOBS = (
    Job("Refresh the platforms' public keys", "fulfillment.tasks.refresh_public_keys", 5),
    Job("Remove what has expired", "fulfillment.tasks.remove_expired", 60),
    Job("Look at how large tables have become", "portal.table_statistics.renew_statistics", 60),
    Job("Take up bulk actions that were interrupted", "fulfillment.bulk.take_up_due", 1),
    Job("Work out all waiting claims again", "fulfillment.tasks.look_at_all_again", 24 * 60),
    Job("Remove what is kept no longer", "fulfillment.tasks.apply_retention", 24 * 60),
    Job("Send notices by e-mail", "fulfillment.notices.tasks.send_mail", 1),
    Job("Remind of what soon can no longer be claimed", "fulfillment.notices.tasks.remind_of_closings", 60),
    Job("Tell platforms what was delivered", "fulfillment.tasks.write_back", 1),
    Job("Read platforms' claims for what webhooks missed", "fulfillment.tasks.sweep", 1),
    Job("Keep event subscriptions at platforms", "fulfillment.subscribing.tasks.keep_subscriptions", 1),
    Job("Ask which channels of game sessions are live", "fulfillment.game_state.tasks.ask_which_channels_are_live", 1),
    Job("Forget minutes that are over", "fulfillment.tasks.forget_minutes", 10),
    Job("Give what was waited for", "fulfillment.tasks.give_what_was_waited_for", 1),
    Job("Watch over delivery", "fulfillment.tasks.watch_over_delivery", 1),
    Job("Keep the tokens with which reports are read", "fulfillment.reports.tasks.keep_tokens", 1),
    Job("Fetch platforms' reports about games", "fulfillment.reports.tasks.fetch_reports", 5),
    Job("Register viewers with platforms", "campaigns.tasks.register_viewers", 1),
    Job("Look up imported lists of channels", "campaigns.tasks.resolve_channel_lists", 1),
    Job("Work out figures by day", "campaigns.tasks.work_out_days", 5),
    Job("Judge what is wrong", "fulfillment.alerts.tasks.judge", 1),
    Job("Tell of alerts", "fulfillment.alerts.tasks.send", 1),
    Job("Bring registrations in step with links", "linking.tasks.bring_registrations_in_step", 10),
    Job("Ask whether viewers still authorize the apps", "linking.tasks.check_authorizations", 1),
    Job("Keep track of whom to ask for", "linking.tasks.watch_links", 10),
)

RETIRED = ("Refresh Kick's public keys",)
"""The names of jobs of earlier versions: their functions are gone."""


def ensure_schedules() -> int:
    """Make the schedules what ``JOBS`` says, without moving the next run of one that is there. Returns how many are new.

    A job's name is its identity; django-q2 itself does not hold names unique, so doubles are removed here.
    """
    new = 0
    with transaction.atomic():
        Schedule.objects.filter(name__in=RETIRED).delete()
        for job in JOBS:
            first, *doubles = Schedule.objects.filter(name=job.name).order_by("pk") or [None]
            Schedule.objects.filter(pk__in=[double.pk for double in doubles]).delete()
            fields = {"func": job.function, "schedule_type": Schedule.MINUTES, "minutes": job.minutes, "repeats": -1}
            if first is None:
                Schedule.objects.create(name=job.name, next_run=timezone.now(), **fields)
                new += 1
            else:
                Schedule.objects.filter(pk=first.pk).update(**fields)
    return new
