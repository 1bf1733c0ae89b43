"""The workflows of docs/examples/patterns that cancel, undo and handle errors."""

import pytest
from desk import eventually

# --- cancellation and ends


def test_one_task_is_cancelled_and_the_other_goes_on(run, desk):
    agents = desk("hotels", "taxis")
    trip = run("cancel-task")
    agents.expect("hotel", "taxi")
    trip.signal("no-taxi")
    trip.reach("taxi", "CANCELED")
    agents.expect_canceled("taxi")
    assert trip.states()["hotel"] == "RUNNING"
    agents.finish("hotel", "Hotel Roma")
    assert trip.output == {"trip": ["Hotel Roma"]}


def test_where_nothing_is_cancelled_the_question_is_taken_back(run, desk):
    agents = desk("hotels", "taxis")
    agents.finish("hotel", "Hotel Roma")
    agents.finish("taxi", "Taxi 5")
    trip = run("cancel-task")
    assert trip.output == {"trip": ["Hotel Roma", "Taxi 5"]}
    states = trip.states()
    assert (states["no_taxi"], states["call_off"]) == ("CANCELED", "SKIPPED")


def test_a_region_is_cancelled_and_what_is_outside_goes_on(run, desk):
    agents = desk("clerk", "accountant")
    offer = run("cancel-region")
    agents.expect("file", "price", "risk")
    agents.finish("price", 100)
    offer.reach("price", "COMPLETED")
    offer.signal("withdraw")
    assert offer.reach("drop", "COMPLETED").output == ["risk", "offer"]
    agents.expect_canceled("risk")
    states = offer.states()
    assert (states["price"], states["risk"], states["offer"]) == (
        "COMPLETED", "CANCELED", "CANCELED")
    agents.finish("file", "F1")
    assert offer.output == {"offered": False, "filed": "F1"}


def test_all_instances_are_cancelled_and_none_begins_any_more(run, desk):
    agents = desk("reviewer")
    reviews = run("cancel-instances")
    keys = [f"reviews.review#{number}" for number in range(4)]
    agents.expect(*keys[:2])
    agents.finish(keys[0], "good")
    agents.expect(keys[2])
    reviews.signal("enough")
    assert reviews.output == {"reviews": [], "stopped": True}
    states = reviews.states()
    assert [states[key] for key in ["reviews", *keys[:3]]] == [
        "CANCELED", "COMPLETED", "CANCELED", "CANCELED"]
    agents.expect_canceled(*keys[1:3])
    assert keys[3] not in agents.begun


def test_at_the_deadline_a_map_completes_with_what_there_is(run, desk):
    agents = desk("reviewer")
    reviews = run("complete-instances")
    agents.expect(*[f"reviews.review#{number}" for number in range(3)])
    agents.finish("reviews.review#1", "good")
    reviews.reach("reviews.over#1", "COMPLETED")
    reviews.signal("deadline")
    assert reviews.output == {"reviews": ["good"]}
    states = reviews.states()
    assert states["reviews"] == "COMPLETED"
    assert states["reviews.review#0"] == states["reviews.review#2"] == "CANCELED"
    agents.expect_canceled("reviews.review#0", "reviews.review#2")


def test_the_first_match_ends_everything(run, desk):
    agents = desk("searcher", "neighbour")
    search = run("terminate")
    agents.expect("search.look#0", "search.look#1", "ask")
    agents.finish("ask", "in the garden")
    ended = search.end()
    assert (ended.state, ended.output) == ("COMPLETED", {"found": "in the garden"})
    assert search.states()["search.look#0"] == "CANCELED"
    agents.expect_canceled("search.look#0", "search.look#1")


def test_without_a_match_it_ends_when_nothing_is_left(run, desk):
    agents = desk("searcher", "neighbour")
    for key, output in [("ask", ""), ("search.look#0", ""), ("search.look#1", "")]:
        agents.finish(key, output)
    search = run("terminate")
    assert search.output == {"found": "nothing"}
    assert search.states()["found"] == "SKIPPED"


# --- undoing


