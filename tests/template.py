"""template.yaml as text: the names that its sections declare."""

import re

from local.infrastructure import TEMPLATE

TEXT = TEMPLATE.read_text()
SECTIONS = dict(re.findall(r"^(\w+):\n(.*?)(?=^\w|\Z)", TEXT, re.MULTILINE | re.DOTALL))


def names(section: str) -> set[str]:
    return set(re.findall(r"^  (\w+):$", SECTIONS[section], re.MULTILINE))
