"""What goes wrong in a way that a person can mend: one sentence, no traceback."""


class Refusal(Exception):
    """We cannot go on. The message says in one sentence why, and what to do."""
