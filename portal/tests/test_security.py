"""What production is like, tried in production's own settings; and what no answer of the portal may hold."""

import pytest
from django.db import connection
from django.test import Client

from portal.tests import in_production
from portal.tests.in_production import HOST
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope

PROBES = """
from django.contrib.auth.hashers import get_hasher, make_password
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import Client

call_command("collectstatic", verbosity=0, interactive=False)

def probe(path, **request):
    answer = Client().get(path, **{"secure": True, "headers": {"host": "portal.example"}, **request})
    return {
        "status": answer.status_code,
        "headers": dict(answer.headers),
        "cookies": {name: dict(morsel) for name, morsel in answer.cookies.items()},
        "text": "" if answer.streaming else answer.content.decode(),
    }

found["page"] = probe("/account/sign-in/")
found["machine"] = probe("/api/v1/openapi.json")
found["missing"] = probe("/nowhere/")
found["static"] = probe(staticfiles_storage.url("css/portal.css"))
found["plain"] = probe("/account/sign-in/", secure=False)
found["wrong host"] = probe("/account/sign-in/", headers={"host": "evil.example"})
found["wrong host at the API"] = probe("/o/north/api/v1/me", headers={"host": "evil.example"})
found["forwarded host"] = probe("/api/", headers={"host": "portal.example", "x-forwarded-host": "evil.example"})
found["pretended TLS"] = probe("/api/", secure=False, headers={"host": "portal.example", "x-forwarded-proto": "https"})
hasher = get_hasher()
found["hasher"] = [hasher.algorithm, hasher.time_cost, hasher.memory_cost, make_password("x")[:15]]
found["hashers"] = settings.PASSWORD_HASHERS
found["silenced"] = settings.SILENCED_SYSTEM_CHECKS
found["cookies"] = [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME]
"""


@pytest.fixture(scope="module")
def production(tmp_path_factory):
    return in_production.found(tmp_path_factory.mktemp("production"), PROBES)


def test_the_deployment_check_has_nothing_to_say(tmp_path):
    ended = in_production.run(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "DEBUG")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "no issues (2 silenced)" in ended.stdout + ended.stderr


def test_the_only_silenced_checks_concern_no_setting_of_ours(production):
    """The second asks for a unique address, which is unique by its mark (`test_sealed_people.py`)."""
    assert production["silenced"] == ["guardian.W001", "auth.E003"]


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("SECRET_KEY", "short", "SECRET_KEY"),
        ("SECRET_KEY", "", "SECRET_KEY"),
        ("ENCRYPTION_KEYS", "", "ENCRYPTION_KEYS"),
        ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS"),
        ("DEBUG", "1", "DEBUG"),
        ("WATTLEDGER_DEMONSTRATION", "1", "WATTLEDGER_DEMONSTRATION"),
        ("DATABASE_URL", "", "DATABASE_URL"),
        ("DATABASE_URL", "postgresql://app@db.example/portal", "sslmode=verify-full"),
        ("DATABASE_URL", "postgresql://app@db.example/portal?sslmode=require", "sslmode=verify-full"),
        ("DATABASE_URL", "postgresql://app@/portal?host=db.example", "sslmode=verify-full"),
        ("DATABASE_URL", "postgresql://app@/portal?host=/run,db.example", "sslmode=verify-full"),
        ("REDIS_URL", "redis://queue.example:6379/0", "rediss://"),
        ("REDIS_URL", "rediss://queue.example:6379/0?ssl_cert_reqs=none", "rediss://"),
        ("PORTAL_ORIGINS", "https://portal.example,http://portal.example", "https://"),
        ("CSRF_TRUSTED_ORIGINS", "http://portal.example", "https://"),
        ("PLATFORM_ADDRESS", "http://platform.example", "https://"),
        ("BACKUP_FOLDER", "/backups", "BACKUP_RECIPIENTS"),
        ("BACKUP_RECIPIENTS", "age1x", "BACKUP_FOLDER"),
        ("BACKUP_KEYS_FOLDER", "/keys", "BACKUP_FOLDER"),
        ("BACKUP_KEYS_RECIPIENTS", "age1x", "BACKUP_FOLDER"),
        ("BACKUP_KEEP", "0", "BACKUP_KEEP"),
    ],
)
def test_production_refuses_to_start_half_set_up(tmp_path, variable, value, words):
    ended = in_production.run(tmp_path, "-c", "import portal.settings", **{variable: value})
    assert ended.returncode != 0
    assert words in ended.stderr.splitlines()[-1]


def test_letters_do_not_go_to_another_machine_in_clear(tmp_path):
    ended = in_production.run(tmp_path, "-c", "import portal.settings", EMAIL_HOST="mail.example", EMAIL_USE_TLS="0")
    assert "EMAIL_HOST" in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "more",
    [
        {"DATABASE_URL": "postgresql://app@db.example/portal?sslmode=verify-full", "REDIS_URL": "rediss://q.example/0"},
        {"DATABASE_URL": "postgresql://app@/portal?host=/run/postgresql", "REDIS_URL": "unix:///run/redis.sock?db=0"},
        {
            "DATABASE_URL": "postgresql://app@db.example/portal",
            "REDIS_URL": "redis://queue.example/0",
            "PRIVATE_NETWORK": "1",
        },
    ],
)
def test_production_starts_over_checked_tls_sockets_and_networks_that_encrypt(tmp_path, more):
    ended = in_production.run(tmp_path, "-c", "import portal.settings", **more)
    assert ended.returncode == 0, ended.stderr


