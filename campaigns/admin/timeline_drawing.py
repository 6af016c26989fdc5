"""The drawing of the timeline: SVG made on the server, whose parts are told apart without colour. The list beside it says the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t

from portal.rules.charts import place_of

TOP = 36
ROW = 48
BAR = 18
_LABELLED_FROM = 9.0
"""Percent of the drawing: a narrower band has no room for its word."""
_LONGEST = 44


@dataclass(frozen=True, slots=True)
class Band:
    """A part of a bar: ``kind`` is announced, live or grace."""

    kind: str
    word: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Bar:
    """A campaign: its bands in order, when it shares anything with others, and what it says to who points at it."""

    name: str
    url: str
    told: str
    is_draft: bool
    bands: Sequence[Band]
    shared: Sequence[tuple[datetime, datetime]] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn between two moments; ``ticks`` are moments with their labels."""

    starts_at: datetime
    ends_at: datetime
    now: datetime
    ticks: Sequence[tuple[datetime, str]]
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        """Return how high it is, in pixels."""
        return TOP + ROW * len(self.bars) + 8

    def inside(self) -> SafeString:
        """Return what is inside the drawing."""
        parts = [self._axis(), *(self._bar(bar, TOP + ROW * number) for number, bar in enumerate(self.bars))]
        if self.starts_at <= self.now < self.ends_at:
            parts.append(self._now())
        return format_html_join("", "{}", ((part,) for part in parts))

    def _place(self, moment: datetime) -> float:
        return place_of(moment, start=self.starts_at, end=self.ends_at)

    def _axis(self) -> SafeString:
        return format_html_join(
            "",
            '<line class="drops-chart-grid" x1="{0}%" x2="{0}%" y1="{1}" y2="100%"/>'
            '<text class="drops-plan-tick" x="{0}%" dx="3" y="14">{2}</text>',
            ((self._place(moment), TOP - 16, label) for moment, label in self.ticks),
        )

    def _now(self) -> SafeString:
        return format_html(
            '<line class="drops-plan-now" x1="{0}%" x2="{0}%" y1="{1}" y2="100%"/>'
            '<text class="drops-plan-now-word" x="{0}%" dx="4" y="30">{2}</text>',
            self._place(self.now),
            TOP - 16,
            _t("now"),
        )

    def _bar(self, bar: Bar, top: int) -> SafeString:
        begins, ends = self._place(bar.bands[0].starts_at), self._place(bar.bands[-1].ends_at)
        from_end = begins > 60
        name = bar.name if len(bar.name) <= _LONGEST else f"{bar.name[:_LONGEST]}…"
        return format_html(
            '<a href="{}" tabindex="-1"><title>{}</title><rect class="drops-plan-row" x="0" y="{}" width="100%" height="{}"/>'
            '<text class="drops-plan-name{}" x="{}%" y="{}">{}</text>{}{}</a>',
            bar.url,
            bar.told,
            top,
            ROW - 2,
            " drops-plan-name-end" if from_end else "",
            ends if from_end else begins,
            top + 15,
            name,
            format_html_join("", "{}", ((part,) for part in self._bands(bar, top + 21))),
            self._shared(bar, top + 21 + BAR + 2),
        )

    def _bands(self, bar: Bar, y: int) -> Iterator[SafeString]:
        draft = " drops-plan-draft" if bar.is_draft else ""
        for band in bar.bands:
            begins, ends = self._place(band.starts_at), self._place(band.ends_at)
            if ends <= begins:
                continue
            width = round(ends - begins, 3)
            yield format_html(
                '<rect class="drops-plan-{}{}" x="{}%" y="{}" width="{}%" height="{}"/>',
                band.kind,
                draft,
                begins,
                y,
                width,
                BAR,
            )
            if width >= _LABELLED_FROM:
                yield format_html(
                    '<text class="drops-plan-word drops-plan-word-{}{}" x="{}%" y="{}">{}</text>',
                    band.kind,
                    draft,
                    round(begins + width / 2, 3),
                    y + 13,
                    band.word,
                )

    def _shared(self, bar: Bar, y: int) -> SafeString:
        places = ((self._place(begins), self._place(ends)) for begins, ends in bar.shared)
        return format_html_join(
            "",
            '<line class="drops-plan-shared" x1="{0}%" x2="{1}%" y1="{2}" y2="{2}"/>',
            ((begins, ends, y) for begins, ends in places if ends > begins),
        )
