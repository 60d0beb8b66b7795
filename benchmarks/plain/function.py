"""The plain handler: what an image needs to make thumbnails, loaded and not used."""

import boto3
from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401

s3 = boto3.client("s3")
dynamodb = boto3.client("dynamodb")


def handler(event: object, context: object) -> None:
    return None
