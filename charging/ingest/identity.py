"""What makes two rows one session: the id of its source, and the place and the start it belongs to.

Stations count their own transactions, some by the second of their clock, so that two connectors may say one id. Rows
with one id, one place and one start are one session; the others of that id are told apart by what tells them apart.
"""

import hashlib

import polars as pl

from charging.domain.identifiers import name_keys

_LONGEST_PART = 80


def from_facts(sessions: pl.DataFrame) -> pl.Series:
    """Return ids made of what happened, for rows that carry none: the same row gets the same id every time."""
    facts = sessions.select(
        pl.concat_str(
            [pl.col(name).cast(pl.String).fill_null("") for name in ("station", "connector", "token")]
            + [pl.col(name).dt.epoch("s").cast(pl.String).fill_null("") for name in ("started_at", "ended_at")]
            + [pl.col("energy_wh").cast(pl.String).fill_null("")],
            separator="\x1f",
        )
    ).to_series()
    return pl.Series("external_id", [_digest(fact) for fact in facts], dtype=pl.String)


def told_apart(sessions: pl.DataFrame) -> pl.Series:
    """Return ids of their own for sessions whose `given_id` another session has too."""
    wheres = _where(sessions)
    ids = [
        f"{given[:_LONGEST_PART]}#{_digest(where)[:16]}"
        for given, where in zip(sessions["given_id"], wheres, strict=True)
    ]
    return pl.Series("external_id", ids, dtype=pl.String)


def repeated(sessions: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Return which rows say an earlier row's session again, and which an earlier row's id for another session."""
    first = sessions["given_id"].is_first_distinct()
    nowhere = pl.repeat(value=False, n=sessions.height, eager=True)
    if first.all():
        return nowhere, nowhere
    again = (~first).arg_true()
    ids = sessions["given_id"]
    rows = ids.is_in(ids.gather(again).unique().implode()).arg_true()
    some = sessions[rows]
    both = pl.DataFrame({"id": some["given_id"], "where": _where(some)})
    new = both.select(pl.struct("id", "where").is_first_distinct()).to_series()
    first_of_id = some["given_id"].is_first_distinct()
    return nowhere.clone().scatter(rows, ~new), nowhere.scatter(rows, new & ~first_of_id)


def _where(sessions: pl.DataFrame) -> pl.Series:
    facts = sessions.select(
        pl.concat_str(
            name_keys(sessions["station"]).fill_null(""),
            name_keys(sessions["connector"]).fill_null(""),
            pl.col("started_at").dt.epoch("s").cast(pl.String).fill_null(""),
            separator="\x1f",
        )
    )
    return facts.to_series()


def _digest(fact: str) -> str:
    return hashlib.blake2b(fact.encode(), digest_size=16).hexdigest()
