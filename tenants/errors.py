"""What this floor refuses, in words a person may read."""

from django.utils.functional import Promise


class Refused(Exception):
    """An act that is not possible as things are. Its message is shown to whoever tried."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(str(message))
