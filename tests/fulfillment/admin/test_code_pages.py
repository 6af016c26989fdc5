"""The pages of codes and limits in the admin (D8, S1): who may what, codes masked, imports, alerts and the start page."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import CampaignReward
from campaigns.preflight import preflight
from fulfillment.code_card import limit_lines, pool_lines
from fulfillment.code_search import claims_by_code
from fulfillment.health.reading import read_facts
from fulfillment.models import CodeImport, CodePool, RewardCode
from fulfillment.rules.alerts import RULES
from fulfillment.rules.states import State
from portal.models import AuditEntry
from portal.roles import Role
from tests.admin_pages import sign_in, url
from tests.factories import NOW, make_reward
from tests.fulfillment.admin.story import Studio
from tests.fulfillment.stock import make_codes

pytestmark = pytest.mark.django_db

POOL = "fulfillment.codepool"
CODE = "fulfillment.rewardcode"


def pool_of(studio: Studio, codes: int = 0, **fields: Any) -> CodePool:
    values = {"name": "Steam keys", "low_stock": 2, "reward": studio.reward, **fields}
    pool = CodePool.objects.create(organization=studio.organization, **values)
    make_codes(pool, codes)
    return pool


def as_(studio: Studio, role: Role) -> Client:
    return sign_in(studio.members[role])


def test_d8_a_pool_is_made_and_leads_on_to_importing(studio: Studio) -> None:
    client = as_(studio, Role.PRODUCER)
    data = {"name": "Keys", "reward": studio.reward.pk, "label": "", "instructions": "", "low_stock": "50"}
    answer = client.post(url(POOL, "add"), data)
    pool = CodePool.objects.get()
    assert answer.headers["Location"] == url(POOL, "import", pool.pk)
    again = client.post(url(POOL, "add"), data)
    assert "draws from the pool “Keys” already" in again.content.decode()


def test_d8_a_file_is_read_shown_and_imported(studio: Studio) -> None:
    client, pool = as_(studio, Role.PRODUCER), pool_of(studio)
    file = SimpleUploadedFile("codes.csv", b"code\nAAAA-0001\nAAAA-0002\nAAAA-0001\n")
    read = client.post(url(POOL, "import", pool.pk), {"file": file})
    confirm = read.headers["Location"]
    page = client.get(confirm).content.decode()
    assert "2 new codes" in page
    assert "Line 4: the same as line 2" in page
    assert "AAAA-0001" not in page
    client.post(confirm)
    assert pool.codes.count() == 2
    assert client.get(confirm).status_code == 302  # imported already
    assert AuditEntry.objects.get(action="imported codes").after["codes"] == 2


@pytest.mark.parametrize(
    ("data", "said"),
    [({}, "one of the two"), ({"pasted": "\n"}, "one of the two"), ({"pasted": "code"}, "There is no code in it")],
)
def test_d8_an_import_of_nothing_says_so(studio: Studio, data: dict[str, str], said: str) -> None:
    pool = pool_of(studio)
    answer = as_(studio, Role.PRODUCER).post(url(POOL, "import", pool.pk), data)
    assert said in answer.content.decode()
    assert not CodeImport.objects.exists()


def test_d8_a_file_that_is_no_text_is_refused(studio: Studio) -> None:
    pool = pool_of(studio)
    file = SimpleUploadedFile("codes.csv", b"AAAA\xff\xfe\n")
    answer = as_(studio, Role.PRODUCER).post(url(POOL, "import", pool.pk), {"file": file})
    assert "not text in UTF-8" in answer.content.decode()


def test_d8_lists_show_the_end_of_a_code_and_no_more(studio: Studio) -> None:
    pool = pool_of(studio, codes=3)
    client = as_(studio, Role.ANALYST)
    code = pool.codes.order_by("pk")[1]
    for page in (url(CODE, "changelist"), url(CODE, "change", code.pk), url(POOL, "change", pool.pk)):
        text = client.get(page).content.decode()
        assert "CODE-" not in text
    assert f"…{code.suffix}" in client.get(url(CODE, "changelist") + f"?q={code.suffix}").content.decode()


def test_d8_looking_at_a_code_needs_the_right_and_a_reason(studio: Studio) -> None:
    pool = pool_of(studio, codes=1)
    code = pool.codes.get()
    page = url(CODE, "reveal", code.pk)
    for role in (Role.SUPPORT, Role.ANALYST):
        assert as_(studio, role).post(page, {"reason": "curious"}).status_code == 403
    producer = as_(studio, Role.PRODUCER)
    assert code.value not in producer.post(page, {"reason": ""}).content.decode()
    shown = producer.post(page, {"reason": "ticket 7"})
    assert code.value in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    assert AuditEntry.objects.get(action="looked at code").reason == "ticket 7"


def test_d8_revoking_takes_one_free_code_or_all(studio: Studio) -> None:
    pool = pool_of(studio, codes=3)
    producer = as_(studio, Role.PRODUCER)
    producer.post(url(CODE, "revoke", pool.codes.first().pk), {"reason": "leaked"})
    assert pool.codes.filter(state="revoked").count() == 1
    assert as_(studio, Role.SUPPORT).post(url(POOL, "revoke", pool.pk), {"reason": "x"}).status_code == 403
    producer.post(url(POOL, "revoke", pool.pk), {"reason": "the shop is closed"})
    assert pool.codes.filter(state="revoked").count() == 3


def test_s1_another_organizations_codes_do_not_exist(studio: Studio, elsewhere: Studio) -> None:
    pool = pool_of(elsewhere, codes=1)
    client = as_(studio, Role.OWNER)
    code = pool.codes.get()
    for page in (
        *(url(POOL, name, pool.pk) for name in ("change", "import", "revoke")),
        *(url(CODE, name, code.pk) for name in ("change", "reveal", "revoke")),
    ):
        assert client.get(page).status_code == 404
    assert code.suffix not in client.get(url(CODE, "changelist")).content.decode()


def test_d8_the_stock_as_a_file_has_counts_and_no_code(studio: Studio) -> None:
    pool_of(studio, codes=3, name="=Keys")
    text = b"".join(as_(studio, Role.ANALYST).get(url(POOL, "stock"))).decode()  # type: ignore[arg-type]
    assert text.splitlines()[1].startswith("'=Keys,,Comet Cloak,")
    assert text.splitlines()[1].endswith(",2,3,0,0,0,0")
    assert "CODE-" not in text


def test_d8_lists_cost_the_same_for_one_and_for_twenty(studio: Studio) -> None:
    client = as_(studio, Role.PRODUCER)
    pool = pool_of(studio, codes=1)

    def cost(page: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page).status_code == 200
        return len(queries)

    before = [cost(url(POOL, "changelist")), cost(url(CODE, "changelist"))]
    make_codes(pool, 20, start=10)
    for _ in range(20):
        pool_of(studio, reward=make_reward(studio.game, image=False))
    assert [cost(url(POOL, "changelist")), cost(url(CODE, "changelist"))] == before
    assert max(before) <= 20


def test_d8_alerts_tell_of_pools_that_run_low_and_of_limits_nearly_used_up(studio: Studio) -> None:
    pool = pool_of(studio, codes=2)
    CampaignReward.objects.filter(pk=studio.offer.pk).update(limit_total=1)
    facts = read_facts(studio.organization, now=NOW)
    assert [str(one.sentence) for one in RULES["codes_low"].findings(facts).values()] == [
        "The pool of codes Steam keys runs low. Free codes left: 2."
    ]
    assert RULES["limit_near"].findings(facts) == {}
    pool.codes.update(state="revoked")
    assert "is empty" in str(
        next(iter(RULES["codes_low"].findings(read_facts(studio.organization, now=NOW)).values())).sentence
    )


def test_c5_the_preflight_warns_of_too_few_codes(studio: Studio) -> None:
    pool_of(studio, codes=1)
    found = [one.code for one in preflight(studio.campaign, now=NOW)]
    assert "few_codes" in found


def test_d8_a_campaign_of_codes_alone_needs_no_endpoint(studio: Studio) -> None:
    studio.endpoint.delete()
    assert "no_way_to_deliver" in [one.code for one in preflight(studio.campaign, now=NOW)]
    pool_of(studio, codes=9)
    assert "no_way_to_deliver" not in [one.code for one in preflight(studio.campaign, now=NOW)]
    assert read_facts(studio.organization, now=NOW).not_live == ()


def test_d8_support_finds_a_claim_by_the_end_of_its_code(studio: Studio) -> None:
    pool = pool_of(studio, codes=2)
    claim = studio.claim(State.DELIVERED, "code_assigned")
    code = pool.codes.order_by("pk").first()
    RewardCode.objects.filter(pk=code.pk).update(state="assigned", claim=claim, assigned_at=NOW)
    assert claims_by_code(studio.organization, code.suffix) == [claim.pk]
    assert claims_by_code(studio.organization, f"…{code.suffix}") == [claim.pk]
    assert claims_by_code(studio.organization, "CODE-too-long") == []


def test_d8_the_start_page_has_what_runs_out_for_one_query_each(studio: Studio, rf: Any) -> None:
    pool_of(studio, codes=1)
    request = rf.get("/admin/")
    request.user, request.session = studio.members[Role.PRODUCER], {}
    list(pool_lines(request, studio.organization, timezone.now()))
    with CaptureQueriesContext(connection) as queries:
        [line] = pool_lines(request, studio.organization, timezone.now())
    assert (line.label, line.attention, len(queries)) == ("Codes: Steam keys", True, 1)
    with CaptureQueriesContext(connection) as queries:
        assert list(limit_lines(request, studio.organization, timezone.now())) == []
    assert len(queries) == 1


def test_d8_removing_a_pool_that_never_had_a_code_has_its_waiting_claims_go_on(studio: Studio) -> None:
    pool = pool_of(studio)
    claim = studio.claim(State.HELD, "pool_empty")
    as_(studio, Role.PRODUCER).post(url(POOL, "delete", pool.pk), {"post": "yes"})
    assert not CodePool.objects.exists()
    claim.refresh_from_db()
    assert claim.resolve_at is not None
