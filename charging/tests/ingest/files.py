"""Small files of sessions for the tests, like those operators have."""
# ruff: noqa: E501  # lines of files

import gzip
import io
from datetime import UTC, datetime
from typing import Any

from charging.domain.energy import EnergyUnit
from charging.ingest.convert import Converter, Refused
from charging.ingest.layout import DateOrder, Field, Layout
from charging.ingest.reading import understood

NOW = datetime(2026, 1, 1, tzinfo=UTC)

DUNDEE = (
    "Charging event,User ID,CP ID,Connector,Start Date,Start Time,End Date,End Time,Total kWh,Cost,Site,Group,Model,,,\r\n"
    '9001,604773H,50841,1,06/09/2018,21:17,07/09/2018,08:13,11.9,0,"Brington Place, Dundee",CYC; DCC,APT 7kW Dual Outlet,,,\r\n'
    '9002,607486,51548,2,13/06/2018,18:57,13/06/2018,19:15,6.65,0,"Lochee Hub, Dundee",CYC; DCC,APT 50kW Raption,,,Nissan\r\n'
    '9003,604745H,51198,1,31/08/2018,09:51,31/08/2018,10:18,-9.54,0,"Dundee House, Dundee",CYC,APT 7kW Single Outlet,,,\r\n'
    '9004,,51198,1,31/08/2018,11:11,,,,,"Dundee House, Dundee",CYC,APT 7kW Single Outlet,,,\r\n'
    '9005,604745H,51198,1,30/08/2018,10:00,30/08/2018,12:00,1430.17,0,"Dundee House, Dundee",CYC,APT 7kW Single Outlet,,,\r\n'
)

TRONDHEIM = (
    "session_ID;Garage_ID;User_ID;User_type;Shared_ID;Start_plugin;Start_plugin_hour;End_plugout;End_plugout_hour;El_kWh;"
    "Duration_hours;month_plugin\r\n"
    "1;AdO3;AdO3-4;Private;NA;21.12.2018 10:20;10;21.12.2018 10:23;10;0,3;0,05;Dec\r\n"
    "2;Bl2;Share-7;Shared;Shared-7;31.01.2020 20:42;20;31.01.2020 23:53;23;20,14;3,184166667;Jan\r\n"
    "3;AdO3;AdO3-4;Private;NA;22.12.2018 10:20;10;NA;NA;4,2;NA;Dec\r\n"
)

PLAIN = Layout(
    columns={
        Field.EXTERNAL_ID: ("id",),
        Field.STATION: ("station",),
        Field.TOKEN: ("card",),
        Field.STARTED_AT: ("start",),
        Field.ENDED_AT: ("end",),
        Field.ENERGY: ("kwh",),
    },
    source="plain",
    date_order=DateOrder.YMD,
    time_zone="Europe/Stockholm",
    decimal_sign=".",
    energy_unit=EnergyUnit.KWH,
)
PLAIN_HEADER = "id,station,card,start,end,kwh\n"


def plain(*rows):
    """Return a file in the plain layout; each row is the text of its cells."""
    return PLAIN_HEADER + "".join(f"{row}\n" for row in rows)


def stored(text, encoding="utf-8", *, packed=False):
    content = text.encode(encoding) if isinstance(text, str) else text
    return io.BytesIO(gzip.compress(content) if packed else content)


def read(text, layout=None, *, home_zone="Europe/Stockholm", **said):
    """Understand a file and convert it whole: the sessions as dicts by id, the refused rows by line."""
    if layout is not None and said:
        layout = layout.saying(**said)
    reading = understood(text if isinstance(text, io.BytesIO) else stored(text), layout, home_zone=home_zone)
    converter = Converter(reading.settled(), at=NOW)
    sessions: dict[str, dict[str, Any]] = {}
    refused: dict[int, Refused] = {}
    rows = 0
    for chunk in reading.source.chunks():
        batch = converter.convert(chunk)
        rows += batch.rows
        sessions |= {row["external_id"]: row for row in batch.accepted.to_dicts()}
        refused |= {row.line: row for row in batch.rejected}
    assert rows == len(sessions) + len(refused), "a row was lost"
    return sessions, refused
