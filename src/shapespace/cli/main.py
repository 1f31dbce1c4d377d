"""The command line: names each command, loads it on first use, and turns what goes wrong into one line.

A help page must answer at once, so commands are import strings; the modules behind them import torch and
its like inside their functions.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from cyclopts import App, CycloptsError, Group

from shapespace.cli.console import complain
from shapespace.cli.help import TwoColumns
from shapespace.errors import LONGEST, BadInput, PeerLost, ShapeSpaceError

INTERRUPTED = 130
"""Exit code after Ctrl-C where nothing had to be saved; a shell's 128 + SIGINT."""

TERMINATED = 143
"""Exit code after SIGTERM where nothing had to be saved; a shell's 128 + SIGTERM."""

BROKEN_PIPE = 141
"""Exit code when the reader of our output went away (`shapespace ... | head`); a shell's 128 + SIGPIPE."""

NOT_OURS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.EISDIR, errno.ENOTDIR)
"""What is wrong with a file or its name where the program has made no mistake."""

REPORT = "this is a mistake in shapespace, not in your input; please report it with the lines above"


def build_app() -> App:
    """Return the application with every command registered by name, none of them imported."""
    app = App(
        name="shapespace",
        help="Learn a probabilistic latent space of 3-D shapes, and take new shapes out of it.",
        help_format="plaintext",
        help_formatter=TwoColumns(),
        version=_version,
        result_action="return_value",
        suppress_keyboard_interrupt=False,
        group_commands=Group("Commands", sort_key=0),
    )
    app.command(
        "shapespace.cli.train:train",
        name="train",
        help="Train a shape space on a store of shapes.",
        usage="Usage: shapespace train --data PATH --out PATH [OPTIONS]\n",  # else all options are gone through again
        config=_training_sources,
    )
    app.command("shapespace.cli.sample:sample", name="sample", help="Write new shapes from a trained space.")
    app.command(
        "shapespace.cli.reconstruct:reconstruct",
        name="reconstruct",
        help="Give the shape that photographs of an object show.",
    )
    of_walks = "shapespace.cli.walk"
    app.command(
        f"{of_walks}:interpolate",
        name="interpolate",
        help="Write the shapes on the way from one to the next.",
        usage="Usage: shapespace interpolate SPACE END END... --out PATH [OPTIONS]\n",
    )
    app.command(
        f"{of_walks}:arithmetic",
        name="arithmetic",
        help="Add and subtract shapes and their attributes.",
        usage="Usage: shapespace arithmetic SPACE EXPRESSION... --out PATH [OPTIONS]\n",
    )
    app.command("shapespace.cli.serve:serve", name="serve", help="Walk spaces in the browser, or over HTTP.")
    app.command("shapespace.cli.snap:snap", name="snap", help="Find the shape of a space nearest to a rough one.")
    app.command(
        "shapespace.cli.neighbours:neighbours",
        name="neighbours",
        help="Find the shapes most like one.",
        usage="Usage: shapespace neighbours SPACE QUERY... [OPTIONS]\n",
    )
    app.command("shapespace.cli.neurons:neurons", name="neurons", help="Draw what single units have learned.")
    app.command("shapespace.cli.foreign:import_space", name="import", help="Make a space of another program's 3D-GAN.")
    app.command("shapespace.cli.demo:demo", name="demo", help="See it work: shapes now, and a small training run.")
    app.command(_data_app(app))
    app.command(_evaluate_app(app))
    app.command(_export_app(app))
    return app


def _data_app(parent: App) -> App:
    about = "Prepare, join, inspect and export stores of shapes."
    data = App(name="data", help=about, group_commands=parent.group_commands)
    data.command("shapespace.cli.data:prepare", name="prepare", help="Turn meshes or voxel files into a store.")
    data.command(
        "shapespace.cli.join:join",
        name="join",
        help="Make one store of several.",
        usage="Usage: shapespace data join STORE[:TIMES]... --out PATH [OPTIONS]\n",
    )
    data.command("shapespace.cli.data:info", name="info", help="Print what a store holds.")
    data.command("shapespace.cli.data:show", name="show", help="Draw a contact sheet of a store.")
    data.command("shapespace.cli.data:export", name="export", help="Write shapes of a store as files.")
    data.command("shapespace.cli.render:render", name="render", help="Draw shapes from 24 azimuths and 3 elevations.")
    return data


