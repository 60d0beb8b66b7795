from tests.integration.resizer.conftest import image, operators_resizer, settings

__all__ = ["image", "operators_resizer", "settings"]  # the same fixtures as the resizer's tests
