import pytest
from typing import Any
from recado.storage import transaction
import recado.storage.threads, recado.storage.statuses
from tests.storage.scenarios import SCENARIOS
import tests.storage.scenarios.inbound
MINE=[n for n,f in SCENARIOS.items() if f.__module__=="tests.storage.scenarios.inbound"]
@pytest.mark.parametrize("name", MINE)
def test_w(name, dynamodb, clock, ids):
    SCENARIOS[name](clock, ids)
@pytest.mark.parametrize("name", MINE)
def test_wo(name, dynamodb, clock, ids):
    transaction.lift(name)
    with pytest.raises(AssertionError):
        SCENARIOS[name](clock, ids)
