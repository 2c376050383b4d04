"""The sites, stations, connectors and cards that sessions name: found by name, created when missing and allowed.

The whole network of an operator is held as small tables of names and keys, so that a chunk of sessions is matched by
joins and no question to the database. What is missing is created and committed before the sessions that need it.

Names are compared as written first, then without their case and the blanks in them (OCPI CiString, OCPP
CiString20), UIDs also without the colons and hyphens between their bytes. A card answers to its printed number too,
a station to its name where only one has it, and both to those that were merged into them. The first spelling stays.
Numbers of cards are sealed, so they are compared by their marks, made once of each text of a file.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import polars as pl
from django.db.models import Q, QuerySet

from charging.domain import holders
from charging.domain.holders import Held
from charging.domain.limits import LARGEST_OF_PLUG
from charging.domain.local_time import UTC_TIME
from charging.models import Connector, EarlierHolder, Site, Station, Token
from tenants.models import Operator
from tenants.scoping import current_operator_id
from tenants.services.people import drivers


class Thing(StrEnum):
    """What an import may add to the network."""

    SITES = "sites"
    STATIONS = "stations"
    CONNECTORS = "connectors"
    TOKENS = "tokens"


EVERYTHING = frozenset(Thing)

_MARKS = ("uid_exact", "uid_mark", "number_mark")
_OF_CARDS = ("pk", *_MARKS, "driver_id", "merged_into", "issuer_id")
_STATIONS = {"station_id": pl.Int64, "site_id": pl.Int64}
_CONNECTORS = {
    "station_id": pl.Int64,
    "connector": pl.String,
    "connector_id": pl.Int64,
    "max_power_w": pl.Int64,
    "plug_w": pl.Int64,
}
_TOKENS = {"token_id": pl.Int64, "driver_id": pl.Int64}
_HOLDERS: dict[str, Any] = {"token_id": pl.Int64, "since": UTC_TIME, "holder_id": pl.Int64}


@dataclass(frozen=True, slots=True)
class Missing:
    """What a batch names and the network does not have. `connectors`: with their station, also of new ones."""

    sites: list[str]
    stations: list[tuple[str, str]]
    connectors: list[tuple[str, str, int | None]]
    tokens: list[str]

    def counts(self) -> dict[str, int]:
        """Return how many of each are missing."""
        return {thing.value: len(getattr(self, thing)) for thing in Thing}

    def __bool__(self) -> bool:
        return any(self.counts().values())


class Names:
    """What things are called: exactly, and alike. Where two have a name, it is the first one's."""

    def __init__(self, exact: Iterable[tuple[str, int]] = (), also: Iterable[tuple[str, int]] = ()) -> None:
        """Take the names proper, and others that count where only one thing has them."""
        known = pl.DataFrame(list(exact), schema={"name": pl.String, "pk": pl.Int64}, orient="row")
        more = pl.DataFrame(list(also), schema=known.schema, orient="row").filter(pl.col("name") != "")
        self._exact = known.unique("name", keep="first", maintain_order=True)
        only = more.with_columns(like=alike("name")).unique(["like", "pk"]).unique("like", keep="none")
        spelled = known.with_columns(like=alike("name")).unique("like", keep="first", maintain_order=True)
        others = only.join(spelled, on="like", how="anti")
        self._alike = pl.concat([spelled.select("like", "pk"), others.select("like", "pk")])

    def keys(self, names: pl.Series) -> pl.Series:
        """Return the key of what each name means, null where there is none."""
        asked = names.rename("name").to_frame().with_columns(like=alike("name"))
        found = asked.join(self._exact, on="name", how="left", maintain_order="left").join(
            self._alike, on="like", how="left", maintain_order="left", suffix="_alike"
        )
        return found.select(pl.coalesce("pk", "pk_alike")).to_series()


