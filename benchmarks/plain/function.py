"""The plain handler: loads what a function needs to make thumbnails, and does nothing with it."""

import boto3
from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401

s3 = boto3.client("s3")
dynamodb = boto3.client("dynamodb")


def handler(event: object, context: object) -> None:
    return None
