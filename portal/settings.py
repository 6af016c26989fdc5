"""Django settings, made from :mod:`portal.env`. What an operator may set is there, what follows from it is here."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.conf import global_settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from portal import platforms
from portal.env import Env, setting_name

try:
    ENV = Env()
except ValidationError as error:
    faults = [f"  {setting_name(str(e['loc'][0]))}: {e['msg']}" for e in error.errors(include_input=False)]
    raise ImproperlyConfigured("The environment does not fit:\n" + "\n".join(faults)) from None

BASE_DIR = Env.model_fields["data_dir"].default.parent
DATA_DIR = ENV.data_dir
DATA_DIR.mkdir(parents=True, exist_ok=True)

PRODUCTION = ENV.production
DEBUG = ENV.debug
SECRET_KEY = ENV.secret_key.get_secret_value()
SECRET_KEY_FALLBACKS = ENV.secret_key_fallbacks
BASE_URL = ENV.base_url.rstrip("/")
_HTTPS = BASE_URL.startswith("https://")
_HOST = urlsplit(BASE_URL).hostname or "localhost"
ALLOWED_HOSTS = ENV.allowed_hosts or ([] if PRODUCTION else [_HOST, "localhost"])

# What the portal's own modules read.
PORTAL_ENCRYPTION_KEYS = ENV.encryption_keys or ([] if PRODUCTION else [SECRET_KEY])
PORTAL_ERASURE_KEYS = ENV.erasure_keys
PORTAL_RETENTION = ENV.retention
PORTAL_OUTBOUND_ALLOWED_NETWORKS = ENV.outbound_allowed_networks
PORTAL_ALLOW_HTTP_LOOPBACK = ENV.allow_http_loopback if ENV.allow_http_loopback is not None else not PRODUCTION
PORTAL_SANDBOX_URL = ENV.sandbox_url if ENV.sandbox_url is not None else ("" if PRODUCTION else "http://127.0.0.1:8001")
# Game servers come to the gateways by a port of their own, or in production through the proxy that stands before all.
PORTAL_GATEWAY_BIND = ENV.gateway_bind or f"127.0.0.1:{(urlsplit(BASE_URL).port or 8000) + 2}"
PORTAL_GATEWAY_URL = ENV.gateway_url or (
    f"{'wss' if _HTTPS else 'ws'}://{urlsplit(BASE_URL).netloc}/game-state/v1"
    if PRODUCTION
    else f"ws://localhost:{PORTAL_GATEWAY_BIND.rpartition(':')[2]}/game-state/v1"
)
PORTAL_GATEWAY_PROCESSES = ENV.gateway_processes
PORTAL_GATEWAY_CONNECTIONS = ENV.gateway_connections
PORTAL_STAFF_SECOND_FACTOR = ENV.staff_second_factor if ENV.staff_second_factor is not None else PRODUCTION
PORTAL_SITE_NAME = ENV.site_name
PORTAL_SUPPORT_URL = ENV.support_url
PORTAL_METRICS_TOKEN = ENV.metrics_token.get_secret_value()

INSTALLED_APPS = [
    "portal.apps.PortalConfig",
    "campaigns.apps.CampaignsConfig",
    "linking.apps.LinkingConfig",
    "fulfillment.apps.FulfillmentConfig",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.idp.oidc",
    "linking.providers.chzzk",
    "linking.providers.kick",
    "linking.providers.twitch",
    "rest_framework",
    "drf_spectacular",
    "django_q",
    "csp",
]

MIDDLEWARE = [
    "portal.requests.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.requests.RefuseNulMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.staff.SessionActivityMiddleware",
    "portal.staff.SecondFactorMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.site",
            ]
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
INSTALLED_APPS.append("django.forms")

# Database: SQLite needs IMMEDIATE transactions, WAL and a time-out, or writers lose to each other (docs/decisions).
DATABASES: dict[str, dict[str, Any]] = {
    "default": dict(dj_database_url.parse(ENV.database_url or f"sqlite:///{DATA_DIR / 'portal.sqlite3'}"))
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;"
            "PRAGMA journal_size_limit=27103364;PRAGMA cache_size=-20000;"
        ),
    }
    # Opening a file, setting it up and, at the last close, a checkpoint cost several times what a request does.
    DATABASES["default"]["CONN_MAX_AGE"] = 300
else:
    # Persistent connections, not psycopg's pool: the worker forks, and a pool does not survive that.
    DATABASES["default"].update(CONN_MAX_AGE=300, CONN_HEALTH_CHECKS=True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

if ENV.redis_url:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": ENV.redis_url}}
else:
    CACHES = {"default": {"BACKEND": "portal.shared_cache.SharedTable", "LOCATION": "portal_cache"}}

Q_CLUSTER: dict[str, Any] = {
    "name": "drops",
    "workers": 2,
    "queue_limit": 2,
    "bulk": 1,
    "timeout": 30,
    "retry": 180,
    "max_attempts": 3,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": 250,
    "guard_cycle": 1,
    "poll": 0.5,
    "recycle": 500,
    "label": "Background jobs",
}
Q_CLUSTER |= {"redis": ENV.redis_url} if ENV.redis_url else {"orm": "default"}

# Who signs in, and how (I1).
AUTH_USER_MODEL = "portal.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# Passwords are Django's default's. Ours is for the secrets of API clients, which are random and need no slow hashing.
PASSWORD_HASHERS = [*global_settings.PASSWORD_HASHERS, "fulfillment.oauth.secrets.ClientSecretHasher"]
# Tokens of the partner API (A1). Kick's refresh tokens can be used again; after a year a player is asked anew.
IDP_OIDC_ADAPTER = "fulfillment.oauth.adapter.OIDCAdapter"
IDP_OIDC_ROTATE_REFRESH_TOKEN = False
IDP_OIDC_REFRESH_TOKEN_EXPIRES_IN = 365 * 24 * 3600
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_ADAPTER = "linking.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "linking.adapters.SocialAccountAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_AUTO_SIGNUP = True
ALLAUTH_TRUSTED_PROXY_COUNT = ENV.trusted_proxies
USERSESSIONS_TRACK_ACTIVITY = True
MFA_ADAPTER = "portal.staff.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION

SESSION_COOKIE_NAME = "drops_session"
CSRF_COOKIE_NAME = "drops_csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
if ENV.trusted_proxies:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CSRF_FAILURE_VIEW = "portal.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 9 * 1024 * 1024  # heartbeats may have 8 MiB (P1); claim webhooks check their own 1 MiB

# S3: viewer pages load nothing from elsewhere. A form may lead to a platform's consent page, and to nowhere else.
_FORM_TARGETS = sorted({*platforms.form_origins(), *([PORTAL_SANDBOX_URL] if PORTAL_SANDBOX_URL else [])})
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF, *_FORM_TARGETS],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
# Unfold's scripts evaluate expressions and set styles: the admin, and nothing else, allows both.
ADMIN_CONTENT_SECURITY_POLICY = {
    "script-src": [SELF, UNSAFE_EVAL, NONCE],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:", "blob:"],
    "connect-src": [SELF],
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
FORMAT_MODULE_PATH = ["portal.formats"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
MEDIA_URL = "/media/"
STORAGES = {
    "default": {"BACKEND": "portal.storage.DatabaseStorage"},
    "staticfiles": {
        # Development serves straight from the apps; production collects, compresses and hashes first.
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_MANIFEST_STRICT = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "fulfillment.api.docs.schema.DescribedSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.1",
    "TITLE": "Drops Portal: partner API",
    "VERSION": "1",
    "PREPROCESSING_HOOKS": ["fulfillment.api.docs.schema.only_partner_api"],
    "POSTPROCESSING_HOOKS": ["fulfillment.api.docs.schema.complete"],
    "SORT_OPERATIONS": False,
}

PORTAL_SENDS_MAIL = bool(ENV.email_url)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENV.email_from
if ENV.email_url:
    _mail = urlsplit(ENV.email_url)
    EMAIL_HOST, EMAIL_PORT = _mail.hostname or "localhost", _mail.port or 587
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.username or "", _mail.password or ""
    EMAIL_USE_TLS = "tls=0" not in _mail.query
    EMAIL_TIMEOUT = 10
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "portal.logs.RequestIdFilter"}},
    "formatters": {"json": {"()": "portal.logs.JSONFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["request_id"]}},
    "root": {"handlers": ["stderr"], "level": ENV.log_level},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "propagate": False},
        "oauthlib": {"level": "INFO"},  # what it says below that holds tokens and codes
        "django-q": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": PORTAL_SITE_NAME,
    "SITE_HEADER": PORTAL_SITE_NAME,
    "SITE_SYMBOL": "redeem",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "ENVIRONMENT": "portal.admin_site.environment",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "portal.admin_site.icon"}],
    "STYLES": ["portal.admin_site.stylesheet"],
    "ACCOUNT": {"navigation": "portal.admin_site.account_links"},
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": "portal.admin_site.navigation"},
}
