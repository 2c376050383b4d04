"""What every environment shares: applications, middleware, templates, languages. No secrets."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from portal import env

BASE_DIR = Path(__file__).resolve().parents[2]
KIND = env.kind()
STATE_DIR = env.state_dir(BASE_DIR)
DEBUG = env.flag("DEBUG", default=False)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "portal.apps.CollectedFilesConfig",
    "django_htmx",
    "django_otp",
    "guardian",
    "auditlog",
    "rest_framework",
    "drf_spectacular",
    "tenants",
    "django_otp_webauthn",  # after tenants: its models refer to our person
    "charging",
    "billing",
    "portal",
]

MIDDLEWARE = [
    "portal.middleware.request_id.RequestIdMiddleware",
    "portal.middleware.compression.CompressionMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "portal.middleware.security_headers.SecurityHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "portal.middleware.bodies.BodiesMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.browser_session.BrowserSessionMiddleware",
    "portal.middleware.actor.ActorMiddleware",
    "portal.middleware.limiter_unavailable.LimiterUnavailableMiddleware",
    "portal.middleware.not_allowed.NotAllowedMiddleware",
]

# The platform's own process serves other doors, with another database role; see `portal.platform_urls`.
IS_PLATFORM = env.text("DATABASE_ROLE", "app") == "platform"
ROOT_URLCONF = "portal.platform_urls" if IS_PLATFORM else "portal.urls"
# Where a browser finds the other process, if not under the same host: bin/run gives each a port of its own.
PORTAL_ADDRESS = env.text("PORTAL_ADDRESS", "")
PLATFORM_ADDRESS = env.text("PLATFORM_ADDRESS", "")
WSGI_APPLICATION = "portal.wsgi.application"
APPEND_SLASH = True

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
                "portal.web.context.page",
            ]
        },
    }
]

FORM_RENDERER = "portal.form_rendering.QuickSelects"

AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "account:sign_in"
LOGIN_REDIRECT_URL = "home"

# django-guardian stores what a role may do; `tenants.permissions` is the only module that asks it.
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_MONKEY_PATCH_GROUP = False

# django-auditlog writes into our own table, which carries the operator.
AUDITLOG_LOGENTRY_MODEL = "tenants.AuditEntry"
AUDITLOG_STORE_JSON_CHANGES = True

# Passkeys: the portal is their relying party. A passkey is a second factor here, never a way around the password.
# A key is bound to the domain for good, so production names it; without it, and outside a development on
# whatever port, no passkeys are offered. `portal.web.account.passkey_site` decides.
PORTAL_DOMAIN = env.text("PORTAL_DOMAIN", "")
PORTAL_ORIGINS = env.words("PORTAL_ORIGINS", f"https://{PORTAL_DOMAIN}" if PORTAL_DOMAIN else "")
OTP_WEBAUTHN_RP_NAME = "Wattledger"
OTP_WEBAUTHN_RP_ID = PORTAL_DOMAIN or "localhost"
OTP_WEBAUTHN_ALLOWED_ORIGINS = PORTAL_ORIGINS or ["http://localhost"]
OTP_WEBAUTHN_ALLOW_PASSWORDLESS_LOGIN = False

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = [
    "guardian.W001",  # the object permission backend is left out on purpose
    "auth.E003",  # an address is there once by its mark, as it lies sealed itself (`tenants.models.user`)
]

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = "portal.formats"
LANGUAGE_CODE = "en"
LANGUAGES = [("sv", _("Swedish")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]

STATIC_URL = "static/"
STATIC_ROOT = STATE_DIR / "static"
WHITENOISE_USE_FINDERS = KIND == "test"  # tests collect nothing
STATICFILES_DIRS: list[Path | tuple[str, Path]] = [BASE_DIR / "static"]
UPLOT_DIR = BASE_DIR / "node_modules" / "uplot" / "dist"
if UPLOT_DIR.is_dir():  # without npm the charts fall back to their tables
    STATICFILES_DIRS.append(("uplot", UPLOT_DIR))
FONT_DIR = BASE_DIR / "node_modules" / "@fontsource-variable" / "hanken-grotesk"
if FONT_DIR.is_dir():  # without npm the reader's own sans serif is used
    STATICFILES_DIRS.append(("font", FONT_DIR))

DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = None
# The largest file that is taken: about two million sessions as text, ten times that compressed.
UPLOAD_LIMIT_MB = env.number("UPLOAD_LIMIT_MB", 200)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["portal.api.nobody.NobodyByDefault"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "portal.api.errors.problem_details",
    "DEFAULT_METADATA_CLASS": None,
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": None,
}

# How the API describes itself: see `portal.api.schema`.
SPECTACULAR_SETTINGS = {
    "TITLE": "Wattledger",
    "DESCRIPTION": "The API of one operator. How to get a key, page through lists and read errors: /api/.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}
