"""`python -m local`: the whole system until Ctrl-C."""

import os
import sys

from api.settings import Settings as ApiSettings
from contract.settings import SettingsError
from local import logs
from local.claims import TakenError
from local.disk import DiskFullError
from local.emulator import EmulatorError
from local.infrastructure import DeployError
from local.settings import checked_settings, forget_account
from local.system import PartError, run
from resizer.settings import Settings as ResizerSettings

if __name__ == "__main__":
    logs.configure("local")
    parts = ApiSettings.from_environment, ResizerSettings.from_environment
    try:
        settings = checked_settings(os.environ, *parts)
        forget_account(os.environ)
        run(settings)
    except SettingsError as exc:
        sys.exit(f"The local run cannot start: {exc}")
    except (DiskFullError, TakenError, EmulatorError, DeployError, PartError) as exc:
        sys.exit(str(exc))
