"""Writes the licenses of what is installed in folders: python third_party_notices.py FOLDER…

The Dockerfiles run it on what they have installed, so that an image's THIRD_PARTY_NOTICES match its
contents. It fails if a package, or a library in its wheel, has a license that is not accepted or
none that is known, or if a package has no license text. Standard library only.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

# Licenses (SPDX) of what we pass on. LGPL: docs/decisions/0045.
ACCEPTED = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "FTL", "ISC", "LGPL-3.0-or-later"}
    | {
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "PSF-2.0",
        "Unicode-3.0",
        "Unicode-DFS-2016",
        "Zlib",
        "libpng-2.0",
        "libtiff",
    }
)
# For packages without a License-Expression (PEP 639): their `License`, or their classifiers.
NAMES = {
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
}
# Shared libraries in wheels, by the start of the file's name. Their texts are in the wheel's
# license files or in TEXTS.
LIBRARIES = {
    "libXau": "MIT",
    "libavif": "BSD-2-Clause",
    "libbrotli": "MIT",
    "libde265": "LGPL-3.0-or-later",
    "libfreetype": "FTL",
    "libharfbuzz": "MIT",
    "libheif": "LGPL-3.0-or-later",
    "libjpeg": "BSD-3-Clause",
    "liblcms2": "MIT",
    "liblzma": "0BSD",
    "libopenjp2": "BSD-2-Clause",
    "libpng": "libpng-2.0",
    "libsharpyuv": "BSD-3-Clause",
    "libtiff": "libtiff",
    "libwebp": "BSD-3-Clause",
    "libxcb": "MIT",
    "libzstd": "BSD-3-Clause",
}
# Components that a wheel's own bill of materials lists without a license.
COMPONENTS = {"libXau": "MIT", "openssl": "Apache-2.0"}
# License texts that the wheels leave out, in `licenses/`.
TEXTS = {
    "pillow-heif": ("LGPL-3.0.txt", "GPL-3.0.txt"),
    "snapshot-restore-py": ("Apache-2.0.txt",),  # its license file is empty
    "uvloop": ("libuv.txt",),
}
EMPTY_LIBRARY_BYTES = 64 * 1024  # libx265 has 23 MB; `without_x265.py` leaves a few KB
WITHOUT_X265 = (
    "In this image, libx265 is an empty library of Thumbline's own with the same name: nothing\n"
    "of x265 is included, and the license that the following text names for x265 does not apply.\n"
)


class LicenseError(Exception):
    """Something may not be in an image; the text says what."""


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    version: str
    license: str  # SPDX expression
    contains: tuple[str, ...]  # what else is in it, each with its license
    texts: tuple[str, ...]


def packages(folder: Path) -> list[Package]:
    """What is installed in `folder`, by name. Raises LicenseError."""
    found = [package(each, folder) for each in distributions(path=[str(folder)])]
    return sorted(found, key=lambda each: each.name.lower())


def package(distribution: Distribution, folder: Path) -> Package:
    """Raises LicenseError."""
    name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
    texts = tuple(_texts(distribution, name))
    if not texts:
        raise LicenseError(f"{name} has no license text")
    files = [str(file) for file in distribution.files or ()]
    contains = [*_components(distribution, files), *_libraries(folder, files)]
    expression = _expression(distribution)
    for what, license_ in [(name, expression), *contains]:
        if not license_:
            raise LicenseError(f"{what} names no license")
        if not accepted(license_):
            raise LicenseError(f"{what} has a license that is not accepted: {license_}")
    if any(file.partition(".libs/")[2].startswith("libx265") for file in files):
        texts = (WITHOUT_X265, *texts)
    return Package(
        name,
        distribution.version,
        expression,
        tuple(sorted({f"{what} ({license_})" for what, license_ in contains})),
        texts,
    )


def _texts(distribution: Distribution, name: str) -> Iterator[str]:
    for file in distribution.metadata.get_all("License-File") or ():
        text = distribution.read_text(f"licenses/{file}") or distribution.read_text(file)
        if text:
            yield text
    for ours in TEXTS.get(name, ()):
        yield (Path(__file__).parent / "licenses" / ours).read_text()


def _expression(distribution: Distribution) -> str:
    fields = distribution.metadata.get_all
    for expression in fields("License-Expression") or ():
        return str(expression)
    classifiers = fields("Classifier") or []
    named = [text.rpartition(" :: ")[2] for text in classifiers if text.startswith("License ::")]
    named = named or [text.partition("\n")[0].strip() for text in fields("License") or ()]
    return " OR ".join(NAMES.get(name, name) for name in named)


def _components(distribution: Distribution, files: list[str]) -> Iterator[tuple[str, str]]:
    """What a wheel's bills of materials (PEP 770) say is compiled in, by its package URL.

    Pillow's also lists what it could be built with; only what it was built with has such a URL.
    """
    own = f"pkg:pypi/{distribution.metadata['Name'].lower()}@"
    for file in files:
        if ".dist-info/sboms/" not in file:
            continue
        bill = json.loads(distribution.read_text(file.partition(".dist-info/")[2]) or "{}")
        for component in bill.get("components", ()):
            name, url = component["name"], component.get("purl") or own
            if not url.startswith(own):
                yield name, _license_of(component) or COMPONENTS.get(name, "")


def _license_of(component: dict[str, list[dict[str, str]]]) -> str:
    return " AND ".join(each["expression"] for each in component.get("licenses", ()))


def _libraries(folder: Path, files: list[str]) -> Iterator[tuple[str, str]]:
    for file in files:
        library = file.partition(".libs/")[2]
        if not library:
            continue
        if library.startswith("libx265"):
            if (folder / file).stat().st_size > EMPTY_LIBRARY_BYTES:
                yield library, "GPL-2.0-or-later"
            continue
        known = [license_ for start, license_ in LIBRARIES.items() if library.startswith(start)]
        yield re.split(r"[-.]", library)[0], known[0] if known else ""


def accepted(expression: str) -> bool:
    """Whether an SPDX expression can be met: all sides of an AND, one side of an OR."""
    tokens = re.findall(r"[()]|[\w.+-]+", expression)
    return _either(tokens) and not tokens


def _either(tokens: list[str]) -> bool:
    met = _both(tokens)
    while tokens[:1] == ["OR"]:
        tokens.pop(0)
        met = _both(tokens) or met
    return met


def _both(tokens: list[str]) -> bool:
    met = _one(tokens)
    while tokens[:1] == ["AND"]:
        tokens.pop(0)
        met = _one(tokens) and met
    return met


def _one(tokens: list[str]) -> bool:
    word = tokens.pop(0) if tokens else ""
    if word == "(":
        met = _either(tokens)
        return bool(tokens) and tokens.pop(0) == ")" and met
    if tokens[:1] == ["WITH"]:  # an exception only adds permissions
        del tokens[:2]
    return word in ACCEPTED


def notices(found: list[Package]) -> str:
    """All licenses in one text."""
    parts = [
        "Thumbline is under the MIT license. The image also contains the packages below, and\n"
        "those of its base image, whose licenses are in /usr/share/doc or /usr/share/licenses.\n"
    ]
    for each in found:
        lines = [f"{each.name} {each.version}: {each.license}"]
        if each.contains:
            lines.append(f"It contains {', '.join(each.contains)}.")
        parts.append("\n".join(["=" * 78, *lines, "=" * 78, "", *each.texts]))
    return "\n".join(parts)


def main(folders: list[str]) -> int:
    try:
        print(notices([each for folder in folders for each in packages(Path(folder))]))
    except LicenseError as exc:
        print(f"third-party notices: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
