"""Secrets, cookies, transport, passwords; and what production refuses to start with."""

from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured

from portal import env, transport
from portal.settings.backends import DATABASE_ROLE, DATABASE_ROLES
from portal.settings.base import DEBUG, KIND

INSECURE_KEY = "insecure-key-of-development-and-tests-only"
SECRET_KEY = env.secret("SECRET_KEY", None if KIND == "production" else INSECURE_KEY)
# What encrypts secrets in the database and signs seals (`tenants.crypto`): base64 of 32 random bytes each, newest
# first, separated by spaces. Not derived from SECRET_KEY: that one may be changed without losing anything.
INSECURE_ENCRYPTION_KEY = "aW5zZWN1cmUta2V5LW9mLWRldmVsb3BtZW50LXRlc3Q="
ENCRYPTION_KEYS = env.keys("ENCRYPTION_KEYS", None if KIND == "production" else INSECURE_ENCRYPTION_KEY)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "" if KIND == "production" else "localhost,127.0.0.1,[::1],testserver")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

# The demonstration's people can pass their second factor without a phone; never where real people work.
DEMONSTRATION = env.flag("WATTLEDGER_DEMONSTRATION", default=KIND == "development")

# How long a person has to stop the removal of their second factor that an owner asked for.
FACTOR_RESET_DELAY = timedelta(hours=24)

# How many proxies in front of us add an entry to X-Forwarded-For; 0 believes the socket alone.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0)

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    *(["django.contrib.auth.hashers.MD5PasswordHasher"] if KIND == "test" else []),
]
if KIND == "test":
    PASSWORD_HASHERS.reverse()  # tests sign in hundreds of times; nothing real is hashed there
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

SESSION_COOKIE_NAME = "wattledger_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# How long a sign-in lasts without activity, and at most. Kept by us (`tenants.sessions`), whatever a cookie says.
# An hour and a working day for those who handle other people's data and money, on machines in offices that are left
# alone; a month for drivers, who see only their own charging, but no night on a machine that is not theirs.
STAFF_SESSION_IDLE, STAFF_SESSION_LONGEST = timedelta(hours=1), timedelta(hours=12)
DRIVER_SESSION_IDLE, DRIVER_SESSION_LONGEST = timedelta(hours=12), timedelta(days=30)
# Between password and second factor; nothing else is kept for somebody who has not signed in.
STRANGERS_SESSION = timedelta(minutes=30)
# The cookie lives as long as the longest sign-in, and is worth as long as its row.
SESSION_COOKIE_AGE = int(DRIVER_SESSION_LONGEST.total_seconds())
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.web.errors.too_late"
LANGUAGE_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"

if KIND == "production":
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    LANGUAGE_COOKIE_SECURE = True
    # A browser keeps a cookie of such a name only from this host, over TLS: no neighbouring host can plant one.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-wattledger_session", "__Host-wattledger_csrf"
    if DEBUG:
        raise ImproperlyConfigured("DEBUG is on. Production refuses to show its insides: unset DEBUG.")
    if SECRET_KEY == INSECURE_KEY or len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5:
        raise ImproperlyConfigured("SECRET_KEY must be a random text of at least 50 characters.")
    if any(len(set(key)) < 5 or key == b"insecure-key-of-development-test" for key in ENCRYPTION_KEYS):
        raise ImproperlyConfigured("ENCRYPTION_KEYS must be random keys of one's own.")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts of the portal; * is not one.")
    if DEMONSTRATION:
        raise ImproperlyConfigured("WATTLEDGER_DEMONSTRATION weakens sign-in and cannot be on in production.")
    _address = DATABASE_ROLES[DATABASE_ROLE]
    if not env.text(_address, "") or not env.text("REDIS_URL", ""):
        raise ImproperlyConfigured(f"{_address} and REDIS_URL must be set in production.")
    transport.check_database(_address)
    transport.check_redis("REDIS_URL")
    transport.check_mail()
    transport.check_pages("PORTAL_ORIGINS", "CSRF_TRUSTED_ORIGINS", "PORTAL_ADDRESS", "PLATFORM_ADDRESS")