def alike(name: str) -> pl.Expr:
    """What names are compared by: upper case, no blanks; of hexadecimal numbers the digits alone."""
    whole = pl.col(name).str.to_uppercase().str.replace_all(r"\s", "")
    digits = whole.str.replace_all(r"[:\-]", "")
    return pl.when(digits.str.contains(r"^[0-9A-F]{8,20}$")).then(digits).otherwise(whole)


@dataclass
class Network:
    """The names and keys of the current operator's network. `created` counts what was added through it."""

    create_drivers: bool = False
    file_import_id: int | None = None
    created: Counter[str] = field(default_factory=Counter)
    _only: pl.Series | None = None
    _site_names: Names = field(default_factory=Names)
    _station_names: Names = field(default_factory=Names)
    # Cards by mark: of the very signs, of the UID however it is written, of what is printed; None where two have that.
    # Then partners' cards, of which none is meant where several partners have one: `charging.selectors.tokens.meant`.
    _exact: dict[str, int] = field(default_factory=dict)
    _alike: dict[str, int] = field(default_factory=dict)
    _printed: dict[str, int | None] = field(default_factory=dict)
    _partners: dict[str, int | None] = field(default_factory=dict)
    _marks: dict[str, list[list[str]]] = field(default_factory=dict)
    _operator_id: int = 0
    _stations: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_STATIONS))
    _connectors: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_CONNECTORS))
    _tokens: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_TOKENS))
    _holders: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_HOLDERS))

    def load(self, *, only: pl.Series | None = None) -> None:
        """Read the network of the current operator. only: all that names a card in what is to be placed."""
        self._only = only
        self._load()

    def _load(self) -> None:
        self._operator_id = current_operator_id()
        self._site_names = Names(Site.objects.order_by("pk").values_list("name", "pk"))
        stations = list(
            Station.objects.order_by("pk").values_list("pk", "identifier", "name", "site_id", "merged_into")
        )
        self._station_names = Names(
            ((identifier, into or pk) for pk, identifier, _, _, into in stations),
            ((name, pk) for pk, _, name, _, into in stations if not into),
        )
        self._stations = _frame(((pk, site) for pk, _, _, site, _ in stations), _STATIONS)
        rows = Connector.objects.values_list("station_id", "number", "pk", "max_power_w", "standard")
        self._connectors = _frame(((*row, LARGEST_OF_PLUG.get(plug)) for *row, plug in rows), _CONNECTORS)
        found = _cards(self._only)
        tokens = list(found.order_by("pk").values_list(*_OF_CARDS))
        self._exact, self._alike, self._printed, self._partners = {}, {}, {}, {}
        for pk, exact, alike_, printed, _, into, issuer in tokens:
            if issuer is not None:
                self._partners[alike_] = None if alike_ in self._partners else pk
                continue
            card = into or pk
            self._exact.setdefault(exact, card)
            self._alike.setdefault(alike_, card)
            if printed:
                self._printed[printed] = card if self._printed.get(printed, card) == card else None
        if self._only is not None:
            into = {into for *_, into, _ in tokens if into} - {pk for pk, *_ in tokens}
            tokens += Token.objects.filter(pk__in=into).values_list(*_OF_CARDS)
        self._tokens = _frame(((pk, driver) for pk, *_, driver, _, _ in tokens), _TOKENS)
        self._holders = _holders(None if self._only is None else [pk for pk, *_ in tokens])

    def placed(self, sessions: pl.DataFrame) -> pl.DataFrame:
        """Return the sessions with the keys of what they name, null where it is missing.

        Adds station_id, site_id, connector_id, max_power_w, plug_w, token_id, and as driver_id who had the card then.
        """
        named = sessions.with_columns(
            station_id=self._station_names.keys(sessions["station"]),
            token_id=self._cards_of(sessions["token"]),
        )
        found = (
            named.join(self._stations, on="station_id", how="left", maintain_order="left")
            .join(self._connectors, on=["station_id", "connector"], how="left", maintain_order="left")
            .join(self._tokens, on="token_id", how="left", maintain_order="left")
        )
        return found if self._holders.is_empty() else self._held(found)

    def needing(self, placed: pl.DataFrame) -> dict[Thing, pl.Series]:
        """Return which of the placed sessions need something that is not there; a new station brings its connectors."""
        no_station = placed["station_id"].is_null()
        return {
            Thing.SITES: no_station & self._site_names.keys(placed["site"]).is_null(),
            Thing.STATIONS: no_station,
            Thing.CONNECTORS: ~no_station & placed["connector_id"].is_null(),
            Thing.TOKENS: placed["token"].is_not_null() & placed["token_id"].is_null(),
        }

    def of_several(self, placed: pl.DataFrame) -> pl.Series:
        """Return which of the placed sessions name a card that several partners have, so that nobody knows whose."""
        texts = placed["token"].drop_nulls().unique()
        named = [text for text in texts if any(self._partners.get(mark, 0) is None for mark in self._marks_of(text)[1])]
        return placed["token_id"].is_null() & placed["token"].is_in(named).fill_null(value=False)

    def missing(self, placed: pl.DataFrame) -> Missing:
        """Return what the placed sessions name and the network does not have, each once, as first spelled."""
        needs = self.needing(placed)
        stations = _firsts(placed.filter(needs[Thing.STATIONS]), "station")
        connectors = (
            placed.filter(pl.col("connector_id").is_null())
            .with_columns(like=alike("station"))
            .group_by("like", "connector", maintain_order=True)
            .agg(pl.col("station").first(), pl.col("power_w").max())
        )
        return Missing(
            sites=_firsts(placed.filter(needs[Thing.SITES]), "site")["site"].to_list(),
            stations=list(stations.select("station", "site").iter_rows()),
            connectors=list(connectors.select("station", "connector", "power_w").iter_rows()),
            tokens=_firsts(placed.filter(needs[Thing.TOKENS]), "token")["token"].to_list(),
        )

    def create(self, missing: Missing) -> None:
        """Create what is missing. Two imports at once create it once: the second finds the first one's rows."""
        self._create_sites(missing.sites)
        self._create_stations(missing.stations)
        self._create_connectors(missing.connectors)
        self._create_tokens(missing.tokens)
        self.created.update(missing.counts())
        self._load()

    def _cards_of(self, texts: pl.Series) -> pl.Series:
        """Return the key of the card that each text means, by its UID or else by its printed number."""
        said = {text: key for text in texts.drop_nulls().unique() if (key := self._card_of(text)) is not None}
        if not said:
            return pl.Series(texts.name, [None] * len(texts), dtype=pl.Int64)
        return texts.replace_strict(said, default=None, return_dtype=pl.Int64)

    def _card_of(self, text: str) -> int | None:
        exact, alike_, printed = self._marks_of(text)
        known: tuple[dict[str, Any], ...] = (self._exact, self._alike, self._printed, self._partners)
        every = zip(known, (exact, alike_, printed, alike_), strict=True)
        return next((cards[mark] for cards, marks in every for mark in marks if mark in cards), None)

    def _marks_of(self, text: str) -> list[list[str]]:
        if text not in self._marks:
            of = (Token.exact_marks, Token.uid_marks, Token.marks)
            self._marks[text] = [marks(text, self._operator_id) for marks in of]
        return self._marks[text]

    def _held(self, placed: pl.DataFrame) -> pl.DataFrame:
        """Let sessions with a card that has moved be paid for by whoever had it when they began."""
        numbered = placed.with_row_index("place")
        moved = numbered.join(self._holders.select("token_id").unique(), on="token_id", how="semi")
        held = (
            moved.sort("started_at")
            .join_asof(self._holders, left_on="started_at", right_on="since", by="token_id", check_sortedness=False)
            .select("place", pl.col("holder_id"), moved=True)
        )
        joined = numbered.join(held, on="place", how="left", maintain_order="left")
        payer = pl.when("moved").then("holder_id").otherwise("driver_id")
        return joined.with_columns(driver_id=payer).drop("place", "holder_id", "moved")

    def _create_sites(self, names: list[str]) -> None:
        """A site keeps the operator's clock: how a file writes its times says nothing about where its stations are."""
        if not names:
            return
        operator = Operator.objects.get(pk=current_operator_id())
        # How a file writes its times says nothing about where its sites lie.
        facts: dict[str, Any] = {"time_zone": operator.time_zone, "country": operator.country}
        sites = (Site(name=name, file_import_id=self.file_import_id, **facts) for name in names)
        Site.objects.bulk_create(sites, ignore_conflicts=True)
        self._site_names = Names(Site.objects.order_by("pk").values_list("name", "pk"))

    def _create_stations(self, stations: list[tuple[str, str]]) -> None:
        sites = self._site_names.keys(pl.Series([site for _, site in stations], dtype=pl.String))
        rows = (
            Station(identifier=identifier, site_id=site, file_import_id=self.file_import_id)
            for (identifier, _), site in zip(stations, sites, strict=True)
        )
        Station.objects.bulk_create(rows, ignore_conflicts=True)

    def _create_connectors(self, connectors: list[tuple[str, str, int | None]]) -> None:
        if not connectors:
            return
        self._load()
        keys = self._station_names.keys(pl.Series([station for station, _, _ in connectors], dtype=pl.String))
        rows = (
            Connector(station_id=key, number=number, max_power_w=power_w, file_import_id=self.file_import_id)
            for key, (_, number, power_w) in zip(keys, connectors, strict=True)
        )
        Connector.objects.bulk_create(rows, ignore_conflicts=True)

    def _create_tokens(self, uids: list[str]) -> None:
        owners = self._create_drivers(uids) if self.create_drivers else [None] * len(uids)
        rows = (
            Token(uid=uid, driver_id=owner, file_import_id=self.file_import_id)
            for uid, owner in zip(uids, owners, strict=True)
        )
        Token.objects.bulk_create(rows, ignore_conflicts=True)

    def _create_drivers(self, uids: list[str]) -> list[int]:
        self.created["drivers"] += len(uids)
        return [driver.pk for driver in drivers.create_many(uids)] if uids else []


