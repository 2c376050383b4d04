"""How PostgreSQL joins where its statistics cannot be believed: what has just been written is not counted yet.

Believing that there is a row or two of an operator's, it looks each row up for each of the others, and by any index
that begins with the operator: a hundred thousand payments then take ten thousand times what a thousand take.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.utils import CursorWrapper


@contextmanager
def whole(cursor: CursorWrapper) -> Iterator[None]:
    """Have both sides of a join read once and then put together, as long as this lasts, within a transaction.

    Each side has to be narrowed by itself, by a list (`key = ANY('{…}')`, or `key = ANY(ARRAY(SELECT …))`), or all of a
    table is read. Only for what sets rows apart: a trigger would keep the plans it makes meanwhile.
    """
    cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off")
    yield
    cursor.execute("SET LOCAL enable_nestloop = on; SET LOCAL enable_mergejoin = on")
