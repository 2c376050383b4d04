"""The servers and folders this process talks to: PostgreSQL, Redis, Celery, files, logs, mail."""

import ssl
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from portal import env
from portal.settings.base import KIND, STATE_DIR

# The app role sees one operator at a time; the owner only migrates; the platform role serves the platform's
# own process; the backup role reads everything. A process has exactly one of them.
DATABASE_ROLES = {
    "app": "DATABASE_URL",
    "owner": "DATABASE_OWNER_URL",
    "platform": "DATABASE_PLATFORM_URL",
    "backup": "DATABASE_BACKUP_URL",
}
DATABASE_ROLE = env.text("DATABASE_ROLE", "app")
_default: dict[str, Any] = env.database(DATABASE_ROLES[DATABASE_ROLE])
_pool_size = env.number("DATABASE_POOL_SIZE", 8)
if KIND != "test" and DATABASE_ROLE == "app" and _pool_size:
    _default["OPTIONS"]["pool"] = {"min_size": 1, "max_size": _pool_size, "timeout": 10}
    # A connection is tried before it is handed out, or each one costs an error page after PostgreSQL restarts.
    _default["CONN_HEALTH_CHECKS"] = True
# PgBouncer in transaction mode cannot keep a cursor open between statements.
_default["DISABLE_SERVER_SIDE_CURSORS"] = env.flag("DATABASE_BEHIND_PGBOUNCER", default=False)
# Tests copy a database that bin/test has migrated, where it has.
_default["TEST"] = {
    "NAME": "test_" + env.text("WATTLEDGER_TEST_DB", "wattledger"),
    "TEMPLATE": env.text("WATTLEDGER_TEST_TEMPLATE", "") or None,
}
DATABASES = {"default": _default}

REDIS_URL = env.text("REDIS_URL", "redis://localhost:6379/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
# Celery has other words for a unix socket than the redis client.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
if REDIS_URL.startswith("rediss://"):  # kombu believes any certificate unless it is told not to
    CELERY_BROKER_USE_SSL = {"ssl_cert_reqs": ssl.CERT_REQUIRED}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A message whose worker died is delivered again after this many seconds; the sweeps are usually faster.
# A page that sends a message does not wait for a broker that is away: the sweeps find the row.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 3600
CELERY_TASK_SOFT_TIME_LIMIT = 3500
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# Sessions live in the database, so that a restart of Redis signs nobody out.
SESSION_ENGINE = "tenants.sessions"

# Without a mail server invitations are links that the inviter hands over.
EMAIL_HOST = env.text("EMAIL_HOST", "")
EMAIL_PORT = env.number("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "Wattledger <no-reply@localhost>")

# What a mail server shows when it tells that a letter came back. Without one nothing is believed.
MAIL_WEBHOOK_SECRET = env.secret("MAIL_WEBHOOK_SECRET", "")

# Uploads and exports hold people's data: for our own user alone, wherever the folder is.
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
MEDIA_ROOT = env.text("WATTLEDGER_FILES", str(STATE_DIR / "files"))
# Where it is noted who was erased (`tenants.privacy.erasure_ledger`): apart from what a restore brings back.
ERASURES_DIR = env.text("WATTLEDGER_ERASURES", str(STATE_DIR / "erasures"))
# Where the heads of the audit logs' chains are noted (`tenants.log.heads`): on another disk than the
# database's, out of reach of its administrators, if they are to prove anything to these.
SEAL_HEADS_DIR = env.text("WATTLEDGER_SEAL_HEADS", str(STATE_DIR / "seal-heads"))
# Backups are made when a folder and at least one public key (age) say where and for whom. How many are kept, and how
# often one is made. The private keys belong on no machine of the portal.
# Where e-invoices are put for a program of an access point, a folder an operator.
E_INVOICE_FOLDER = env.text("E_INVOICE_FOLDER", "")

BACKUP_FOLDER = env.text("BACKUP_FOLDER", "")
BACKUP_RECIPIENTS = env.text("BACKUP_RECIPIENTS", "").split()
# The wrapped keys of operators and people are a part of their own: where it goes, if not beside the rest, and for whom.
BACKUP_KEYS_FOLDER = env.text("BACKUP_KEYS_FOLDER", "")
BACKUP_KEYS_RECIPIENTS = env.text("BACKUP_KEYS_RECIPIENTS", "").split() or BACKUP_RECIPIENTS
BACKUP_KEEP = env.number("BACKUP_KEEP", 14)
BACKUP_EVERY = timedelta(hours=env.number("BACKUP_EVERY_HOURS", 24))
if bool(BACKUP_FOLDER) != bool(BACKUP_RECIPIENTS):
    raise ImproperlyConfigured("BACKUP_FOLDER and BACKUP_RECIPIENTS are set together or not at all.")
if not BACKUP_FOLDER and (BACKUP_KEYS_FOLDER or BACKUP_KEYS_RECIPIENTS):
    raise ImproperlyConfigured("BACKUP_KEYS_FOLDER and BACKUP_KEYS_RECIPIENTS are of a backup: set BACKUP_FOLDER.")
if BACKUP_KEEP < 1 or timedelta(0) >= BACKUP_EVERY:
    raise ImproperlyConfigured("BACKUP_KEEP and BACKUP_EVERY_HOURS are at least 1.")
STORAGES = {
    "default": {"BACKEND": "tenants.sealed_files.SealedStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if KIND == "test"
        else "portal.bundles.BundledStorage"
    },
}

LOGGING_CONFIG = "portal.middleware.log_lines.configure"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "portal.middleware.log_lines.RequestIdFilter"},
        "refused": {"()": "portal.middleware.log_lines.RefusedInOneLine"},
    },
    "formatters": {
        "line": {
            "()": "portal.middleware.log_lines.Line",
            "format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s",
        },
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id", "refused"]},
    },
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "WARNING" if KIND == "test" else "INFO")},
    "loggers": {
        "django.request": {"filters": ["refused"]},
        "django.server": {"handlers": ["console"], "propagate": False},
        "pikepdf": {"level": "WARNING"},  # it tells of itself at each start
    },
}
