"""The columns that help, as a template to fill in: headings that are understood without a question.

Which zone the times are written in stands in their headings, and the unit of the energy in its own, so that a file made
of the template leaves nothing open. The words are the caller's: any that `headings` knows will do.
"""

from collections.abc import Mapping

from charging.ingest.layout import Field

#: The facts of a template in their order, and whether a session can do without them.
COLUMNS: Mapping[Field, bool] = {
    Field.EXTERNAL_ID: True,
    Field.STARTED_AT: False,
    Field.ENDED_AT: False,
    Field.ENERGY: False,
    Field.SITE: True,
    Field.STATION: False,
    Field.CONNECTOR: True,
    Field.TOKEN: True,
}


def headings(words: Mapping[Field, str], *, zone: str) -> dict[Field, str]:
    """Return the heading of each column: the word for the fact, and how it is written where that matters."""
    how = {Field.STARTED_AT: zone, Field.ENDED_AT: zone, Field.ENERGY: "kWh"}
    return {fact: f"{words[fact]} ({how[fact]})" if fact in how else words[fact] for fact in COLUMNS}
