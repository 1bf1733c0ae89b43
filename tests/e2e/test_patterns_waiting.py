"""The workflows of docs/examples/patterns that wait for signals, time and one another."""

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
    agents = desk("searcher")
    replied = run("deferred-choice", {"patience": "1h"})
    agents.expect("answer")
    replied.reach("reply", "WAITING")
    replied.signal("reply", {"text": "me"})
    assert replied.output == {"result": "Thank you: me"}
    states = replied.states()
    assert (states["answer"], states["patience"]) == ("CANCELED", "CANCELED")
    assert (states["publish"], states["remind"]) == ("SKIPPED", "SKIPPED")
    eventually(lambda: agents.canceled == ["answer"])


def test_a_result_may_be_the_first_event(run, desk):
    agents = desk("searcher")
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
