"""The few kinds of error a user can meet, each one line: what, where, what next.

The command line prints the message and leaves with the kind's `exit_code`; a traceback reaches a user
only for a mistake of ours.
"""

from __future__ import annotations

from os import PathLike

LONGEST = 300
"""Characters of what is said to be wrong with a file."""


class ShapeSpaceError(Exception):
    """Something a user can act on. The message is one line."""

    exit_code = 1


class UsageError(ShapeSpaceError):
    """An option, a name or a combination that cannot be meant."""

    exit_code = 2


class BadInput(ShapeSpaceError):
    """A file that cannot be used: broken, hostile, empty or not what its name says.

    Args:
        path: The file, or a name for bytes that came from no file.
        what: What is wrong with it, with the number found and the number allowed.
        hint: What the user can do next; may be empty.
    """

    exit_code = 3

    def __init__(self, path: str | PathLike[str], what: str, hint: str = "") -> None:
        # what a file says of itself may stand in the message, and a hostile one says a great deal
        self.path, self.what, self.hint = str(path), what if len(what) <= LONGEST else what[:LONGEST] + " ...", hint
        super().__init__(f"{self.path}: {self.what}" + (f"; {hint}" if hint else ""))

    def __reduce__(self) -> tuple[type[BadInput], tuple[str, str, str]]:
        # An error crosses process borders in `data prepare`; the default would call __init__ with one argument.
        return (type(self), (self.path, self.what, self.hint))


class DamagedFile(BadInput):
    """A file of ours whose bytes are not those that were written."""


class OutputError(ShapeSpaceError):
    """A result could not be written: no space, no permission, or the target exists."""

    exit_code = 4


class TrainingDiverged(ShapeSpaceError):
    """The run was stopped before its weights were spoilt; the last good checkpoint stands."""

    exit_code = 5


class Interrupted(ShapeSpaceError):
    """SIGTERM or Ctrl-C: everything was saved first."""

    exit_code = 143


class PeerLost(ShapeSpaceError):
    """Another rank of a distributed run died or stopped answering; try again with `--resume`."""

    exit_code = 75
