"""Entry point on AWS Lambda: the same application behind an HTTP API or a Function URL."""

import logging
import os

from mangum import Mangum

from api.app import create_app
from api.settings import Settings

# Mangum logs paths, and an image id holds the user's file name.
logging.getLogger("mangum").setLevel(logging.WARNING)

# No lifespan: Mangum would start and stop the application around each request.
handler = Mangum(create_app(Settings.from_environment(os.environ)), lifespan="off")
