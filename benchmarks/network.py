"""A large operator for benchmarks: sites, stations, drivers and sessions made by the database itself."""

import os
import subprocess
import sys
import time
from typing import Any

import psycopg
from django.db import connection, connections

from portal import as_platform, env
from tenants.models import Operator, User
from tenants.scoping import tenant_scope
from tenants.services.people import memberships

SITES, STATIONS, DRIVERS = 40, 800, 5_000

_NETWORK = """
INSERT INTO charging_site (operator_id, public_id, name, street, postal_code, city, country, phone, time_zone,
    is_active, guests_start, created_at)
SELECT %(operator)s, gen_random_uuid(), 'Site ' || i, '', '', 'Umeå', 'SE', '', 'Europe/Stockholm', true, false, now()
FROM generate_series(1, %(sites)s) i;
INSERT INTO charging_station (operator_id, public_id, site_id, identifier, name, note, vendor, model,
    is_active, counts_exported, created_at)
SELECT %(operator)s, gen_random_uuid(), s.id, 'ST' || i, '', '', '', '', true, false, now()
FROM generate_series(1, %(stations)s) i
JOIN (SELECT id, row_number() OVER (ORDER BY id) n FROM charging_site WHERE operator_id = %(operator)s) s ON s.n = i %% %(sites)s + 1;
INSERT INTO charging_connector (operator_id, station_id, number, standard, max_power_w, status)
SELECT operator_id, id, '1', 'IEC_62196_T2', 22000, 'AVAILABLE' FROM charging_station WHERE operator_id = %(operator)s;
INSERT INTO tenants_driver (operator_id, public_id, customer_number, is_active, mails_late, created_at)
SELECT %(operator)s, gen_random_uuid(), (1000 + i)::text, true, true, now() FROM generate_series(1, %(drivers)s) i;
INSERT INTO tenants_driveridentity (operator_id, driver_id, name, email, phone, street, postal_code, city, country, created_at,
    organisation_number, vat_number, gln, delivery_street, delivery_postal_code, delivery_city, buyer_reference, order_number)
SELECT operator_id, id, '', '', '', '', '', '', 'SE', now(),
    '', '', '', '', '', '', '', ''
FROM tenants_driver WHERE operator_id = %(operator)s;
SET LOCAL enable_nestloop = off; -- their accounts follow by a trigger, whose rows nobody has counted
UPDATE tenants_driver d SET identity_id = i.id FROM tenants_driveridentity i
WHERE i.driver_id = d.id AND d.operator_id = %(operator)s;
SET LOCAL enable_nestloop = on;
INSERT INTO charging_token (operator_id, public_id, kind, uid, uid_mark, uid_exact, visual_number, number_mark, driver_id, is_blocked,
    created_at)
SELECT operator_id, gen_random_uuid(), 'RFID', '', '', 'bench' || id, '', '', id, false, now()
FROM tenants_driver WHERE operator_id = %(operator)s;
"""

NAME = "'Driver ' || (SELECT d.customer_number FROM tenants_driver d WHERE d.id = driver_id)"
_SEAL = """
import sys
import benchmarks
from tenants.migrations import _sealing
_sealing.seal({f"was_{name}": (name, name) for name in sys.argv[1:]})
"""

_ASIDE = ("was_uid", "was_visual_number")
_NUMBERS = """
UPDATE charging_token SET uid_exact = '', was_visual_number = CASE WHEN driver_id IS NULL THEN '' ELSE 'WL-' || id END,
    was_uid = CASE WHEN driver_id IS NULL THEN 'F' ELSE '' END || lpad(to_hex(id), 8, '0')
WHERE operator_id = %s
"""
_SEAL_CARDS = """
from importlib import import_module
import benchmarks
for name in ("0032_numbers_are_sealed", "0033_uids_are_sealed"):
    sealing, last = import_module(f"charging.migrations.{name}"), 0
    while last is not None:
        last = sealing._seal_some(last)
"""

# Two years of sessions, each with a series of eight quarters of an hour.
_SESSIONS = """
INSERT INTO charging_chargingsession (operator_id, public_id, source, external_id, site_id, station_id, connector_id,
    token_id, driver_id, started_at, ended_at, charging_ended_at, energy_wh, series_start, series_interval_s, series_wh,
    stop_reason, state, review, flags, review_note, created_at)
SELECT %(operator)s, gen_random_uuid(), 'bench', 'B' || lpad(i::text, 9, '0'), st.site_id, st.id, c.id, t.id, t.driver_id,
    at, at + interval '3 hours', at + interval '2 hours', 8 * (1000 + i %% 900), at, 900, array_fill(1000 + i %% 900, ARRAY[8]),
    'EVDisconnected', 'COMPLETED', CASE WHEN %(review)s <> '' THEN %(review)s WHEN i %% 500 = 0 THEN 'pending' ELSE '' END, '{}', '', now()
FROM (SELECT i, now() - interval '2 years' + i * (interval '2 years' / %(sessions)s) AS at
      FROM generate_series(1, %(sessions)s) i) g
JOIN (SELECT id, site_id, row_number() OVER (ORDER BY id) n FROM charging_station WHERE operator_id = %(operator)s) st
    ON st.n = g.i::bigint * 7919 %% %(stations)s + 1
JOIN charging_connector c ON c.station_id = st.id
JOIN (SELECT id, driver_id, row_number() OVER (ORDER BY id) n FROM charging_token WHERE operator_id = %(operator)s) t
    ON t.n = g.i::bigint * 104729 %% %(drivers)s + 1;
"""


