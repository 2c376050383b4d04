"""How a web worker looks for rings of objects that nothing needs any more.

Python looks after every 700 new objects, and a page of a list makes a hundred times as many: the looks took a fifth of
the time for a page, and now and then all of the program's own objects were gone through while somebody waited.
"""

import gc

#: About the objects that one long page makes.
OBJECTS = 50_000


def settle() -> None:
    """Leave alone what stands at the start, for it stays, and look less often at what comes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, *gc.get_threshold()[1:])
