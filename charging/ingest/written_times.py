"""A written time taken apart, however it is written: numbers of the date in their order, the clock, and the offset.

Works on columns: for the texts that no plain form fits, and as evidence of the order in which a file writes its dates.
A month by name, a year in front, the day count of a spreadsheet and seconds since 1970 need no order; other dates stay
three numbers until somebody knows it. What could mean two instants (an abbreviation of several zones) is not read.
"""

from functools import cache, reduce
from typing import Final
from zoneinfo import available_timezones

import polars as pl

from charging.domain.local_time import UTC_TIME, instants
from charging.ingest.calendar_words import MONTHS, WEEKDAYS
from charging.ingest.layout import DateOrder

LOCAL_TIME = pl.Datetime("us")

_BLANKS: Final = "[\\s\u00a0\u2007\u2009\u202f]+"
_MONTH: Final = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAY_NAME: Final = "|".join(sorted(set(WEEKDAYS), key=len, reverse=True))
_CLOCK: Final = (
    r"(?:[t,_ -]|at|kl\.?|klo|um|ore|alle|om|a las|a)+(\d{1,2})[:.h](\d{2})(?:[:.m](\d{2})(?:[.,:](\d{1,9}))?s?)?"
    r" ?(am|pm|a\. ?m\.|p\. ?m\.|uhr|h)?"
)
_OFFSET: Final = r" ?([a-z]{1,4})? ?([+-])?(\d{1,2})?:?(\d{2})?"
_WHOLE: Final = rf"^(\d{{1,4}}) ?[./-] ?(\d{{1,2}}) ?[./-] ?(\d{{1,4}})\.?{_CLOCK}{_OFFSET}$"
_PARTS: Final = ("a", "b", "c", "hour", "minute", "second", "fraction", "half", "zone", "sign", "off_h", "off_m")
#: Digits without signs between them, brought to `year-month-day hour:minute:second`.
_COMPACT: Final = (
    (r"^((?:19|20)\d\d)(\d\d)(\d\d)[t_ -]?(\d\d):?(\d\d):?(\d\d)(\D.*)?$", "${1}-${2}-${3} ${4}:${5}:${6}${7}"),
    (r"^((?:19|20)\d\d)(\d\d)(\d\d)[t_ -]?(\d\d):?(\d\d)(\D.*)?$", "${1}-${2}-${3} ${4}:${5}${6}"),
)
#: Dates with a month's name, and which of the three groups is the year, the month and the day.
_NAMED: Final = (
    (
        rf"^(\d{{1,2}})(?:st|nd|rd|th)?\.?[ ./-]*(?:de |of )?({_MONTH})\.?[ ./,-]*(?:de |del )?(\d{{4}}|\d\d)(\D.*)?$",
        "321",
    ),
    (rf"^(\d{{4}})[ ./-]*({_MONTH})\.?[ ./-]*(\d{{1,2}})(\D.*)?$", "123"),
    (rf"^({_MONTH})\.?[ .-]*(\d{{1,2}})(?:st|nd|rd|th)?,?[ -]+(\d{{4}})(\D.*)?$", "312"),
)
_UNIX_DATE: Final = rf"^({_MONTH}) (\d{{1,2}}) (\d{{1,2}}:\d\d:\d\d)( [a-z]{{3,4}})? (\d{{4}})$"
#: Abbreviations that name one zone to everybody who reads them, with their offset; others are not guessed at.
_ZONES: Final = {
    "cet": ("Europe/Berlin", 1), "cest": ("Europe/Berlin", 2), "mez": ("Europe/Berlin", 1),
    "mesz": ("Europe/Berlin", 2), "eet": ("Europe/Helsinki", 2), "eest": ("Europe/Helsinki", 3),
    "wet": ("Europe/Lisbon", 0), "west": ("Europe/Lisbon", 1), "bst": ("Europe/London", 1),
    "pst": ("America/Los_Angeles", -8), "pdt": ("America/Los_Angeles", -7),
    "mst": ("America/Denver", -7), "mdt": ("America/Denver", -6), "edt": ("America/New_York", -4),
}  # fmt: skip
_UTC_NAMES: Final = ("z", "utc", "gmt", "ut", "etc/utc", "etc/gmt", "zulu")
_MOST_NAMED_ZONES = 20
_LONGEST_OFFSET_S = 14 * 3600
#: Days as a spreadsheet counts them, from 1982 to 2064. Seconds since 1970, or thousandths or millionths of them.
_SPREADSHEET: Final = r"^(?:[34]\d{4}|5\d{4})(?:[.,]\d+)?$"
_EPOCH: Final = r"^-?(?:\d{1,4}|\d{9,10}|\d{13}|\d{16})(?:\.\d+)?$"
_SPREADSHEET_BEGAN_US = -2_209_161_600_000_000