def build(
    slug: str, *, sessions: int, drivers: int = DRIVERS, with_people: bool = True, review: str = ""
) -> tuple[Operator, User]:
    """Make an operator with so many sessions; return it and its owner.

    with_people: its drivers have names, and its cards numbers. review: what somebody has said of every session.
    """
    owner = User.objects.create_user(f"owner@{slug}.example.com")
    operator = create_operator(slug)
    memberships.add(owner, operator=operator, role="owner")
    facts: dict[str, Any] = {
        "operator": operator.pk,
        "sites": SITES,
        "stations": STATIONS,
        "drivers": drivers,
        "sessions": sessions,
        "review": review,
    }
    for part in (_NETWORK, _SESSIONS):
        with tenant_scope(operator.pk), connection.cursor() as cursor:
            cursor.execute(part, facts)
        analyze()
    if with_people:
        say(operator, name=NAME)
        number_cards(operator)
    return operator, owner


def say(operator: Operator, **texts: str) -> float:
    """Write these texts of all drivers, in SQL, sealed as a migration seals what lay in clear; return the seconds."""
    with psycopg.connect(env.text("DATABASE_OWNER_URL"), autocommit=True) as owner:
        for name in texts:
            owner.execute(f"ALTER TABLE tenants_driveridentity ADD was_{name} text NOT NULL DEFAULT ''")
        # An identity that an issued invoice names does not change; here it gets the name it always had.
        owner.execute("ALTER TABLE tenants_driveridentity DISABLE TRIGGER USER")
        said = ", ".join(f"was_{name} = {text}" for name, text in texts.items())
        owner.execute(f"UPDATE tenants_driveridentity SET {said} WHERE operator_id = {operator.pk}")
        owner.execute("VACUUM ANALYZE tenants_driveridentity")
        seconds = _sealed(_SEAL, *texts)
        owner.execute("ALTER TABLE tenants_driveridentity ENABLE TRIGGER USER")
        for name in texts:
            owner.execute(f"ALTER TABLE tenants_driveridentity DROP was_{name}")
        owner.execute("VACUUM ANALYZE")
    connections.close_all()
    return seconds


def number_cards(operator: Operator) -> float:
    """Give each card a UID, and those of drivers a printed number, sealed as a migration does; return the seconds."""
    with psycopg.connect(env.text("DATABASE_OWNER_URL"), autocommit=True) as owner:
        aside = ", ".join(f"ADD {name} text NOT NULL DEFAULT ''" for name in _ASIDE)
        owner.execute("DROP INDEX token_uid_once")
        owner.execute(f"ALTER TABLE charging_token {aside}")
        owner.execute(_NUMBERS, [operator.pk])
        seconds = _sealed(_SEAL_CARDS)
        gone = ", ".join(f"DROP {name}" for name in _ASIDE)
        owner.execute(f"ALTER TABLE charging_token {gone}")
        once = "charging_token (operator_id, uid_exact) WHERE issuer_id IS NULL"
        owner.execute(f"CREATE UNIQUE INDEX token_uid_once ON {once}")
        owner.execute("VACUUM ANALYZE charging_token")
    connections.close_all()
    return seconds


def _sealed(program: str, *names: str) -> float:
    begun = time.perf_counter()
    role = {**os.environ, "DATABASE_ROLE": "owner"}
    subprocess.run([sys.executable, "-c", program, *names], env=role, check=True)  # our own module
    return time.perf_counter() - begun


def create_operator(slug: str) -> Operator:
    """Let the platform create an operator."""
    as_platform.run("create_operator", slug, "--name", slug.capitalize(), "--vat-number", "SE556677889901")
    return Operator.objects.get(slug=slug)


def analyze() -> None:
    """Refresh the planner's statistics, as autovacuum does within a minute; only the owner may."""
    with psycopg.connect(env.text("DATABASE_OWNER_URL"), autocommit=True) as owner:
        owner.execute("ANALYZE")


def add_driver_sign_in(operator: Operator) -> User:
    """Give one of the drivers a sign-in; return the person."""
    user = User.objects.create_user(f"driver@{operator.slug}.example.com")
    with tenant_scope(operator.pk), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tenants_driver SET user_id = %s WHERE id = (SELECT min(id) FROM tenants_driver WHERE operator_id = %s)",
            [user.pk, operator.pk],
        )
    memberships.add(user, operator=operator, role="driver")
    return user
