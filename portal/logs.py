"""Log lines as JSON with the request id (O3): no secrets, no personal data beyond ids."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

from portal.requests import request_id

# Django itself logs the path of what it refuses, also of an address that is nearly a webhook's (P1).
_WEBHOOK_TOKEN = re.compile(r"(/webhooks/[^\s?]*?)[A-Za-z0-9_-]{32,}", re.IGNORECASE)
# So are links that are good for whoever has them: to a report's file (A1), and to the end of e-mails.
_SIGNED_LINK = re.compile(r"(/(?:analytics/files|notices/unsubscribe)/)[^\s?]+", re.IGNORECASE)
# gunicorn writes the address and the line of a request that it cannot read, such as one with a space in its query.
_UNREADABLE = re.compile(r"Invalid request from ip=\S*: ([A-Za-z ]+)")


def without_tokens(text: str) -> str:
    """Return ``text`` with the token of every webhook address, and of every signed link, in it replaced."""
    return _SIGNED_LINK.sub(r"\1[token]", _WEBHOOK_TOKEN.sub(r"\1[token]", text))


class RequestIdFilter(logging.Filter):
    """Puts the current request's id on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id; let every record through."""
        record.request_id = request_id.get()
        return True


class UnreadableRequestFilter(logging.Filter):
    """Takes the request out of what gunicorn says of one that it cannot read: clients send their secrets in queries, too."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Leave what was wrong with it; let every record through."""
        if found := _UNREADABLE.match(record.getMessage()):
            record.msg, record.args = f"A request was refused that cannot be read: {found[1].strip()}.", ()
        return True


class JSONFormatter(logging.Formatter):
    """One JSON object a line. What a caller passes as ``extra={"facts": {...}}`` is added to it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_tokens(record.getMessage()),
        }
        if identifier := getattr(record, "request_id", ""):
            line["request_id"] = identifier
        if isinstance(facts := getattr(record, "facts", None), dict):
            line |= facts
        if record.exc_info:
            line["error"] = without_tokens(self.formatException(record.exc_info))
        return json.dumps(line, default=str)
