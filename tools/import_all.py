"""Import every module of the named packages: `python -m tools.import_all contract api`.

Run it in an environment that contains one deployable's dependencies and nothing else.
"""

import importlib
import os
import pkgutil
import sys

ENVIRONMENT = {
    "AUTH": "off",
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "BUCKET": "no-bucket",
    "DYNAMODB_TABLE": "NoTable",
}


def import_all(package_name: str) -> int:
    """Import the package's modules and return their number."""
    package = importlib.import_module(package_name)
    names = [module.name for module in pkgutil.walk_packages(package.__path__, f"{package_name}.")]
    for name in names:
        importlib.import_module(name)
    return len(names)


if __name__ == "__main__":
    os.environ.update(ENVIRONMENT)
    for package_name in sys.argv[1:]:
        count = import_all(package_name)
        print(f"{package_name}: {count} modules imported")
        if not count:
            sys.exit(f"{package_name} has no modules")
