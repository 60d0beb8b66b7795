"""`python -m local`: the whole system until Ctrl-C."""

import os
import sys

from local import logs
from local.claims import TakenError
from local.emulator import EmulatorError
from local.infrastructure import DeployError
from local.settings import Settings, SettingsError
from local.system import PartError, run

if __name__ == "__main__":
    logs.configure("local")
    try:
        run(Settings.from_environment(os.environ))
    except (SettingsError, TakenError, EmulatorError, DeployError, PartError) as exc:
        sys.exit(str(exc))
