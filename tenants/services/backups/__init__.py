"""Backups that the machine which makes them cannot read, and restores that are proved.

A backup is a folder; its name says when it was made. It holds the dump of one snapshot of the database
(`database.dump.age`), the files that rows name (`files.tar.age`), what is in both, counted in the same snapshot
(`manifest.json.age`), and `backup.json`: in clear what the three must be, signed with the instance's key. They are
encrypted to public keys (age, X25519): the private one lies elsewhere, and so do the instance's own keys.

- `folder`: which backups there are, one maker at a time, letting old ones go;
- `sealed`, `noted`, `programs`: encrypted streams, signed notes, PostgreSQL's own programs;
- `reckoning`: rows, sums and fingerprints of every table;
- `files`: the store as one stream;
- `making` and `restoring`.
"""
