"""OCPP, the protocol of charging stations: what its messages say and how they are answered. Pure."""

#: The source of sessions that stations tell of themselves; their number there is OCPP's transaction.
SOURCE = "ocpp"
