"""Webhooks go out, as reliably as the faults that are on let them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from portal.sandbox.faulting import webhook_copies
from portal.sandbox.messages import Message
from portal.sandbox.sending import Outcome, send

MOST_SENDERS = 16


@dataclass(frozen=True)
class Told:
    """One webhook and what came back, once for each time it was sent; ``withheld`` says why it was not."""

    message: Message
    outcomes: tuple[Outcome, ...]
    withheld: str = ""

    def accepted(self) -> bool:
        """Whether it was taken at least once."""
        return any(outcome.accepted() for outcome in self.outcomes)

    def in_plain_words(self) -> str:
        """What became of it, a line."""
        if not self.outcomes:
            return f"Not sent. {self.withheld}"
        return "; ".join(outcome.in_plain_words(answer_limit=200) for outcome in self.outcomes)


def tell(*, platform: str, messages: Sequence[Message], senders: int = 1) -> list[Told]:
    """Send each of ``messages`` as often as the faults say, ``senders`` at a time; what came back, in their order."""
    plan = webhook_copies(platform, len(messages))
    # Copies stand beside each other: with several senders they arrive at the same time.
    sent = [message for message, (copies, _) in zip(messages, plan, strict=True) for _copy in range(copies)]
    if senders == 1 or len(sent) < 2:
        outcomes = iter([send(message) for message in sent])
    else:
        with ThreadPoolExecutor(max_workers=min(senders, MOST_SENDERS)) as pool:
            outcomes = iter(list(pool.map(send, sent)))
    return [
        Told(message, tuple(next(outcomes) for _copy in range(copies)), withheld)
        for message, (copies, withheld) in zip(messages, plan, strict=True)
    ]
