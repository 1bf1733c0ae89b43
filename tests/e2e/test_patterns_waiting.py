"""The workflows of docs/examples/patterns that wait for signals, time, people and one another."""

import pytest
from desk import eventually

# --- triggers


def test_a_signal_that_comes_early_is_kept_and_the_wrong_one_is_not_taken(run, desk):
    agents = desk("packer")
    order = run("signal", {"order": "17"})
    agents.expect("pack")
    order.signal("payment", {"order": "18", "amount": 8})
    order.signal("payment", {"order": "17", "amount": 5})
    agents.finish("pack")
    assert order.output == {"amount": 5}


def test_a_signal_resumes_an_execution_that_waits(run, desk):
    agents = desk("packer")
    agents.finish("pack")
    order = run("signal", {"order": "17"})
    wait = order.reach("paid", "WAITING").wait
    assert (wait.kind, wait.signal) == ("SIGNAL", "payment")
    order.signal("payment", {"order": "18", "amount": 8})
    assert order.state == "WAITING"
    order.signal("payment", {"order": "17", "amount": 5})
    assert order.output == {"amount": 5}


def test_a_transient_trigger_is_lost_where_nobody_listens(run, desk):
    agents = desk("guard")
    alarm = run("transient-trigger")
    agents.expect("set_up")
    alarm.signal("alarm", "too early")
    alarm.signal("alarm", "too early as well")
    agents.finish("set_up")
    alarm.reach("listen", "WAITING")
    alarm.signal("alarm", "fire")
    assert alarm.output == {"alarm": "fire"}
    assert [key for key in alarm.completed() if ".old#" in key] == ["forget.old#0", "forget.old#1"]


# --- choices and states


def test_the_first_of_several_events_chooses_the_way(run, desk):
    agents = desk("librarian")
    replied = run("deferred-choice", {"patience": "1h"})
    agents.expect("answer")
    replied.reach("reply", "WAITING")
    replied.signal("reply", {"text": "me"})
    assert replied.output == {"result": "Thank you: me"}
    states = replied.states()
    assert (states["answer"], states["patience"]) == ("CANCELED", "CANCELED")
    assert (states["publish"], states["remind"]) == ("SKIPPED", "SKIPPED")
    agents.expect_canceled("answer")


def test_a_result_may_be_the_first_event(run, desk):
    agents = desk("librarian")
    agents.finish("answer", "42")
    found = run("deferred-choice", {"patience": "1h"})
    assert found.output == {"result": "Found: 42"}
    assert (found.states()["reply"], found.states()["patience"]) == ("CANCELED", "CANCELED")


def test_a_timer_may_be_the_first_event(run):
    late = run("deferred-choice", {"patience": "100ms"})
    assert late.output == {"result": "Are you there?"}
    assert (late.states()["reply"], late.states()["answer"]) == ("CANCELED", "CANCELED")


def test_before_the_milestone_a_change_waits_for_it(run):
    booking = run("milestone")
    booking.signal("change")
    assert booking.reach("open", "WAITING").wait.kind == "CONDITION"
    booking.signal("booked")
    booking.reach("rebook", "COMPLETED")
    booking.signal("departed")
    assert booking.output == {"changed": True}


def test_behind_the_milestone_it_is_too_late(run):
    booking = run("milestone")
    booking.signal("booked")
    booking.signal("departed")
    booking.signal("change")
    assert booking.output == {"changed": False}
    assert booking.states()["rebook"] == "SKIPPED"


# --- instances


def test_instances_are_added_while_others_run(run, desk):
    agents = desk("detective")
    case = run("instances-on-demand")
    case.signal("witness", "ann")
    agents.expect("places.interview#0")
    case.signal("witness", "bob")
    agents.expect("places.interview#1")
    agents.finish("places.interview#0", "saw nothing")
    case.reach("places.interview#0", "COMPLETED")
    case.signal("witness", "eve")
    agents.expect("places.interview#2")
    case.signal("closed")
    case.reach("closed", "COMPLETED")
    assert case.states()["report"] == "PENDING"
    agents.finish("places.interview#1", "heard a noise")
    agents.finish("places.interview#2", "was asleep")
    assert case.output == {"report": ["saw nothing", "heard a noise", "was asleep"]}
    assert [agents.inputs[f"places.interview#{n}"] for n in range(3)] == ["ann", "bob", "eve"]
    assert len(agents.begun) == 3


# --- people


@pytest.mark.parametrize("decide, paid, taken, skipped", [
    ("approve", True, "pay", "refuse"), ("reject", False, "refuse", "pay")])
