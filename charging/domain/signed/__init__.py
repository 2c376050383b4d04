"""What meters signed about a charge: read (`ocmf`), with whose key (`keys`), and what it proves (`proof`)."""
