"""Rows by their keys, many at once: as Django's own are, and of one operator alone."""

import pytest

from charging.models import Connector, Site, Station
from charging.services import station_rows
from tenants.scoping import NoTenantScope, tenant_scope

OF_STATIONS = ("id", "operator", "site", "identifier", "merge")


def stations(operator, *names):
    with tenant_scope(operator.pk):
        site = Site.objects.create(name="Torget")
        return [Station.objects.create(site=site, identifier=name) for name in names]


def test_rows_are_found_by_their_keys_in_the_order_of_their_ids(north):
    one, two, _ = stations(north, "A", "B", "C")
    with tenant_scope(north.pk):
        found = station_rows.by_key(Station, "identifier", ["B", "A", "nobody"], OF_STATIONS)
        assert [row.identifier for row in found] == ["A", "B"]
        assert found == [one, two]
        found[0].vendor = "ACME"
        found[0].save(update_fields=["vendor"])  # it is stored already
        assert found[1].note == ""  # what was not read is read now
        assert found[1].merge is None
        assert Station.objects.get(pk=one.pk).vendor == "ACME"


def test_of_another_operator_nothing_is_found_or_written(north, south):
    (theirs,) = stations(south, "A")
    with tenant_scope(north.pk):
        assert station_rows.by_key(Station, "id", [theirs.pk], OF_STATIONS) == []
        theirs.name = "ours"
        station_rows.write([theirs], ("name",))
    with tenant_scope(south.pk):
        assert Station.objects.get(pk=theirs.pk).name == ""


def test_outside_of_a_scope_nothing_is_asked(north):
    with pytest.raises(NoTenantScope):
        station_rows.by_key(Station, "id", [1], OF_STATIONS)


def test_what_is_written_may_be_empty_and_each_row_has_its_own(north):
    station, _ = stations(north, "A", "B")
    with tenant_scope(north.pk):
        rows = [Connector.objects.create(station=station, number=str(number), max_power_w=11_000) for number in (1, 2)]
        rows[0].max_power_w, rows[1].max_power_w = None, 22_000
        rows[0].standard = "'\\\"åäö"
        station_rows.write(rows, ("max_power_w", "standard"))
        station_rows.write([], ("max_power_w",))
        stored = list(Connector.objects.order_by("number").values_list("max_power_w", "standard"))
    assert stored == [(None, "'\\\"åäö"), (22_000, "")]
