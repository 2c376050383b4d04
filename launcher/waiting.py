"""Waiting for a program until it answers: as long as it lives and moves, however slow the machine.

A time-out cannot tell a dead program from one on a busy machine, and stopping a healthy one makes the next start slower
still. So a program is given up when it has ended, or when for a long time it neither worked, nor wrote, nor waited
for its turn. Whoever watches is told what is waited for.
"""

import time
from collections.abc import Callable

from launcher.errors import Refusal
from launcher.processes import Child
from launcher.terminal import say

#: How long a living program may do nothing at all before it counts as stuck.
STILL_S = 120.0
#: How often it is looked whether the program moves: a look at every process of the machine.
LOOK_EVERY_S = 1.0
#: How often a person who waits is told what for.
TELL_EVERY_S = 15.0


def wait_until(answers: Callable[[], bool], child: Child, *, what: str, every_s: float = 0.05) -> None:
    """Wait until `answers()` is true of the child.

    what: its name in a sentence ("the web server").

    Raises:
        Refusal: it ended, or stands still; with the end of its log.
    """
    began = moved_at = looked_at = told_at = time.monotonic()
    seen = child.effort()
    while not answers():
        now = time.monotonic()
        if not child.is_running:
            raise Refusal(f"{_upper(what)} did not start ({child.ending}); see {child.log}:\n{child.last_words()}")
        if now - looked_at > LOOK_EVERY_S:
            looked_at, before, seen = now, seen, child.effort()
            moved_at = now if seen != before or child.is_at_it() else moved_at
        if now - moved_at > STILL_S:
            raise Refusal(
                f"{_upper(what)} runs but has done nothing for {STILL_S:.0f} s; see {child.log}:\n{child.last_words()}"
            )
        if now - told_at > TELL_EVERY_S:
            told_at = now
            say(f"Still waiting for {what} after {now - began:.0f} s. It is at work; its log is {child.log}.")
        time.sleep(every_s)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
