"""What an organization takes away as a file: claims, links, progress and overview, each row by row (see docs/support.md)."""

from fulfillment.exports.asked import Asked, Filter, Kind, rows_of
from fulfillment.exports.campaigns import OVERVIEW, PROGRESS
from fulfillment.exports.claims import CLAIMS
from fulfillment.exports.links import LINKS

__all__ = ["KINDS", "Asked", "Filter", "Kind", "rows_of"]

KINDS = {kind.key: kind for kind in (CLAIMS, LINKS, PROGRESS, OVERVIEW)}