def _evaluate_app(parent: App) -> App:
    evaluate = App(name="evaluate", help="Measure what a space is worth.", group_commands=parent.group_commands)
    of = "shapespace.cli.evaluate"
    evaluate.command(f"{of}:generate", name="generate", help="Compare samples with real shapes and reference rows.")
    evaluate.command(
        "shapespace.cli.classify:classify", name="classify", help="Classify shapes by the discriminator's features."
    )
    evaluate.command(
        "shapespace.cli.reconstruction:reconstruct",
        name="reconstruct",
        help="Compare the shapes given for pictures with the true ones.",
    )
    evaluate.command(f"{of}:compare", name="compare", help="Put evaluated spaces side by side.")
    return evaluate


def _export_app(parent: App) -> App:
    export = App(name="export", help="Take a space away: ONNX, a site.", group_commands=parent.group_commands)
    export.command("shapespace.cli.export:onnx", name="onnx", help="Write the generator as an ONNX file.")
    export.command("shapespace.cli.export:web", name="web", help="Write the page as a site that needs no server.")
    return export


def _training_sources(*context: Any) -> None:
    # Fills options that were left open from preset, file or resumed run; imported only when training is asked for.
    from shapespace.cli.train import sources

    sources(*context)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 is success and 2 a command that cannot be meant; the other codes are in `shapespace.errors`, and
    Ctrl-C and a closed pipe have a shell's codes.

    Args:
        arguments: The words after `shapespace`; the process's own when None.
    """
    try:
        with _terminable():
            result = _run(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()  # a closed pipe shows here, where it can be caught, not at interpreter exit
    except CycloptsError as error:
        return complain(f"{_one_line(str(error))} (see `shapespace {_command_of(error)}--help`)", code=2)
    except PeerLost as error:
        _leave_at_once(complain(_one_line(str(error)), code=error.exit_code))
    except ShapeSpaceError as error:
        return complain(_one_line(str(error)), code=error.exit_code)
    except _Terminated:
        return complain("terminated", code=TERMINATED)
    except KeyboardInterrupt:
        return complain("interrupted", code=INTERRUPTED)
    except BrokenPipeError:
        return _leave_quietly()
    except OSError as error:
        if error.errno not in NOT_OURS or error.filename is None:
            return _our_mistake()
        return complain(f"{_short(str(error.filename))}: {error.strerror}", code=BadInput.exit_code)
    except Exception:  # noqa: BLE001 - the one boundary: whatever arrives here is our mistake
        return _our_mistake()
    return result


class _Terminated(KeyboardInterrupt):
    """SIGTERM: what is half-written is removed on the way out, as after Ctrl-C."""


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does; training and serving have their own way, and take it from here."""
    own = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    if own:
        signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        if own:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _terminate(*_: object) -> None:
    raise _Terminated


def _our_mistake() -> int:
    traceback.print_exc()
    return complain(REPORT, code=1)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[:LONGEST]} ..."


def _run(arguments: list[str]) -> int:
    result = build_app()(arguments, exit_on_error=False, print_error=False)
    return result if isinstance(result, int) else 0


def _command_of(error: CycloptsError) -> str:
    # ("data", "prepare") -> "data prepare ", the words that lead to the help page of the failed command
    return "".join(f"{word} " for word in error.command_chain or ())


def _one_line(message: str) -> str:
    return " ".join(message.split())


def _leave_at_once(code: int) -> NoReturn:
    # All is saved and said. A usual exit ends the threads that wait for the lost rank, and now and then aborts in them.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _leave_quietly() -> int:
    # Python flushes stdout once more at exit and would complain then; give it somewhere to go.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return BROKEN_PIPE


def _version() -> str:
    from importlib.metadata import version

    return version("shapespace")


if __name__ == "__main__":
    sys.exit(main())
