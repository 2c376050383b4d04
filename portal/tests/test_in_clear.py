"""Who people are and what they write lies sealed: what a dump still says of them is known, and grows no more."""

from importlib import import_module
from itertools import count

import pytest
from django.db import connection, models
from psycopg.types.json import Jsonb

from charging.models import SettingTemplate, StationCommand, StationSetting
from portal.tests import dump
from portal.tests.examples import GLOBAL, example
from tenants.models import SavedView
from tenants.privacy import sources
from tenants.privacy.sources import Kind
from tenants.rls import APP
from tenants.scoping import tenant_scope
from tenants.sealed_fields import SealedField

#: What lies in clear, as lists sort by it, SQL looks for it or stations are asked with it (decision 55).
IN_CLEAR = {
    "tenants.Driver": {"customer_number"},
    "tenants.Account": {"customer_number"},
    "charging.Token": {"blocked_before"},  # days
    "charging.StationMessage": {"answer"},
    "charging.StationCommand": {"wanted"},
}
#: Whoever writes it seals it before (`tenants.services.proof.password_letters`).
SEALED_BEFORE = {("tenants.PasswordLetter", "sealed_to")}
_SHORTEST, _WORDS = 12, 100


def is_said(field, kind):
    """Whether a field says who somebody is, quotes a file, or holds what people wrote; codes and hashes are shorter."""
    if field.choices or not isinstance(field, models.CharField | models.TextField | models.JSONField | SealedField):
        return False
    length = getattr(field, "max_length", None) or _WORDS
    return length >= (_SHORTEST if kind in (Kind.IDENTITY, Kind.QUOTED) else _WORDS)


def said_of(source):
    """The names of a model's fields that say something in words."""
    kinds = {Kind.IDENTITY, Kind.QUOTED, Kind.CONDUCT}
    fields = [(source.model._meta.get_field(name), kind) for name, kind in source.fields.items() if kind in kinds]
    names = [field.name for field, kind in fields if is_said(field, kind)]
    return [name for name in names if (source.model._meta.label, name) not in SEALED_BEFORE]


def test_what_a_dump_says_of_people_is_what_is_known(north):
    numbers = count(1000)
    canaries = {}
    with tenant_scope(north.pk):
        for source in sources.all_sources():
            given = {}
            for name in said_of(source):
                field, canary = source.model._meta.get_field(name), f"kanari{next(numbers)}"
                canaries[canary] = (source.model._meta.label, name)
                as_text = f"{canary}@example.com" if isinstance(field, models.EmailField) else canary
                is_text = isinstance(field, models.CharField | models.TextField)
                given[name] = as_text if is_text else [as_text]
            if given:
                example(source.model, **given, **({"operator": north} if source.model in GLOBAL else {}))
    rows = "\n".join(dump.tables().values())
    found: dict[str, set[str]] = {}
    for canary, (label, name) in canaries.items():
        if dump.holds(rows, canary):
            found.setdefault(label, set()).add(name)
    assert found == IN_CLEAR
    assert len(canaries) > 40, "the register is asked"


def test_what_somebody_searched_for_lies_in_no_table_and_no_line_of_the_log(north, olga, danas_driver, sign_in, caplog):
    client, canary = sign_in(olga), "kanarisearched"
    with caplog.at_level(0):
        client.post("/o/north/lists/drivers/views/", {"name": f"For {canary}", "query": f"q={canary}&sort=number"})
        assert f"q={canary}" in client.get("/o/north/drivers/").content.decode(), "it is kept, and opens"
        taken = client.get(f"/o/north/drivers/list/?q={canary}&format=csv")
        assert b"".join(taken.streaming_content)
        client.get(f"/o/north/search/?q={canary}")
    assert dump.found_in_tables(canary) == {}
    assert canary not in caplog.text


def test_what_a_setting_holds_lies_in_no_table(north):
    with tenant_scope(north.pk):
        setting = example(StationSetting, name="LocalList", value="kanarisetting")
        template = example(SettingTemplate, wanted={"LocalList": "kanarisetting"})
        template.name = "Another"
        template.save()
        asked = example(StationCommand, kind="change_setting", wanted={"key": "LocalList"}, value="kanarisetting")
        assert StationSetting.objects.get(pk=setting.pk).value == "kanarisetting"
        assert SettingTemplate.objects.get(pk=template.pk).wanted == {"LocalList": "kanarisetting"}
        assert StationCommand.objects.get(pk=asked.pk).told == {"key": "LocalList", "value": "kanarisetting"}
    assert dump.found_in_tables("kanarisetting") == {}


