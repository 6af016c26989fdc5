"""Pages in Twitch's shape are those of a simple model, whatever happens between two of them (A3)."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.models import Claim
from tests.fulfillment.api.shape import Studio, hide, show
from tests.fulfillment.api.twitch.helix import Helix

STEPS = st.lists(
    st.tuples(st.sampled_from(["arrive", "hide", "show", "fulfil", "page", "page"]), st.integers(0, 9)), max_size=25
)


class TestPagesLikeTheModel(Helix):
    """Whatever happens between two pages, they are what a list in the order of becoming visible gives (A3)."""

    @given(steps=STEPS, first=st.integers(1, 3), fulfilled=st.sampled_from([None, True, False]), wide=st.booleans())
    @settings(max_examples=25)
    def test_a3_pages_are_those_of_a_simple_model(
        self, steps: list[tuple[str, int]], first: int, fulfilled: bool | None, wide: bool
    ) -> None:
        self.studio = Studio("twitch", other_platforms=wide, points_per_minute=1_000_000)
        asked: dict[str, Any] = {} if fulfilled is None else {"fulfilled": fulfilled}
        claims: list[Claim] = []
        order: list[int] = []  # what became visible, in this order; what came back has its new place alone
        hidden, done = set[int](), set[int]()
        passed, after = 0, None  # how many of the order the reader has passed, and its cursor
        places: dict[int, int] = {}

        def visible(number: int) -> bool:
            seen = wide or claims[number].platform == "twitch"
            return seen and number not in hidden and (fulfilled is None or (number in done) is fulfilled)

        for step, which in [*steps, *[("page", 0)] * 12]:
            if step == "page":
                response = self.ask(self.studio.headers, limit=first, after=after, **asked)
                due = [n for place, n in enumerate(order) if place >= passed and places[n] == place and visible(n)]
                expected = due[:first]
                assert [item["id"] for item in self.items(response)] == [shown_id(claims[n]) for n in expected]
                assert (self.cursor(response) is not None) is (len(due) > first)
                if len(due) > first:
                    after, passed = self.cursor(response), places[expected[-1]] + 1
            elif step == "arrive" or not claims:
                claims.append(self.studio.claim(platform="kick" if which % 3 == 0 else "twitch"))
                order.append(len(claims) - 1)
                places[len(claims) - 1] = len(order) - 1
            elif step == "hide" and (number := which % len(claims)) not in done:
                hide(claims[number])
                hidden.add(number)
            elif step == "show" and (number := which % len(claims)) in hidden:
                show(claims[number])
                hidden.remove(number)
                order.append(number)
                places[number] = len(order) - 1
            elif step == "fulfil":
                number = which % len(claims)
                failed = self.not_updated(self.update(self.studio.headers, [shown_id(claims[number])]))
                mine = wide or claims[number].platform == "twitch"
                assert bool(failed) is (number in hidden or not mine)
                done |= set() if failed else {number}


def shown_id(claim: Claim) -> str:
    return claim.platform_claim_id if claim.platform == "twitch" else claim.pk
