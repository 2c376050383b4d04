"""What is searched by any part of it: an inverted index beside the tables, and what is entered in it.

Row security lets PostgreSQL use an index for plain comparisons only, so a trigram index would never be asked; and one
on sessions would slow every import. So background work (`tenants.services.indexing`) reads what is new, in the order
of ids, and keeps for each term the rows that have it. `tenants.selectors.search` finds rows by terms and leaves the
newest, which are not indexed yet, to be looked through.
"""
