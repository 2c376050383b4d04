"""PostgreSQL and Redis of our own, and everything that starts and stops: what `bin/` runs.

The idea: a fresh machine with Python needs nothing else. The servers come out of wheels (or from the
system), speak only over unix sockets in a private folder, and keep their data in one *state folder*.
One process at a time owns a state folder (a file lock); others may use the servers beside it and are
counted, so that nobody stops them under another's feet.

    paths        the state folder and what lies where in it
    locks        who owns the state, who uses it
    processes    one program as a child: its log, its end, and its end when we are killed
    postgres     find, create, start; roles.sql and grants.sql
    redis        find, start
    keeper       ends what our own death leaves
    waiting      until a program answers, as long as it moves
    servers      both, and the environment that leads a process to them
    supervisor   keeps programs running, stops them in order
    terminal     what a person is told
    catalogues   translations (.po) into what gettext reads (.mo)
    running      bin/run
    managing     bin/manage
    checking     bin/test

This package works before Django does and therefore reads its few variables itself. It uses the standard
library, Babel to compile translations, and psycopg to talk to the database once it stands.
"""