def taken_apart(texts: pl.Series) -> pl.DataFrame:
    """Return what each text says, null where it says no time.

    Columns: a, b, c (the numbers of the date as written, the year first where it has four digits or the month a name),
    sure (whether that is so), clock_us (of the day), offset_s and zone (as said; both null: civil time), utc (of
    seconds since 1970) and local (of a spreadsheet's day count).
    """
    plain = _tidied(texts)
    bracketed = plain.str.extract(r"\[([^\]]+)\]$", 1)
    bare = plain.str.replace(r" ?\[[^\]]+\]$", "").str.replace(r" ?\([^)]*\)$", "")
    parts = _named(_compact(bare)).str.extract_groups(_WHOLE).struct.unnest()
    parts.columns = list(_PARTS)
    half, zone = pl.col("half").str.slice(0, 1), pl.col("zone")
    utc_said = zone.is_in(_UTC_NAMES).fill_null(value=False)
    offset = pl.col("off_h") * 3600 + pl.col("off_m").fill_null(0) * 60
    signed = pl.when(pl.col("sign") == "-").then(-offset).otherwise(offset)
    odd = pl.col("sign").is_null() != pl.col("off_h").is_null()
    micro = pl.col("fraction").fill_null("0").str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int64, strict=False)
    return (
        parts.with_columns(sure=pl.col("a").str.len_chars() == 4, last=pl.col("c").str.len_chars())
        .with_columns(pl.col("a", "b", "c", "hour", "minute", "second", "off_h", "off_m").cast(pl.Int64, strict=False))
        .with_columns(
            hour=pl.when(pl.col("hour") > 12)
            .then(pl.when(half == "a").then(None).otherwise(pl.col("hour")))
            .otherwise(
                pl.when((half == "p") & (pl.col("hour") < 12))
                .then(pl.col("hour") + 12)
                .otherwise(pl.when((half == "a") & (pl.col("hour") == 12)).then(0).otherwise(pl.col("hour")))
            )
        )
        .select(
            "a",
            "b",
            "c",
            "sure",
            short=(pl.col("last") <= 2) & ~pl.col("sure"),
            clock_us=pl.when(
                ((pl.col("hour") < 24) | ((pl.col("hour") == 24) & (pl.col("minute") == 0)))
                & (pl.col("minute") < 60)
                & (pl.col("second").fill_null(0) < 60)
                & ~odd
            ).then(((pl.col("hour") * 60 + pl.col("minute")) * 60 + pl.col("second").fill_null(0)) * 1_000_000 + micro),
            offset_s=pl.when(signed.abs() <= _LONGEST_OFFSET_S).then(signed).otherwise(pl.when(utc_said).then(0)),
            zone=pl.when(pl.col("off_h").is_null() & ~utc_said).then(pl.coalesce(bracketed, zone)),
        )
        .with_columns(utc=_epoch(plain), local=_spreadsheet(plain))
        .with_columns(zone=pl.when(pl.col("zone").is_in(_UTC_NAMES)).then(pl.lit("utc")).otherwise("zone"))
    )


def read_apart(texts: pl.Series, order: DateOrder, *, short_years: bool = True) -> pl.DataFrame:
    """Return what the texts say in this order of dates: `utc` where they name an instant, else `local`, or neither.

    short_years: whether a year of two digits may stand in front, as it may not among years of four.
    """
    apart = taken_apart(texts)
    if order is DateOrder.YMD and not short_years:
        apart = apart.with_columns(short=pl.lit(value=False))
    civil = _civil(apart, order)
    offset = pl.Series("offset", apart["offset_s"] * 1_000_000).cast(pl.Duration("us"))
    utc = (civil - offset).dt.replace_time_zone("UTC")
    utc = apart["utc"].zip_with(apart["utc"].is_not_null(), utc)
    named = apart["zone"].is_not_null()
    if named.any():
        utc = utc.zip_with(~named, _of_named_zones(civil, apart["zone"]))
    local = civil.set(named | apart["offset_s"].is_not_null(), None)
    local = apart["local"].zip_with(apart["local"].is_not_null(), local)
    return pl.DataFrame({"utc": utc, "local": local})


def is_absolute(apart: pl.DataFrame) -> pl.Series:
    """Return which of the texts taken apart name an instant by themselves."""
    return apart.select(pl.any_horizontal(pl.col("offset_s", "zone", "utc").is_not_null())).to_series()


