"""Settings for tests: the product's own, with quick password hashing and no shared state."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

if "PORTAL_DATA_DIR" not in os.environ:
    os.environ["PORTAL_DATA_DIR"] = tempfile.mkdtemp(prefix="drops-tests-")
    atexit.register(shutil.rmtree, os.environ["PORTAL_DATA_DIR"], ignore_errors=True)
os.environ.setdefault("DATABASE_URL", os.environ.get("TEST_DATABASE_URL", ""))
os.environ.setdefault("PORTAL_SANDBOX_URL", "http://127.0.0.1:8001")

from portal.settings import *  # noqa: F403
from portal.settings import Q_CLUSTER, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", "fulfillment.oauth.secrets.ClientSecretHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
Q_CLUSTER = {**Q_CLUSTER, "sync": True}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PORTAL_WEBHOOK_TALLY_SECONDS = 0  # no thread of its own: tests write the counts where they look at them

# Or each test client would look through all static files before its first request.
WHITENOISE_AUTOREFRESH = True
