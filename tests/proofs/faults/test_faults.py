"""A fault at every AWS call of every operation; after a second delivery all is as without it."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from contract.keys import OriginalKey
from local.emulator import Credentials, Emulator
from local.infrastructure import Stack
from resizer.events import ObjectReference
from resizer.resize import Resizer
from resizer.settings import Settings
from tests.integration.resizer.conftest import Image
from tests.proofs.faults.operations import LATER_MS, Operation, World
from tests.proofs.faults.proxy import KILLS, Fault, FaultProxy, Plan
from tests.proofs.faults.scenarios import SCENARIOS, Scenario, end_state

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.proofs.faults.preload"])


@pytest.fixture(scope="session")
def proxy(emulator: Emulator) -> Iterator[FaultProxy]:
    with FaultProxy(emulator.url) as running:
        yield running


@pytest.fixture(scope="session")
def world(proxy: FaultProxy, emulator: Emulator, stack: Stack, settings: Settings) -> World:
    identities: dict[str, Credentials] = {
        "root": emulator.root,
        "api": stack.api,
        "resizer": stack.resizer,
        "give_up": stack.give_up,
    }
    return World(proxy.url, settings, identities, attempts=1)


@pytest.fixture
def new_image(image: Image) -> Callable[[Scenario], Image]:
    """Makes as many images as a test needs, each with its own user."""
    numbers = iter(range(10**6))

    def make(scenario: Scenario) -> Image:
        number = next(numbers)
        nonce = f"{int(image.key.filename[:8], 16) ^ number:08x}"
        image_id = f"{nonce}-cat.jpg" if scenario.foreign else f"1763853422123-{nonce}-cat.jpg"
        key = OriginalKey(f"{image.key.user_id}.{number}", image_id)
        return replace(image, key=key)

    return make


def strike(
    proxy: FaultProxy, world: World, operation: Operation, ref: ObjectReference, plan: Plan
) -> None:
    """Run the operation with one call broken, as far as it gets."""
    proxy.plan = plan
    if plan.fault in KILLS:
        started = processes.Process(target=operation, args=(world, ref))
        plan.victim = lambda: _pid(started)
        started.start()
        started.join(60)
        assert started.exitcode == -signal.SIGKILL
    elif plan.fault is Fault.AFTER_ONCE:
        operation(replace(world, attempts=3), ref)
    else:
        with suppress(Exception):
            operation(world, ref)
    assert plan.struck, f"call {plan.number} was never made"
    proxy.plan = Plan()


def _pid(process: Any) -> int:
    while process.pid is None:  # it may ask before its parent knows it
        pass
    return int(process.pid)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_fault_at_any_call_leaves_no_trace_after_the_next_delivery(
    scenario: Scenario,
    proxy: FaultProxy,
    world: World,
    operators_resizer: Resizer,
    new_image: Callable[[Scenario], Image],
    report_tried: Callable[[str, int], None],
) -> None:
    later = replace(world, ahead_ms=LATER_MS)
    image = new_image(scenario)
    ref = scenario.arrange(image, operators_resizer)
    plan = proxy.plan = Plan()
    scenario.operation(world, ref)
    expected, calls = end_state(image), list(plan.calls)
    scenario.operation(later, ref)
    assert end_state(image) == expected, "a second delivery without any fault"
    for number, call in enumerate(calls):
        for fault in Fault:
            image = new_image(scenario)
            ref = scenario.arrange(image, operators_resizer)
            strike(proxy, world, scenario.operation, ref, Plan(fault, number))
            scenario.operation(later, ref)
            assert end_state(image) == expected, f"{call}: {fault}"
    report_tried("cases of injected faults", len(calls) * len(Fault))
