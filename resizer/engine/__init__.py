"""The steps of `resizer.thumbnails`, one file each. Nothing else imports Pillow."""
