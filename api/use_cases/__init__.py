"""What the API does: plan uploads, delete images, wait. No HTTP; everything needed is passed in."""
