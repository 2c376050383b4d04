"""What the process does with its memory: it seldom looks through it, and gives back what is free."""

import asyncio
import ctypes
import gc

#: So many things that may refer to each other are made, and not given up, before Python looks through the newest of
#: them: more than belong to all messages that are on their way at once.
LOOKED_THROUGH = 5_000
#: Rooms of so many bytes and more are made apart and given back at once, by number in `malloc.h`. Else the C library
#: raises that bound by itself, and what groups of messages are written into lies between what stays.
M_MMAP_THRESHOLD, APART = -3, 2**14
#: How often what is free is given back.
GIVEN_BACK_S = 30.0


def spare_looks() -> None:
    """Have Python look seldom for what refers to itself, and never through what stays as long as the process does.

    Nobody is answered meanwhile: through all that belongs to 2,000 connections it takes a tenth of a second. With its
    usual bounds a burst of messages is looked through time and again, and what is on its way counts as what stays.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(LOOKED_THROUGH)


async def give_back() -> None:
    """Keep large rooms apart, and give back, until cancelled, the pages of memory on which nothing lies.

    The C library keeps those between others, and with frames of all sizes that come and go there are ever more of them.
    It takes about a millisecond. Without glibc there is nothing to do.
    """
    library = ctypes.CDLL(None)
    trim = getattr(library, "malloc_trim", None)
    if trim is not None:
        library.mallopt(M_MMAP_THRESHOLD, APART)
    while True:
        await asyncio.sleep(GIVEN_BACK_S)
        if trim is not None:
            trim(0)
