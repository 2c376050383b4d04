"""`python -m launcher run | manage … | test …`: what the scripts in `bin/` hand over to."""

import sys

from launcher.errors import Refusal
from launcher.terminal import say


def main() -> int:
    """Run one of the three and turn a refusal into one sentence and exit status 1."""
    name, arguments = sys.argv[1], sys.argv[2:]
    try:
        if name == "run":
            from launcher import running  # noqa: PLC0415  # each of them pays for its own imports

            return running.main(arguments)
        if name == "manage":
            from launcher import managing  # noqa: PLC0415

            return managing.main(arguments)
        from launcher import checking  # noqa: PLC0415

        return checking.main(arguments)
    except Refusal as refusal:
        say(str(refusal))
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
