"""The sites, stations, connectors and cards that sessions name: found by name, created when missing.

The whole network of an operator is held as three small tables of names and keys, so that a chunk of sessions is
matched by three joins and no question to the database. What is missing is created and committed before the sessions
that need it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from charging.models import Connector, Site, Station, Token
from tenants.models import Operator
from tenants.scoping import current_operator_id
from tenants.services.people import drivers

_STATIONS = {"station": pl.String, "station_id": pl.Int64, "site_id": pl.Int64}
_CONNECTORS = {"station_id": pl.Int64, "connector": pl.String, "connector_id": pl.Int64, "max_power_w": pl.Int64}
_TOKENS = {"token": pl.String, "token_id": pl.Int64, "driver_id": pl.Int64}


@dataclass(frozen=True, slots=True)
class Missing:
    """What a batch names and the network does not have."""

    sites: list[str]
    stations: list[tuple[str, str]]
    connectors: list[tuple[str, str, int | None]]
    tokens: list[str]

    def counts(self) -> dict[str, int]:
        """Return how many of each are missing."""
        return {
            "sites": len(self.sites),
            "stations": len(self.stations),
            "connectors": len(self.connectors),
            "tokens": len(self.tokens),
        }

    def __bool__(self) -> bool:
        return any(self.counts().values())


@dataclass
class Network:
    """The names and keys of the current operator's network. `created` counts what was added through it."""

    time_zone: str | None = None
    create_drivers: bool = False
    created: Counter[str] = field(default_factory=Counter)
    _sites: dict[str, int] = field(default_factory=dict)
    _stations: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_STATIONS))
    _connectors: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_CONNECTORS))
    _tokens: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_TOKENS))

    def load(self) -> None:
        """Read the network of the current operator."""
        self._sites = dict(Site.objects.values_list("name", "pk"))
        self._stations = _frame(Station.objects.values_list("identifier", "pk", "site_id"), _STATIONS)
        rows = Connector.objects.values_list("station_id", "number", "pk", "max_power_w")
        self._connectors = _frame(rows, _CONNECTORS)
        self._tokens = _frame(Token.objects.values_list("uid", "pk", "driver_id"), _TOKENS)

    def placed(self, sessions: pl.DataFrame) -> pl.DataFrame:
        """Return the sessions with the keys of what they name, null where it is missing.

        Adds station_id, site_id, connector_id, max_power_w, token_id, driver_id.
        """
        return (
            sessions.join(self._stations, on="station", how="left", maintain_order="left")
            .join(self._connectors, on=["station_id", "connector"], how="left", maintain_order="left")
            .join(self._tokens, on="token", how="left", maintain_order="left")
        )

    def missing(self, placed: pl.DataFrame) -> Missing:
        """Return what the placed sessions name and the network does not have, each once."""
        new_stations = placed.filter(pl.col("station_id").is_null()).unique("station", maintain_order=True)
        new_connectors = (
            placed.filter(pl.col("connector_id").is_null())
            .group_by("station", "connector", maintain_order=True)
            .agg(pl.col("power_w").max())
        )
        new_tokens = placed.filter(pl.col("token").is_not_null() & pl.col("token_id").is_null())["token"]
        names = new_stations["site"].unique(maintain_order=True)
        return Missing(
            sites=[name for name in names if name not in self._sites],
            stations=list(new_stations.select("station", "site").iter_rows()),
            connectors=list(new_connectors.iter_rows()),
            tokens=new_tokens.unique(maintain_order=True).to_list(),
        )

    def create(self, missing: Missing) -> None:
        """Create what is missing. Two imports at once create it once: the second finds the first one's rows."""
        self._create_sites(missing.sites)
        self._create_stations(missing.stations)
        self._create_connectors(missing.connectors)
        self._create_tokens(missing.tokens)
        self.created.update(missing.counts())
        self.load()

    def _create_sites(self, names: list[str]) -> None:
        if not names:
            return
        operator = Operator.objects.get(pk=current_operator_id())
        zone = self.time_zone or operator.time_zone
        sites = (Site(name=name, time_zone=zone, country=operator.country) for name in names)
        Site.objects.bulk_create(sites, ignore_conflicts=True)
        self._sites = dict(Site.objects.values_list("name", "pk"))

    def _create_stations(self, stations: list[tuple[str, str]]) -> None:
        rows = (Station(identifier=identifier, site_id=self._sites[site]) for identifier, site in stations)
        Station.objects.bulk_create(rows, ignore_conflicts=True)

    def _create_connectors(self, connectors: list[tuple[str, str, int | None]]) -> None:
        names = {station for station, _, _ in connectors}
        keys = dict(Station.objects.filter(identifier__in=names).values_list("identifier", "pk"))
        rows = (
            Connector(station_id=keys[station], number=number, max_power_w=power_w)
            for station, number, power_w in connectors
        )
        Connector.objects.bulk_create(rows, ignore_conflicts=True)

    def _create_tokens(self, uids: list[str]) -> None:
        owners = self._create_drivers(uids) if self.create_drivers else [None] * len(uids)
        rows = (Token(uid=uid, driver_id=owner) for uid, owner in zip(uids, owners, strict=True))
        Token.objects.bulk_create(rows, ignore_conflicts=True)

    def _create_drivers(self, uids: list[str]) -> list[int]:
        self.created["drivers"] += len(uids)
        return [driver.pk for driver in drivers.create_many(uids)] if uids else []


def _frame(rows: Iterable[tuple[object, ...]], schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema, orient="row")