def _firsts(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    return rows.with_columns(like=alike(name)).unique("like", keep="first", maintain_order=True)


def _cards(only: pl.Series | None) -> QuerySet[Token]:
    """The cards that some texts may name, by their UID or as printed."""
    counted = Token.objects.filter(is_set_aside=False)
    if only is None:
        return counted
    operator, texts = current_operator_id(), set(only.drop_nulls())
    by_uid = [mark for text in texts for mark in Token.uid_marks(text, operator)]
    printed = [mark for text in texts for mark in Token.marks(text, operator)]
    return counted.filter(Q(uid_mark__in=by_uid) | Q(number_mark__in=printed))


def _holders(cards: Sequence[int] | None) -> pl.DataFrame:
    """From when on who has a card, of the cards that have moved or are somebody's only from some day on."""
    histories: defaultdict[int, list[Held[int]]] = defaultdict(list)
    earlier = EarlierHolder.objects.order_by("until")
    now = Token.objects.filter(driver__isnull=False, driver_since__isnull=False)
    if cards is not None:
        earlier, now = earlier.filter(token__in=cards), now.filter(pk__in=cards)
    for token, driver, since, until in earlier.values_list("token_id", "driver_id", "since", "until"):
        histories[token].append(Held(driver, since, until))
    for token, driver, since in now.values_list("pk", "driver_id", "driver_since"):
        histories[token].append(Held(driver, since))
    rows = [(token, *change) for token, history in histories.items() for change in holders.changes(history)]
    return _frame(rows, _HOLDERS).sort("since")


def _frame(rows: Iterable[tuple[object, ...]], schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema, orient="row")
