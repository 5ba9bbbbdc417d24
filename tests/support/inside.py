"""python -m tests.support.inside COMMAND...: run a command as root of a user namespace with the user's range of ids.

For an ordinary user's run of the tests that make namespaces in pytest's own process. Root needs none.
"""

import os
import sys

from atoll.linux import userns

if __name__ == "__main__":
    if userns.needed():
        userns.enter()
    os.execvp(sys.argv[1], sys.argv[1:])
