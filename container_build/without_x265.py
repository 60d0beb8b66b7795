"""Replace the GPL encoder that pillow-heif bundles with an empty library.

    python without_x265.py FOLDER COMPILER…

libheif is linked with libx265, which it calls only to encode; we only decode. So a library with the
same name and the same symbols, which do nothing, takes its place: libheif then reports that x265
supports no bit depth. libheif itself stays as it was released.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

_NAME = re.compile(rb"(?<=\0)x265_\w+(?=\0)")  # in the string tables of both libraries


def replace(folder: Path, compiler: Sequence[str]) -> Path:
    """Replace libx265 in a folder of installed packages; returns its path."""
    found = list(folder.glob("*.libs/libx265*.so*"))
    if len(found) != 1:
        raise SystemExit(f"{folder} has {len(found)} libraries named libx265, not one")
    x265 = found[0]
    (libheif,) = x265.parent.glob("libheif*.so*")
    names = set(_NAME.findall(x265.read_bytes())) & set(_NAME.findall(libheif.read_bytes()))
    functions = "".join(f"void *{name.decode()}(void) {{ return 0; }}\n" for name in sorted(names))
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "empty.c"
        source.write_text(functions)
        options = ["-shared", "-nostdlib", "-Os", f"-Wl,-soname,{x265.name}", "-o", str(x265)]
        x265.unlink()
        subprocess.run([*compiler, *options, str(source)], check=True)  # noqa: S603
    return x265


if __name__ == "__main__":
    replace(Path(sys.argv[1]), sys.argv[2:])