def test_a_saga_undoes_what_was_done_in_reverse(run, desk):
    agents = desk("booking")
    agents.finish("flight", "F1")
    agents.finish("hotel", "H1")
    agents.fail("car", "NO_CAR")
    holiday = run("saga")
    agents.expect("cancel_hotel")
    assert holiday.state == "COMPENSATING"
    assert "cancel_flight" not in agents.begun
    agents.finish("cancel_hotel")
    agents.finish("cancel_flight")
    ended = holiday.end(check=False)
    assert (ended.state, ended.error.reason) == ("FAILED", "NO_CAR")
    assert agents.begun == ["flight", "hotel", "car", "cancel_hotel", "cancel_flight"]
    assert agents.inputs["cancel_flight"] == {"cancel": "F1"}
    assert agents.inputs["cancel_hotel"] == {"cancel": "H1"}
    states = holiday.states()
    assert (states["flight"], states["hotel"]) == ("COMPENSATED", "COMPENSATED")


def test_a_saga_that_succeeds_undoes_nothing(run, desk):
    agents = desk("booking")
    for key in ("flight", "hotel", "car"):
        agents.finish(key, key)
    assert run("saga").output == {"booked": ["flight", "hotel", "car"]}
    assert agents.begun == ["flight", "hotel", "car"]


def test_cancelling_with_compensation_undoes_what_was_done(run, desk):
    agents = desk("booking")
    agents.finish("flight", "F1")
    holiday = run("saga")
    agents.expect("hotel")
    agents.finish("cancel_flight")
    holiday.cancel(compensate=True)
    assert holiday.end(check=False).state == "CANCELED"
    assert holiday.states()["flight"] == "COMPENSATED"
    assert agents.begun == ["flight", "hotel", "cancel_flight"]


def test_a_transaction_is_all_or_nothing(run, desk):
    agents = desk("box-office")
    agents.finish("reserve", "R1")
    agents.finish("sale.pay#0", "P1")
    agents.finish("sale.seat#0", "S1")
    agents.fail("sale.ticket#0", "PRINTER_BROKEN")
    agents.finish("sale.free_seat#0")
    agents.finish("sale.refund#0")
    sale = run("transaction")
    assert sale.output == {"sold": False}
    assert agents.begun[-2:] == ["sale.free_seat#0", "sale.refund#0"]
    steps = sale.steps()
    assert steps["apologise"].output == "PRINTER_BROKEN"
    assert [steps[key].state for key in ("reserve", "sale", "sale.pay#0", "sale.seat#0")] == [
        "COMPLETED", "FAILED", "COMPENSATED", "COMPENSATED"]


def test_a_transaction_that_completes_keeps_everything(run, desk):
    agents = desk("box-office")
    for key in ("reserve", "sale.pay#0", "sale.seat#0", "sale.ticket#0"):
        agents.finish(key, "done")
    sale = run("transaction")
    assert sale.output == {"sold": True}
    assert "sale.refund#0" not in agents.begun


# --- errors


@pytest.mark.parametrize("reason, result", [
    ("CARD_DECLINED", "ask for another card"), ("HTTP_503", "call the bank: HTTP_503"),
    ("TIMEOUT", "call the bank: TIMEOUT"), (None, "charged")])
def test_each_error_has_its_way(run, desk, reason, result):
    agents = desk("cards")
    if reason:
        agents.fail("charge", reason)
    else:
        agents.finish("charge")
    assert run("error-edges").output == {"result": result}


def test_an_error_without_a_way_fails_the_execution(run, desk):
    desk("cards").fail("charge", "CARD_STOLEN")
    ended = run("error-edges").end(check=False)
    assert (ended.state, ended.error.reason) == ("FAILED", "CARD_STOLEN")


@pytest.mark.parametrize("action, output, state", [
    ("RETRY", None, "COMPLETED"), ("COMPLETE", "by hand", "COMPLETED"), ("FAIL", None, "FAILED")])
def test_a_step_without_attempts_left_waits_for_a_decision(run, desk, client, action, output,
                                                            state):
    agents = desk("courier")
    agents.finish("pack")
    for _ in range(2):
        agents.fail("deliver", "NOBODY_HOME", retryable=True)
    delivery = run("retry-and-pause")
    eventually(lambda: delivery.state == "PAUSED")
    assert agents.begun == ["pack", "deliver", "deliver"]
    held = delivery.reach("deliver", "WAITING")
    assert (held.wait.kind, held.error.reason) == ("DECISION", "NOBODY_HOME")
    decision = {"action": action} | ({"output": output} if output else {})
    if action == "RETRY":
        agents.finish("deliver", "R1")
    client.executions.resume_execution(name=delivery.name, decisions={"deliver": decision})
    ended = delivery.end(check=False)
    assert ended.state == state
    if state == "COMPLETED":
        assert ended.output == {"receipt": output or "R1"}
