"""Reduce botocore's data to the operations that an image calls.

    python botocore_data.py TARGET s3=GetObject,PutObject dynamodb=GetItem

botocore parses a service's whole model when it creates a client: 1.3 MB of JSON for S3, of which
we use a few operations, and another 1.2 MB with the endpoints of all services. That is a third of
the resizer's cold start. The data of the other 400 services is most of botocore's size. An
operation that is not listed does not exist in the image; `test_botocore_data.py` calls each listed
one.
"""

import gzip
import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

KEPT_FILES = {
    "_retry.json",
    "endpoints.json",
    "partitions.json",
    "sdk-default-configuration.json",
}
KEPT_SERVICE_FILES = ("service-2", "endpoint-rule-set-1", "paginators-1")


def cut(data: Path, operations: Mapping[str, Iterable[str]]) -> None:
    """Reduce `botocore/data` in place to `operations`, given by service."""
    for entry in data.iterdir():
        if entry.is_dir() and entry.name not in operations:
            shutil.rmtree(entry)
        elif entry.is_file() and entry.name not in KEPT_FILES:
            entry.unlink()
    for service, names in operations.items():
        *old, newest = sorted(path for path in (data / service).iterdir() if path.is_dir())
        for version in old:
            shutil.rmtree(version)
        _cut_service(newest, set(names))
    endpoints = data / "endpoints.json"
    known = json.loads(endpoints.read_text())
    endpoints.unlink()  # an installer's cache may share the file
    endpoints.write_text(_compact(_cut_endpoints(known, operations)))


def _cut_service(version: Path, names: set[str]) -> None:
    for path in version.iterdir():
        if not path.name.startswith(KEPT_SERVICE_FILES):
            path.unlink()
            continue
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        model = json.loads(content)
        if path.name.startswith("service-2.json"):
            model = _cut_model(model, names)
        elif path.name.startswith("paginators-1.json"):
            pagination = model["pagination"]
            model["pagination"] = {name: pagination[name] for name in names & pagination.keys()}
        elif path.name.startswith("paginators-1.sdk-extras"):
            merged = model["merge"]["pagination"]
            model["merge"]["pagination"] = {name: merged[name] for name in names & merged.keys()}
        # Uncompressed: at a cold start, unpacking costs more than reading the few extra bytes.
        path.unlink()
        path.with_name(path.name.removesuffix(".gz")).write_text(_compact(model))


def _cut_model(model: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """A service model with only these operations and their shapes, without documentation."""
    if missing := names - model["operations"].keys():
        raise SystemExit(f"botocore has no operation {', '.join(sorted(missing))}")
    kept = {name: model["operations"][name] for name in sorted(names)}
    shapes: dict[str, Any] = {}
    waiting = list(_shape_names(kept))
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            waiting += _shape_names(shapes[name])
    rest = {name: model[name] for name in model.keys() - {"documentation"}}
    return {**rest, "operations": _without_prose(kept), "shapes": _without_prose(shapes)}


def _shape_names(node: Any) -> Iterable[str]:
    """Every shape that a part of a model refers to."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "shape" and isinstance(value, str):
                yield value
            else:
                yield from _shape_names(value)
    elif isinstance(node, list):
        for value in node:
            yield from _shape_names(value)


def _without_prose(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: _without_prose(value)
            for key, value in node.items()
            if not (key in {"documentation", "documentationUrl"} and isinstance(value, str))
        }
    return [_without_prose(value) for value in node] if isinstance(node, list) else node


def _cut_endpoints(endpoints: dict[str, Any], services: Iterable[str]) -> dict[str, Any]:
    for partition in endpoints["partitions"]:
        known = partition["services"]
        partition["services"] = {name: known[name] for name in services if name in known}
    return endpoints


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def main() -> None:
    data, *wanted = sys.argv[1:]
    pairs = (part.split("=", 1) for part in wanted)
    cut(Path(data), {service: names.split(",") for service, names in pairs})


if __name__ == "__main__":
    main()
