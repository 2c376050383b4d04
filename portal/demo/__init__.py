"""The demonstration: two Swedish operators with a year of plausible charging.

Everything is written by the portal's own code: the network and the drivers by services, the sessions
by the import of files, prices by rating, invoices by runs. Only the facts are made up, from fixed
seeds, so that two demonstrations made on the same day are alike.
"""
