"""What is in the images, and what they may do. All of it is read from the built images."""

import json

import pytest

from tests.proofs.containers.compose import Compose, docker

pytestmark = [pytest.mark.containers, pytest.mark.usefixtures("compose")]

API, RESIZER = "thumbline-api", "thumbline-resizer"
LOOK_FOR = (
    "import importlib.util as i, json, sys;"
    "print(json.dumps([n for n in sys.argv[1:] if i.find_spec(n)]))"
)
FIND_TOOLS = (
    "for name in pip pip3 gcc cc g++ clang ld as make cmake; do"
    ' for folder in $(echo "$PATH" | tr : " ") /var/lang/bin /usr/local/bin; do'
    ' [ -e "$folder/$name" ] && echo "$folder/$name"; done; done; true'
)


def in_image(image: str, entrypoint: str, *arguments: str) -> str:
    run = ("run", "--rm", "--network", "none", "--entrypoint", entrypoint)
    return docker(*run, image, *arguments)


def modules(image: str, *names: str) -> set[str]:
    """Those of `names` that the image can import."""
    return set(json.loads(in_image(image, "python3", "-c", LOOK_FOR, *names)))


@pytest.mark.parametrize("image", [API, RESIZER])
def test_no_build_tool_is_left(image: str) -> None:
    assert in_image(image, "sh", "-c", FIND_TOOLS) == ""
    assert modules(image, "pip", "setuptools", "wheel", "json") == {"json"}


def test_the_resizer_contains_only_its_own_libraries() -> None:
    foreign = {"fastapi", "starlette", "pydantic", "uvicorn", "mangum", "jwt", "api", "local"}
    assert modules(RESIZER, *foreign, "PIL", "resizer") == {"PIL", "resizer"}


def test_the_api_contains_only_its_own_libraries() -> None:
    foreign = {"PIL", "pillow_heif", "resizer", "local", "tests", "awslambdaric"}
    assert modules(API, *foreign, "fastapi", "api") == {"fastapi", "api"}


def test_the_apis_lambda_image_has_the_runtime_client_and_its_handler() -> None:
    base = ("--build-arg", "PYTHON_BASE")  # of the environment, if set there
    built = docker("build", "--quiet", *base, "--target", "lambda", "--file", "Dockerfile.api", ".")
    config = json.loads(docker("image", "inspect", built.strip()))[0]["Config"]
    assert config["Entrypoint"] == ["python3", "-m", "awslambdaric"]
    assert config["Cmd"] == ["api.lambda_handler.handler"]
    assert modules(built.strip(), "awslambdaric", "api", "mangum", "pip") == {
        "awslambdaric",
        "api",
        "mangum",
    }


def test_the_doctor_is_in_the_resizers_image() -> None:
    assert "--redrive" in in_image(RESIZER, "python3", "-m", "resizer", "doctor", "--help")


@pytest.mark.parametrize("image", [API, RESIZER])
def test_the_image_runs_as_an_unprivileged_user(image: str) -> None:
    assert in_image(image, "id", "-u").strip() == "10001"


@pytest.mark.parametrize("image", [API, RESIZER])
def test_the_image_has_its_labels(image: str) -> None:
    labels = json.loads(docker("image", "inspect", image))[0]["Config"]["Labels"]
    wanted = {"title", "description", "version", "revision"}
    assert wanted <= {name.removeprefix("org.opencontainers.image.") for name in labels}


@pytest.mark.parametrize(
    ("image", "package"), [(API, "fastapi"), (RESIZER, "pillow-heif"), (RESIZER, "GNU LESSER")]
)
def test_the_image_has_the_licenses_of_what_it_contains(image: str, package: str) -> None:
    assert "MIT License" in in_image(image, "cat", "/licenses/LICENSE")
    assert package in in_image(image, "cat", "/licenses/THIRD_PARTY_NOTICES")


def test_the_image_contains_no_license_label_since_its_base_has_hundreds() -> None:
    for image in (API, RESIZER):
        labels = json.loads(docker("image", "inspect", image))[0]["Config"]["Labels"]
        assert "org.opencontainers.image.licenses" not in labels


def test_the_resizer_decodes_heic_without_the_gpl_encoder() -> None:
    sizes = in_image(RESIZER, "sh", "-c", "stat -c %s /var/task/pillow_heif.libs/libx265*")
    assert int(sizes) < 64 * 1024
    info = in_image(RESIZER, "python3", "-c", "import pillow_heif as h; print(h.libheif_info())")
    assert "libde265 HEVC decoder" in info


@pytest.mark.parametrize(("image", "folder"), [(API, "/app"), (RESIZER, "/var/task")])
def test_every_module_is_compiled_with_an_unchecked_hash(image: str, folder: str) -> None:
    """So a source file's time, which an image's layers may change, does not matter."""
    code = (
        "import pathlib, sys, importlib.util as i\n"
        "for source in pathlib.Path(sys.argv[1]).rglob('*.py'):\n"
        "    compiled = pathlib.Path(i.cache_from_source(source))\n"
        "    if not compiled.exists() or compiled.read_bytes()[4:8] != b'\\1\\0\\0\\0':\n"
        "        print(source)"
    )
    assert in_image(image, "python3", "-c", code, folder) == ""


@pytest.mark.parametrize(("image", "folder"), [(API, "/app"), (RESIZER, "/var/task")])
def test_botocore_has_only_the_services_in_use(image: str, folder: str) -> None:
    found = in_image(image, "sh", "-c", f"ls -d {folder}/botocore/data/*/")
    assert {line.rstrip("/").rpartition("/")[2] for line in found.split()} == {"s3", "dynamodb"}


@pytest.mark.parametrize("service", ["aws", "api", "resizer", "give-up"])
def test_a_container_is_confined(compose: Compose, service: str) -> None:
    host = compose.inspect(service)["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert host["Privileged"] is False
    assert "no-new-privileges:true" in host["SecurityOpt"]


@pytest.mark.parametrize("service", ["aws", "api", "resizer", "give-up"])
def test_a_running_container_can_write_to_no_file_of_its_image(
    compose: Compose, service: str
) -> None:
    code = (
        "import os\n"
        "print(os.getuid())\n"
        "for path in ('/probe', '/usr/probe', '/var/task/probe', '/app/probe', '/etc/passwd'):\n"
        "    try:\n"
        "        open(path, 'a').close()\n"
        "        print('wrote', path)\n"
        "    except OSError:\n"
        "        pass"
    )
    assert compose.python(service, code) == "10001"


@pytest.mark.parametrize(("service", "megabytes"), [("api", 512), ("resizer", 1769)])
def test_a_containers_memory_is_limited(compose: Compose, service: str, megabytes: int) -> None:
    assert compose.inspect(service)["HostConfig"]["Memory"] == megabytes * 1024 * 1024


@pytest.mark.parametrize("service", ["api", "resizer", "give-up"])
def test_a_container_knows_no_identity_but_its_own(compose: Compose, service: str) -> None:
    mounts = {mount["Destination"]: mount for mount in compose.inspect(service)["Mounts"]}
    assert set(mounts) - {"/tmp"} == {"/identity"}
    assert mounts["/identity"]["Name"] == f"{compose.project}_{service}-identity"
    assert mounts["/identity"]["RW"] is False
