from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import call_command
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import Schedule

from fulfillment import tasks, workers
from fulfillment.schedules import JOBS, ensure_schedules
from linking.models import UsedLinkToken
from portal.models import PlatformCredential
from tests.factories import make_claim, make_credential, make_game, make_organization
from tests.fulfillment.deliveries import World
from tests.loopback import free_port, serving

pytestmark = pytest.mark.django_db


def public_pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_o1_every_job_exists_once_however_often_it_is_entered() -> None:
    assert ensure_schedules() == len(JOBS)
    moved = timezone.now() + timedelta(minutes=40)
    Schedule.objects.update(next_run=moved)
    Schedule.objects.create(name=JOBS[0].name, func="old.place", schedule_type=Schedule.ONCE)
    call_command("ensure_schedules", verbosity=0)
    assert Schedule.objects.count() == len(JOBS)
    for job in JOBS:
        row = Schedule.objects.get(name=job.name)
        assert (row.func, row.minutes, row.repeats, row.next_run) == (job.function, job.minutes, -1, moved)
        assert callable(import_string(job.function))


def test_p2_the_hourly_refresh_fetches_every_enabled_credentials_key_and_one_fault_stops_no_other(
    settings: pytest.FixtureRequest,
) -> None:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    pem = public_pem()
    with serving(lambda connection, _request: connection.reply_json({"data": {"public_key": pem}})) as kick:
        unreachable = make_credential(make_organization(), api_url=f"http://127.0.0.1:{free_port()}")
        fine = make_credential(make_organization(), api_url=kick.url, public_key="old")
        disabled = make_credential(make_organization(), api_url=kick.url, enabled=False)
        make_credential(make_organization(), "twitch")
        assert tasks.refresh_public_keys() == 2
    keys = dict(PlatformCredential.objects.values_list("pk", "public_key"))
    assert keys[fine.pk].strip() == pem.strip()
    assert (keys[unreachable.pk], keys[disabled.pk]) == ("", "")


def test_l2_used_link_tokens_go_when_they_have_expired() -> None:
    game, now = make_game(), timezone.now()
    UsedLinkToken.objects.create(game=game, token_id="old", expires_at=now - timedelta(seconds=1))
    UsedLinkToken.objects.create(game=game, token_id="new", expires_at=now + timedelta(minutes=5))
    assert tasks.remove_expired() == 1
    assert UsedLinkToken.objects.get().token_id == "new"


def test_o3_the_watch_says_when_no_worker_is_heard_from(caplog: pytest.LogCaptureFixture) -> None:
    assert "No delivery worker" in tasks.watch_over_delivery()
    assert "No delivery worker" in caplog.text
    workers.register(now=timezone.now())
    assert tasks.watch_over_delivery() == "ok"


def test_d1_the_watch_says_when_due_work_is_not_done() -> None:
    now = timezone.now()
    workers.register(now=now)
    world = World("https://game.example.org/")
    world.ready(2, now=now - timedelta(minutes=3))
    world.ready(1, now=now - timedelta(minutes=1))
    make_claim(world.game.organization, resolve_at=now - timedelta(minutes=3))
    assert "1 claims to resolve, 2 deliveries" in tasks.delivery_problem(now=now)
    world.endpoint.opened_at = world.endpoint.probe_at = now
    world.endpoint.save()
    assert "1 claims to resolve, 0 deliveries" in tasks.delivery_problem(now=now)


def test_p2_a_key_that_was_fetched_within_the_hour_is_left_alone(settings: pytest.FixtureRequest) -> None:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    now = timezone.now()
    for minutes in (30, 61):
        make_credential(
            make_organization(),
            api_url=f"http://127.0.0.1:{free_port()}",
            public_key="kept",
            public_key_fetched_at=now - timedelta(minutes=minutes),
        )
    assert tasks.refresh_public_keys() == 1
