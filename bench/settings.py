"""The portal's settings with the benchmark's own views beside the product's."""

from __future__ import annotations

from portal.settings import *  # noqa: F403
from portal.settings import Q_CLUSTER

ROOT_URLCONF = "bench.urls"

# For the queue that the worker is compared with the settings under which it was generous to it: tasks fetched in tens,
# and no row kept of those that went well.
Q_CLUSTER = {**Q_CLUSTER, "bulk": 10, "queue_limit": 50, "recycle": 100_000, "save_limit": -1}
