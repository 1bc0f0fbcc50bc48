"""`python -m course_lib COMMAND`: prepare .venv if need be, then run the command in it."""

import sys

if sys.version_info < (3, 8):  # too old even to read the next module
    sys.exit(
        "Python 3.11, 3.12 or 3.13 is needed; this is %d.%d. See the README, section Install." % sys.version_info[:2]
    )

from course_lib.bootstrap import main

main()
