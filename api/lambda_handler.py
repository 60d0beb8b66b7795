"""Entry point on AWS Lambda: the same application behind an HTTP API or a Function URL."""

import os

from mangum import Mangum

from api.app import create_app
from api.http.problem_documents import MEDIA_TYPE
from api.logs import log_json
from api.settings import Settings

log_json()

# No lifespan: Mangum would start and stop the application around each request.
handler = Mangum(
    create_app(Settings.from_environment(os.environ)),
    lifespan="off",
    text_mime_types=["text/", "application/json", MEDIA_TYPE],  # all else goes out as base64
)
