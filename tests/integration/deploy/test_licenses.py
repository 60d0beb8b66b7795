"""What ships is under licenses that allow it, and brings their texts along."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

from container_build import third_party_notices, without_x265
from container_build.third_party_notices import LicenseError, accepted
from tests import ROOT
from tools.pictures import photo, saved

SHIPPED = ("api", "lambda", "resizer")
DECODE = (
    "import io, sys, pillow_heif\n"
    "pillow_heif.register_heif_opener()\n"
    "from PIL import Image\n"
    "image = Image.open(io.BytesIO(sys.stdin.buffer.read()))\n"
    "sys.stdout.buffer.write(image.tobytes())\n"
)
ENCODE = DECODE + "image.save(io.BytesIO(), 'HEIF')\n"


def shipped() -> set[str]:
    locks = "".join((ROOT / "requirements" / f"{name}.txt").read_text() for name in SHIPPED)
    return set(re.findall(r"^([\w.-]+)==", locks, re.MULTILINE))


def installed(name: str) -> third_party_notices.Package:
    found = distribution(name)
    return third_party_notices.package(found, Path(str(found.locate_file(""))))


@pytest.mark.parametrize("name", sorted(shipped() - {"pillow-heif"}))
def test_a_package_that_ships_has_an_accepted_license_and_its_text(name: str) -> None:
    assert installed(name).texts


def test_pillow_heif_is_refused_with_the_gpl_encoder_that_its_wheel_bundles() -> None:
    with pytest.raises(LicenseError, match=r"^libx265\S+ has a license .*: GPL-2.0-or-later$"):
        installed("pillow-heif")


@pytest.fixture(scope="module")
def without_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pillow-heif as the resizer's image has it."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler on this machine")
    folder = tmp_path_factory.mktemp("without")
    found = distribution("pillow-heif")
    for file in found.files or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(found.locate_file(file)), folder / file)
    without_x265.replace(folder, [compiler])
    return folder


def run(code: str, folder: Path, data: bytes) -> "subprocess.CompletedProcess[bytes]":
    """Run code with the packages of `folder` first."""
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"],
        input=data,
        capture_output=True,
        check=False,
    )


def test_pillow_heif_without_the_encoder_ships_with_the_texts_of_its_libraries(
    without_encoder: Path,
) -> None:
    (package,) = third_party_notices.packages(without_encoder)
    texts = "\n".join(package.texts)
    assert {"libheif (LGPL-3.0-or-later)", "libde265 (LGPL-3.0-or-later)"} == set(package.contains)
    assert "nothing\nof x265 is included" in texts
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in texts
    assert "GNU GENERAL PUBLIC LICENSE" in texts  # which the LGPL refers to


def test_heic_is_decoded_to_the_same_pixels_without_the_encoder(without_encoder: Path) -> None:
    heic = saved(photo(), "HEIF")
    here = Path(str(distribution("pillow-heif").locate_file("")))
    with_it, without_it = run(DECODE, here, heic), run(DECODE, without_encoder, heic)
    assert without_it.stdout
    assert without_it.stdout == with_it.stdout


def test_encoding_without_the_encoder_is_an_exception_and_no_crash(without_encoder: Path) -> None:
    done = run(ENCODE, without_encoder, saved(photo(64, 64), "HEIF"))
    assert done.returncode == 1
    assert b"Bit depth not supported by x265" in done.stderr


def test_a_wheel_without_the_encoder_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="has 0 libraries named libx265"):
        without_x265.replace(tmp_path, ["cc"])


@pytest.mark.parametrize(
    ("expression", "may_ship"),
    [
        ("MIT", True),
        ("GPL-3.0-or-later", False),
        ("Apache-2.0 OR GPL-2.0-only", True),
        ("GPL-2.0-only OR (MIT AND BSD-3-Clause)", True),
        ("MIT AND GPL-2.0-only", False),
        ("(MIT OR GPL-2.0-only) AND Unicode-3.0", True),
        ("(MIT OR Apache-2.0) AND GPL-2.0-only", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("MIT Apache-2.0", False),
        ("(MIT", False),
        ("", False),
    ],
)
def test_a_license_expression_is_met_by_all_sides_of_and_and_by_one_of_or(
    expression: str, may_ship: bool
) -> None:
    assert accepted(expression) is may_ship


def made(folder: Path, metadata: str, text: str = "text", library: str = "") -> Distribution:
    info = folder / "made-1.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.4", "Name: made", "Version: 1", *metadata.splitlines()]
    if text:
        lines.append("License-File: LICENSE")
        (info / "LICENSE").write_text(text)
    (info / "METADATA").write_text("\n".join(lines) + "\n")
    (info / "RECORD").write_text(f"{library},,\n" if library else "")
    return Distribution.at(info)


@pytest.mark.parametrize(
    ("metadata", "text", "library", "problem"),
    [
        ("License-Expression: MIT", "", "", "made has no license text"),
        ("License-Expression: GPL-3.0-only", "text", "", "made has a license that is not accepted"),
        ("Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)", "text", "",
         "made has a license that is not accepted: GNU General"),
        ("License: Proprietary", "text", "", "made has a license that is not accepted: Prop"),
        ("", "text", "", "made names no license"),
        ("License: MIT", "text", "made.libs/libnew-1234.so.1", "libnew names no license"),
    ],
)  # fmt: skip
def test_a_package_that_may_not_ship_is_named(
    tmp_path: Path, metadata: str, text: str, library: str, problem: str
) -> None:
    with pytest.raises(LicenseError, match=re.escape(problem)):
        third_party_notices.package(made(tmp_path, metadata, text, library), tmp_path)


def test_an_older_packages_classifiers_and_license_files_count(tmp_path: Path) -> None:
    old = made(tmp_path, "Classifier: License :: OSI Approved :: MIT License")
    assert third_party_notices.package(old, tmp_path).license == "MIT"
