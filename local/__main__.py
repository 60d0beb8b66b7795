"""`python -m local`: the whole system until Ctrl-C."""

import os
import sys
from collections.abc import Mapping

from api.settings import Settings as ApiSettings
from contract.settings import SettingsError, problems
from local import logs
from local.claims import TakenError
from local.emulator import REGION, EmulatorError
from local.infrastructure import BUCKET, DeployError
from local.settings import Settings, inherited
from local.system import PartError, run
from resizer.settings import Settings as ResizerSettings

# The run sets these for its parts itself. Blank stands for the default.
GIVEN = {"AWS_REGION": REGION, "BUCKET": BUCKET, "DYNAMODB_TABLE": "", "HOST": "", "PORT": ""}


def checked_settings(environment: Mapping[str, str]) -> Settings:
    """Our settings; raises SettingsError with all problems for us, the API and the doctor."""
    theirs = {**inherited(environment), **GIVEN}
    wrong = [
        *problems(Settings.from_environment, environment),
        *problems(ApiSettings.from_environment, theirs),
        *problems(ResizerSettings.from_environment, theirs),
    ]
    if wrong:
        raise SettingsError(*dict.fromkeys(wrong))
    return Settings.from_environment(environment)


if __name__ == "__main__":
    logs.configure("local")
    try:
        run(checked_settings(os.environ))
    except SettingsError as exc:
        sys.exit(f"The local run cannot start: {exc}")
    except (TakenError, EmulatorError, DeployError, PartError) as exc:
        sys.exit(str(exc))
