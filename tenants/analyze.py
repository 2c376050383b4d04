"""Keeps the planner's statistics true while a lot is being written.

PostgreSQL refreshes them by itself within a minute. A first import or a first run writes tens of
thousands of rows before that, and each of its statements is planned as if the tables were empty:
nested loops over whole tables, which made a run of a year 200 times slower. So whoever writes in bulk
asks for a refresh when the numbers have changed a lot.
"""

from django.db import connection
from django.db.models import Model

#: With the number of a table: somebody refreshes its statistics.
_REFRESHING_CLASS = 0x57_4C_05
_CHANGED = """
SELECT array_agg(relname::text) FROM (
    SELECT relid, relname FROM pg_stat_user_tables
    WHERE schemaname = 'public' AND relname = ANY (%s) AND n_mod_since_analyze > least(1000 + n_live_tup / 2, %s)
    OFFSET 0
) changed WHERE pg_try_advisory_xact_lock(%s, (relid::bigint & 2147483647)::integer)
"""


def refresh(*models: type[Model], most: int | None = None) -> list[str]:
    """Refresh the statistics of those tables of which half has changed; return their names.

    most: more changed rows than these are enough, however large the table is. It is for what reads the new rows of one
    operator among those of many: the statistics know nothing of them, and take them for none.

    Counts what other transactions have committed, so call it between steps that commit. Takes a
    fraction of a second a table, whatever its size, as PostgreSQL looks at a sample. Until the transaction ends nobody
    else refreshes the same table, and who asks meanwhile goes on without: so several workers call it in a transaction
    of its own, or they would wait for each other's work.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, [[model._meta.db_table for model in models], most, _REFRESHING_CLASS])
        (changed,) = cursor.fetchone()
        if changed:
            cursor.execute("SELECT refresh_statistics(%s)", [changed])
    return changed or []
