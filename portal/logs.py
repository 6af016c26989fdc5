"""Log lines as JSON with the request id (O3): no secrets, no personal data beyond ids."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from portal.requests import request_id


class RequestIdFilter(logging.Filter):
    """Puts the current request's id on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id; let every record through."""
        record.request_id = request_id.get()
        return True


class JSONFormatter(logging.Formatter):
    """One JSON object a line. What a caller passes as ``extra={"facts": {...}}`` is added to it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if identifier := getattr(record, "request_id", ""):
            line["request_id"] = identifier
        if isinstance(facts := getattr(record, "facts", None), dict):
            line |= facts
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
