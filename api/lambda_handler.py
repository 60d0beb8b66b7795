"""Entry point on AWS Lambda: the same application behind an HTTP API or a Function URL."""

import os

from mangum import Mangum

from api.app import QUIET_LOGGERS, create_app
from api.http.problem_documents import MEDIA_TYPE
from api.settings import Settings
from contract.logs import log_json
from contract.settings import drop_blank

log_json(QUIET_LOGGERS)
drop_blank(os.environ)

# No lifespan: with it, Mangum would start and stop the application around each request.
handler = Mangum(
    create_app(Settings.from_environment(os.environ)),
    lifespan="off",
    text_mime_types=["text/", "application/json", MEDIA_TYPE],  # anything else is sent as base64
)
