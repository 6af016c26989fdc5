"""Settings of the sandbox process. Never part of a production installation.

Environment: ``PORTAL_SANDBOX_DB`` (path of its SQLite file), ``PORTAL_SANDBOX_PORT`` (see
``portal.sandbox.server``) and ``PORTAL_SANDBOX_SECRET_KEY``.
"""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent

SECRET_KEY = os.environ.get("PORTAL_SANDBOX_SECRET_KEY", "sandbox-only-not-a-secret-0123456789abcdefghijkl")
DEBUG = False
# 127.0.0.1 against the portal's localhost: another host name, so that mistakes with cookies,
# redirects and content security policies show here as they would against the real platforms.
ALLOWED_HOSTS = ["127.0.0.1"]

DATABASE_FILE = Path(os.environ.get("PORTAL_SANDBOX_DB", str(REPOSITORY / "var" / "sandbox.sqlite3")))
DATABASE_FILE.parent.mkdir(parents=True, exist_ok=True)
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(DATABASE_FILE),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;",
        },
    }
}

INSTALLED_APPS = [
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "portal.sandbox",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.sandbox.middleware.FaultsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "portal.sandbox.urls"
WSGI_APPLICATION = "portal.sandbox.wsgi.application"
# The platforms' endpoints are at exact paths; a redirect that adds a slash would hide a mistake.
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Only its own folder: the portal's error pages beside it need what is not installed here.
        "DIRS": [REPOSITORY / "templates" / "sandbox"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# No sessions: messages live in a cookie. The names differ from the portal's.
SESSION_COOKIE_NAME = "sandbox_session"
CSRF_COOKIE_NAME = "sandbox_csrf"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# A webhook test may be two megabytes; the game backend must be able to read what it was sent.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # 4xx answers are what the sandbox is for; its pages show them.
    "loggers": {"django.request": {"level": "ERROR"}},
}