def _tidied(texts: pl.Series) -> pl.Series:
    plain = (
        texts.str.replace_all(_BLANKS, " ").str.strip_chars(" ").str.replace("\N{MINUS SIGN}", "-").str.to_lowercase()
    )
    if plain.str.contains(r"[^\W\d_]{2}").any():
        plain = plain.str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.replace_all("ø", "o", literal=True)
        plain = plain.str.replace(rf"^(?:{_DAY_NAME})\b\.?,? ?", "")
    return plain


def _compact(texts: pl.Series) -> pl.Series:
    return reduce(lambda text, change: text.str.replace(*change), _COMPACT, texts)


def _named(texts: pl.Series) -> pl.Series:
    """Bring dates with a month's name to `year-month-day`."""
    if not texts.str.contains(_MONTH).any():
        return texts
    texts = texts.str.replace(_UNIX_DATE, "${5} ${1} ${2} ${3}${4}")
    for pattern, places in _NAMED:
        found = texts.str.extract_groups(pattern).struct.unnest()
        year, month, day = (pl.col(place) for place in places)
        whole = pl.when(year.str.len_chars() == 2).then("20" + year).otherwise(year)
        number = month.replace_strict(MONTHS, default=None, return_dtype=pl.String)
        dated = found.select(pl.concat_str(whole, pl.lit("-"), number, pl.lit("-"), day, pl.col("4").fill_null("")))
        texts = texts.zip_with(dated.to_series().is_null(), dated.to_series())
    return texts


def _civil(apart: pl.DataFrame, order: DateOrder) -> pl.Series:
    a, b, c, sure = pl.col("a"), pl.col("b"), pl.col("c"), pl.col("sure")
    other = {DateOrder.DMY: (c, b, a), DateOrder.MDY: (c, a, b), DateOrder.YMD: (pl.when("short").then(a), b, c)}
    year, month, day = (
        pl.when(sure).then(first).otherwise(second) for first, second in zip((a, b, c), other[order], strict=True)
    )
    whole = pl.when(sure | (year >= 100)).then(year).when(year < 70).then(year + 2000).otherwise(year + 1900)
    date = pl.concat_str(
        whole.cast(pl.String), *(part.cast(pl.String).str.zfill(2) for part in (month, day)), separator="-"
    )
    midnight = date.str.strptime(LOCAL_TIME, "%Y-%m-%d", strict=False)
    told = apart.select(civil=midnight + pl.col("clock_us").cast(pl.Duration("us"))).to_series()
    return told.set((told.dt.year() < 1900).fill_null(value=False), None)


def _of_named_zones(civil: pl.Series, zones: pl.Series) -> pl.Series:
    """Return the instants of civil times that name their zone; null where the name or the time is not one."""
    utc = pl.Series([None], dtype=UTC_TIME).new_from_index(0, len(civil))
    for name in zones.drop_nulls().unique(maintain_order=True).head(_MOST_NAMED_ZONES):
        where = (zones == name).fill_null(value=False).arg_true()
        utc = utc.scatter(where, _in_zone(civil.gather(where), name))
    return utc


def _in_zone(civil: pl.Series, name: str) -> pl.Series:
    if name in _ZONES:
        zone, hours = _ZONES[name]
        utc = civil.dt.offset_by(f"{-hours}h").dt.replace_time_zone("UTC")
        there = utc.dt.convert_time_zone(zone)
        right = (there.dt.base_utc_offset() + there.dt.dst_offset()).dt.total_seconds() == hours * 3600
        return utc.set(~right, None)
    known = "UTC" if name == "utc" else _zones_by_name().get(name)
    if known is None:
        return pl.Series([None], dtype=UTC_TIME).new_from_index(0, len(civil))
    return instants(civil, zone=known).utc


@cache
def _zones_by_name() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones() if "/" in name}


def _spreadsheet(texts: pl.Series) -> pl.Series:
    days = texts.set(~texts.str.contains(_SPREADSHEET).fill_null(value=False), None)
    seconds = (days.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False) * 86_400).round()
    return (seconds.cast(pl.Int64, strict=False) * 1_000_000 + _SPREADSHEET_BEGAN_US).cast(LOCAL_TIME)


def _epoch(texts: pl.Series) -> pl.Series:
    said = texts.set(~texts.str.contains(_EPOCH).fill_null(value=False), None)
    digits = said.str.extract(r"^-?(\d+)", 1).str.len_chars()
    parts = pl.DataFrame({"number": said.cast(pl.Float64, strict=False), "digits": digits})
    scale = (
        pl.when(pl.col("digits") > 13).then(1).otherwise(pl.when(pl.col("digits") > 10).then(1_000).otherwise(10**6))
    )
    return parts.select((pl.col("number") * scale).round().cast(pl.Int64, strict=False)).to_series().cast(UTC_TIME)
