"""What the fork server has in memory before it forks the processes that die."""

from tests.proofs.faults.operations import load_models

load_models()