def test_searches_and_settings_that_lay_in_clear_are_sealed_and_it_goes_on_where_it_stopped(north, olga):
    settings = import_module("charging.migrations.0050_settings_are_sealed")
    views = import_module("tenants.migrations.0067_views_are_sealed")
    with tenant_scope(north.pk):
        for value in ("kanari1", "", "kanari2"):
            example(StationSetting, value=value)
            example(StationCommand, kind="change_setting", wanted={"key": "Tag"}, value=value)
            SavedView.objects.create(user=olga, list_name="drivers", name=f"Of {value}", query=f"q={value}")
        for wanted in ({}, {"Tag": "kanari3 “å”"}):
            example(SettingTemplate, wanted=wanted)
        before, clear = _said(), _said_by_pk()
    with connection.cursor() as cursor, pytest.MonkeyPatch.context() as patch:
        cursor.execute("RESET ROLE; SET CONSTRAINTS ALL IMMEDIATE")
        _into_clear(cursor, *clear)
        assert set(dump.found_in_tables("kanari")) == {
            *("charging_stationsetting", "charging_settingtemplate"),
            *("charging_stationcommand", "tenants_savedview"),
        }
        cursor.execute("RESET ROLE")
        for sealing in (settings, views._sealing):
            patch.setattr(sealing, "BATCH", 1)
        real, calls = views._sealing._seal_batch, []

        def counted(*of):
            calls.append(of)
            _stopping(calls)
            return real(*of)

        patch.setattr(views._sealing, "_seal_batch", counted)
        with pytest.raises(KeyboardInterrupt):
            settings.seal()
        patch.setattr(views._sealing, "_seal_batch", real)
        for _again in range(2):
            settings.seal()
            views.seal()
        cursor.execute("ALTER TABLE tenants_savedview DROP was_name, DROP was_query")
        cursor.execute("SELECT count(*) FROM information_schema.columns WHERE column_name LIKE 'was\\_%'")
        assert cursor.fetchone() == (0,)
        cursor.execute(f"SET ROLE {APP}")
    assert dump.found_in_tables("kanari") == {}
    with tenant_scope(north.pk):
        assert _said() == before


def _stopping(calls):
    """Stopped in the middle of the second batch."""
    if len(calls) == 2:
        raise KeyboardInterrupt


def _said():
    return [
        [row.value for row in StationSetting.objects.order_by("pk")],
        [row.wanted for row in SettingTemplate.objects.order_by("pk")],
        [row.told for row in StationCommand.objects.order_by("pk")],
        [(row.name, row.query) for row in SavedView.objects.order_by("pk")],
    ]


def _into_clear(cursor, values, wanted, told, views):
    """Have the tables as they were."""
    for table, column, kind, texts in (
        ("charging_stationsetting", "value", "text NOT NULL DEFAULT ''", values),
        ("charging_settingtemplate", "wanted", "jsonb NOT NULL DEFAULT '{}'", wanted),
    ):
        cursor.execute(f"ALTER TABLE {table} DROP {column}, ADD {column} {kind}")
        cursor.execute(f"ALTER TABLE {table} ALTER {column} DROP DEFAULT")
        cursor.executemany(f"UPDATE {table} SET {column} = %s WHERE id = %s", texts)
    cursor.execute("ALTER TABLE charging_stationcommand DROP value")
    cursor.executemany("UPDATE charging_stationcommand SET wanted = %s WHERE id = %s", told)
    for column in ("name", "query"):
        cursor.execute(f"ALTER TABLE tenants_savedview ADD was_{column} text NOT NULL DEFAULT ''")
    emptied = "was_name = %s, was_query = %s, name = '', query = ''"
    cursor.executemany(f"UPDATE tenants_savedview SET {emptied} WHERE id = %s", views)


def _said_by_pk():
    return (
        [(row.value, row.pk) for row in StationSetting.objects.all()],
        [(Jsonb(row.wanted), row.pk) for row in SettingTemplate.objects.all()],
        [(Jsonb(row.told), row.pk) for row in StationCommand.objects.all()],
        [(row.name, row.query, row.pk) for row in SavedView.objects.all()],
    )
