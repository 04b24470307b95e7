"""How long the tests go on, and which dice they throw."""

import os

import pytest

ROUNDS = int(os.environ.get("STREAMER_CHAOS_ROUNDS", "10"))
SEED = int(os.environ.get("STREAMER_CHAOS_SEED", "1"))
WHICH = f"rounds {ROUNDS}, seed {SEED}"

# Against hanging only, as the timeout of all tests.
patient = pytest.mark.timeout(300 + 30 * ROUNDS)