def test_celery_checks_the_certificate_of_redis(tmp_path):
    """kombu believes any certificate of a `rediss://` address unless it is told not to."""
    code = """
from portal.celery import app
found["demands"] = str(app.connection_for_write().ssl["ssl_cert_reqs"])
"""
    found = in_production.found(tmp_path, code, REDIS_URL="rediss://queue.example/0")
    assert found["demands"] in ("2", "VerifyMode.CERT_REQUIRED")


def test_the_gateway_starts_without_the_keys_of_the_portal_and_asks_for_tls(tmp_path):
    without = dict.fromkeys(("SECRET_KEY", "ENCRYPTION_KEYS", "DATABASE_URL", "REDIS_URL"), "")
    address = "postgresql://gateway@db.example/portal"
    ended = in_production.run(tmp_path, "-m", "portal.gateway", DATABASE_GATEWAY_URL=address, **without)
    assert ended.returncode != 0
    assert "DATABASE_GATEWAY_URL leads to another machine" in ended.stderr.splitlines()[-1]


def test_the_gateway_does_not_start_without_what_it_finds_cards_by(tmp_path):
    without = dict.fromkeys(("SECRET_KEY", "ENCRYPTION_KEYS", "DATABASE_URL", "REDIS_URL"), "")
    address = "postgresql://gateway@/portal?host=/run/postgresql"
    for given in ("", " "):
        ended = in_production.run(
            tmp_path, "-m", "portal.gateway", DATABASE_GATEWAY_URL=address, CARD_KEYS=given, **without
        )
        assert ended.returncode != 0
        assert "CARD_KEYS" in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize("answer", ["page", "machine", "missing", "static"])
def test_every_answer_tells_the_browser_to_be_strict(production, answer):
    headers = production[answer]["headers"]
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    if answer != "static":
        assert headers["X-Frame-Options"] == "DENY"
        assert "no-store" in headers["Cache-Control"]


def test_cookies_belong_to_this_host_and_are_no_script_s_business(production):
    assert production["cookies"] == ["__Host-wattledger_session", "__Host-wattledger_csrf"]
    assert production["page"]["cookies"]
    for cookie in production["page"]["cookies"].values():
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert (cookie["path"], cookie["domain"]) == ("/", "")


def test_plain_http_is_sent_to_https(production):
    for answer in ("plain", "pretended TLS"):
        assert production[answer]["status"] == 301
        assert production[answer]["headers"]["Location"].startswith(f"https://{HOST}/")


def test_another_host_s_name_is_refused(production):
    assert production["wrong host"]["status"] == 400
    assert production["wrong host at the API"]["status"] == 400
    assert production["wrong host at the API"]["headers"]["Content-Type"] == "application/problem+json"


def test_a_forwarded_host_is_not_believed(production):
    assert production["forwarded host"]["status"] == 200
    assert HOST in production["forwarded host"]["text"]
    assert "evil.example" not in production["forwarded host"]["text"]


def test_passwords_are_kept_by_argon2_as_it_is_recommended_now(production):
    """OWASP's password storage cheat sheet: Argon2id with at least 19 MiB and two iterations."""
    algorithm, iterations, kibibytes, encoded = production["hasher"]
    assert (algorithm, encoded) == ("argon2", "argon2$argon2id")
    assert iterations >= 2
    assert kibibytes >= 19 * 1024
    assert production["hashers"] == ["django.contrib.auth.hashers.Argon2PasswordHasher"]


def test_a_key_s_secret_is_in_the_one_answer_that_shows_it(north, olga, sign_in, caplog):
    caplog.set_level("DEBUG")
    browser = sign_in(olga)
    shown = browser.post("/o/north/settings/keys/new/", {"name": "Export", "days": "90", "view_audit": "on"})
    text = shown.context["issued"].text
    secret = text.rpartition("_")[2]
    assert secret in shown.content.decode()

    machine = Client(headers={"Authorization": f"Bearer {text}"}, raise_request_exception=False)
    other = Client(headers={"Authorization": f"Bearer {text}"}, raise_request_exception=False)
    answers = [
        *(browser.get(page) for page in ("/o/north/settings/keys/", "/o/north/audit/", "/o/north/api/v1/audit-events")),
        *(machine.get(f"/o/north/api/v1/{name}") for name in ("me", "audit-events", "audit-events?page_size=x", "no")),
        machine.delete("/o/north/api/v1/me"),
        machine.get("/o/north/"),
        other.get("/o/nowhere/api/v1/me"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 200, 400, 404, 405, 302, 401]
    for answer in answers:
        assert secret not in answer.content.decode() + str(answer.headers)
    assert caplog.records
    assert secret not in caplog.text + "".join(str(vars(record)) for record in caplog.records if not record.exc_info)
    with tenant_scope(north.pk):
        assert AuditEntry.objects.filter(event="key.made").exists()
    assert tables_with(secret) == []
    assert tables_with(text.split("_")[2]) != []  # the search finds what is there


def tables_with(text):
    """The tables of which some row holds the text in any column, asked as who sees all rows."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table} t WHERE position(%s in t::text) > 0)", [text])
            if cursor.fetchone()[0]:
                found.append(table)
        cursor.execute("SET ROLE wattledger_app")
    return found