def test_a_person_decides(run, client, decide, paid, taken, skipped):
    invoice = run("approval", {"amount": 120})
    asked = invoice.reach("sign_off", "WAITING").wait.approval
    approval = eventually(lambda: next(client.approvals.iterate_approvals(
        filter=f'execution = "{invoice.name}"'), None))
    assert (approval.name, approval.title) == (asked, "Pay 120.00?")
    getattr(client.approvals, decide)(name=approval.name, comment="seen")
    assert invoice.output == {"paid": paid, "comment": "seen"}
    states = invoice.states()
    assert (states[taken], states[skipped]) == ("COMPLETED", "SKIPPED")


# --- other workflows


@pytest.fixture
def delivery(published):
    return published("delivery")


def child_of(execution, key: str) -> str:
    """The execution that a step has started."""
    def started():
        step = execution.steps().get(key)
        return step.child if step is not None else None
    return eventually(started)


def test_a_sub_workflow_is_a_step(run, delivery, desk, client):
    agents = desk("courier")
    sale = run("sub-workflow", {"book": "Emma"})
    agents.expect("carry")
    assert agents.inputs["carry"] == "Emma"
    child = client.executions.get_execution(name=child_of(sale, "deliver"))
    assert (child.workflow, child.parent.execution, child.parent.step) == (
        delivery, sale.name, "deliver")
    agents.finish("carry", "signed")
    assert sale.output == {"receipt": "signed"}
    assert sale.steps()["deliver"].child == child.name  # still, after its end


def test_a_sub_workflow_that_fails_fails_its_step(run, delivery, desk):
    desk("courier").fail("carry", "NOBODY_HOME")
    ended = run("sub-workflow", {"book": "Emma"}).end(check=False)
    assert (ended.state, ended.error.reason, ended.error.node) == (
        "FAILED", "NOBODY_HOME", "deliver")


def test_cancelling_the_parent_cancels_the_sub_workflow(run, delivery, desk, client):
    agents = desk("courier")
    sale = run("sub-workflow", {"book": "Emma"})
    agents.expect("carry")
    child = child_of(sale, "deliver")
    sale.cancel()
    assert client.executions.wait(child, check=False, timeout_s=60).state == "CANCELED"
    agents.expect_canceled("carry")


def test_detached_instances_go_on_behind_the_end(run, delivery, desk, client):
    agents = desk("courier")
    books = run("instances-detached", {"books": ["Emma", "Ulysses"]})
    deliveries = books.output["deliveries"]
    assert len(set(deliveries)) == 2
    states = [client.executions.get_execution(name=name).state for name in deliveries]
    assert states == ["RUNNING", "RUNNING"]
    agents.finish("carry", "signed")
    eventually(lambda: agents.begun == ["carry", "carry"])
    agents.finish("carry", "signed")
    outputs = [client.executions.wait(name, timeout_s=60).output for name in deliveries]
    assert outputs == [{"receipt": "signed"}] * 2


def test_a_workflow_runs_itself(run, client):
    box = run("recursion", {"weight": 5, "inside": {"weight": 3, "inside": {"weight": 1}}})
    assert box.output == {"weight": 9}
    boxes = [client.executions.get_execution(name=found.name) for found in
             client.executions.iterate_executions(filter='workflow = "workflows/recursion"')]
    parents = {one.parent.execution if one.parent else None: one for one in boxes}
    inner = parents[box.name]
    assert (inner.output, parents[inner.name].output) == ({"weight": 4}, {"weight": 1})


def test_a_pattern_of_ones_own_is_a_node_type(run, published, workers):
    published("majority-vote")
    workers.start(voter=lambda input: "no" if input["name"] == "eve" else "yes")
    votes = run("custom-pattern", {"plan": "Move to Rome?"})
    assert votes.output == {"board": True, "staff": True}
    assert votes.steps()["board"].type == "custom.majority_vote@1"


# --- one at a time


def one_at_a_time(agents, keys: set[str], execution) -> list[str]:
    """Ends one task after the other; none begins before the one before it has ended."""
    done: list[str] = []
    while len(done) < len(keys):
        eventually(lambda: len(agents.begun) > len(done), lambda: agents.begun)
        states = execution.states()
        assert [key for key in keys if states[key] in ("READY", "RUNNING")] == agents.begun[-1:]
        done.append(agents.begun[-1])
        assert agents.begun == done
        agents.finish(done[-1], done[-1])
    return done


def test_interleaved_tasks_run_one_at_a_time_in_any_order(run, desk):
    agents = desk("doctor")
    patient = run("interleaved-routing")
    done = one_at_a_time(agents, {"blood", "eyes", "x_ray"}, patient)
    assert sorted(done) == ["blood", "eyes", "x_ray"]
    assert patient.output == {"findings": ["blood", "eyes", "x_ray"]}


def test_interleaved_tasks_keep_to_their_partial_order(run, desk):
    agents = desk("clerk")
    order = run("interleaved-parallel-routing")
    done = one_at_a_time(agents, {"pick", "pack", "invoice"}, order)
    assert done.index("pick") < done.index("pack")
    assert order.output == {"order": ["pack", "invoice"]}
