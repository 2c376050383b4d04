"""OCPP, the protocol of charging stations: what its messages say and how they are answered. Pure."""
