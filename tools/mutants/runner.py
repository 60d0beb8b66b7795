"""Run the tests against one mutant after the other, in copies of the project.

Each run is a process forked from a server that has imported the libraries already, which saves
half of a short run. The work tree itself is never changed.
"""

import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from tools.mutants.changes import Mutant

ROOT = Path(__file__).resolve().parent.parent.parent
PRELOADED = ["boto3", "cryptography", "fastapi", "httpx", "hypothesis", "PIL.Image", "pytest"]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".hypothesis", ".local", ".next", ".venv*", ".*_cache", "__pycache__", "node_modules"
)
TIMEOUT_SECONDS = 120.0  # an endless loop
OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=mutants"]
OPTIONS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is imported already
OUTPUT = "pytest.log"
PASSED, FAILED, INTERRUPTED = 0, 1, 2  # pytest's exit codes; a failed collection is the third


class CannotRunError(Exception):
    """The tests do not pass, or pytest does not start, without any mutant."""


class Runner:
    """As many copies of the project as run at a time."""

    def __init__(self, copies: Sequence[Path]) -> None:
        self._server = multiprocessing.get_context("forkserver")
        self._server.set_forkserver_preload(PRELOADED)
        self._written = 0
        self._free: SimpleQueue[Path] = SimpleQueue()
        self._number = len(copies)
        for copy in copies:
            self._free.put(copy)

    def check(self, suites: Iterable[tuple[str, ...]]) -> None:
        """Run each suite on the code as it is; raises CannotRunError if one does not pass."""
        with ThreadPoolExecutor(self._number) as pool:
            list(pool.map(self._check, suites))

    def survivors(
        self,
        mutants: Sequence[tuple[Mutant, tuple[str, ...]]],
        done: Callable[[Mutant, bool], None],
    ) -> list[Mutant]:
        """The mutants that no test of their suite notices."""

        def survives(mutant: Mutant, suite: tuple[str, ...]) -> bool:
            with self._copy() as copy, self._applied(mutant, copy):
                code = self._run(copy, suite)
                if code not in {PASSED, FAILED, INTERRUPTED, None}:
                    raise CannotRunError(f"{mutant.identity}: {_tail(copy)}")
            done(mutant, code == PASSED)
            return code == PASSED

        with ThreadPoolExecutor(self._number) as pool:
            verdicts = pool.map(lambda pair: survives(*pair), mutants)
            return [mutant for (mutant, _), alive in zip(mutants, verdicts, strict=True) if alive]

    def _check(self, suite: tuple[str, ...]) -> None:
        with self._copy() as copy:
            if self._run(copy, suite) != PASSED:
                raise CannotRunError(_tail(copy))

    @contextmanager
    def _copy(self) -> Iterator[Path]:
        copy = self._free.get()
        try:
            yield copy
        finally:
            self._free.put(copy)

    @contextmanager
    def _applied(self, mutant: Mutant, copy: Path) -> Iterator[None]:
        path = copy / mutant.file
        source = path.read_bytes()
        try:
            self._write(path, mutant.applied(source))
            yield
        finally:
            self._write(path, source)

    def _write(self, path: Path, source: bytes) -> None:
        """Python takes compiled code for current that has the source's time in seconds and size."""
        path.write_bytes(source)
        self._written += 1
        os.utime(path, (self._written, self._written))

    def _run(self, copy: Path, suite: tuple[str, ...]) -> int | None:
        """pytest's exit code; None if it had to be killed."""
        process = self._server.Process(target=_pytest, args=(str(copy), suite, os.environ.copy()))
        process.start()
        process.join(TIMEOUT_SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
            return None
        return process.exitcode


def _tail(copy: Path) -> str:
    return (copy / OUTPUT).read_text()[-3000:]


def _pytest(copy: str, suite: Sequence[str], environment: Mapping[str, str]) -> None:
    """The child: run pytest in `copy`, whose modules it has not imported yet."""
    os.chdir(copy)
    os.environ.update(environment)
    output = os.open(OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    sys.path[:] = [copy, *(path for path in sys.path if Path(path or ".").resolve() != ROOT)]
    for name in [name for name in sys.modules if name.partition(".")[0] == "tools"]:
        del sys.modules[name]
    import hypothesis
    import pytest

    # A failure is enough: no search for the smallest one.
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile(
        "mutants", deadline=None, database=None, derandomize=True, phases=phases
    )
    sys.exit(int(pytest.main([*OPTIONS, *suite])))


@contextmanager
def copies(number: int) -> Iterator[list[Path]]:
    """Copies of the project in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        made = [Path(folder) / str(n) for n in range(number)]
        for copy in made:
            shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
            for environment in (".venv", ".venv-emulator"):
                (copy / environment).symlink_to((ROOT / environment).resolve())
        yield made
