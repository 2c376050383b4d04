"""Names that may be held once: the database decides, and whoever comes second is told.

To look whether a name is free and then to write it answers two people who do so at the same moment with "free". So
the row is written, and the unique constraint that refuses it is turned into the refusal of the act.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction  # noqa: TID251  # a savepoint around what may be refused


@contextmanager
def refused_as(refusal: Exception, *, constraint: str) -> Iterator[None]:
    """Write in a savepoint; what the constraint refuses is taken back and raised as the refusal."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if name_of(error) == constraint:
            raise refusal from error
        raise


def name_of(error: IntegrityError) -> str:
    """Return the constraint that refused; empty when the database did not say."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
