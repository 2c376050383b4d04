"""`python -m portal.embedded run | manage … | test …`: what the scripts in `bin/` hand over to."""

import sys

from portal.embedded.errors import Refusal
from portal.embedded.terminal import say


def main() -> int:
    """Run one of the three and turn a refusal into one sentence and exit status 1."""
    name, arguments = sys.argv[1], sys.argv[2:]
    try:
        if name == "run":
            from portal.embedded import running  # noqa: PLC0415  # each of them pays for its own imports

            return running.main(arguments)
        if name == "manage":
            from portal.embedded import managing  # noqa: PLC0415

            return managing.main(arguments)
        from portal.embedded import checking  # noqa: PLC0415

        return checking.main(arguments)
    except Refusal as refusal:
        say(str(refusal))
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
