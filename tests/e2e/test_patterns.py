"""Every workflow of docs/examples/patterns on the real stack: what docs/patterns.md says of it."""

import re

import agentflow
import pytest
from conftest import PATTERNS, ROOT

PAGE = ROOT / "docs" / "patterns.md"

# --- the page


def rows() -> list[list[str]]:
    """[number, name, yes or no, how] of each row of the page."""
    found = re.findall(r"^\| *(\d+) *\|(.*)\|(.*)\|(.*)\|$", PAGE.read_text(), re.M)
    return [[cell.strip() for cell in row] for row in found]


def test_the_page_has_all_43_patterns():
    assert sorted(int(row[0]) for row in rows()) == list(range(1, 44))
    answers = [row[2] for row in rows()]
    assert set(answers) == {"yes", "no"} and answers.count("yes") >= 38
    for number, name, answer, how in rows():
        assert name and how, number
        assert ("examples/patterns/" in how) == (answer == "yes"), name


def test_every_example_is_linked_and_tested():
    linked = set(re.findall(r"\(examples/patterns/([\w-]+)\.yaml\)", PAGE.read_text()))
    assert linked == {file.stem for file in PATTERNS.glob("*.yaml")}
    tested = set(re.findall(r'(?:run|published)\(\s*"([\w-]+)"', "".join(
        file.read_text() for file in (ROOT / "tests" / "e2e").glob("test_patterns*.py"))))
    assert linked <= tested


# --- sequence, branches and joins


def test_a_sequence_runs_in_its_order(run):
    order = run("sequence", {"net": 80.0})
    assert order.output == {"invoice": "100.00 with 20.00 tax"}
    assert order.completed() == ["tax", "total", "invoice"]


def test_parallel_branches_run_at_the_same_time_and_are_waited_for(run, desk):
    agents = desk("flights", "hotels")
    trip = run("parallel-split", {"city": "Rome"})
    agents.expect("flight", "hotel")
    agents.finish("hotel", "Hotel Roma")
    trip.reach("hotel", "COMPLETED")
    assert trip.states()["itinerary"] == "PENDING"
    agents.finish("flight", "AZ 1")
    assert trip.output == {"itinerary": ["AZ 1", "Hotel Roma"]}


@pytest.mark.parametrize("amount, taken, skipped, answer", [
    (50, "refund", "manual", "Your request was refunded"),
    (51, "manual", "refund", "Your request was sent to a person"),
])
def test_of_two_ways_one_is_taken(run, amount, taken, skipped, answer):
    refund = run("exclusive-choice", {"amount": amount})
    assert refund.output == {"answer": answer}
    states = refund.states()
    assert (states[taken], states[skipped]) == ("COMPLETED", "SKIPPED")


@pytest.mark.parametrize("text, team", [
    ("my invoice and my parcel", "billing"), ("my parcel", "shipping"), ("hello", "support")])
def test_a_switch_takes_the_first_case_that_holds(run, text, team):
    ticket = run("switch", {"text": text})
    assert ticket.output == {"team": team}
    states = ticket.states()
    teams = ["billing", "shipping", "support"]
    assert [name for name in teams if states[name] == "COMPLETED"] == [team]
    assert [states[name] for name in teams].count("SKIPPED") == 2


@pytest.mark.parametrize("fire, injured, sent", [
    (True, True, ["brigade", "ambulance"]), (True, False, ["brigade"]),
    (False, True, ["ambulance"]), (False, False, ["patrol"])])
def test_every_case_that_holds_is_taken_and_waited_for(run, desk, fire, injured, sent):
    agents = desk("dispatcher")
    call = run("multi-choice", {"fire": fire, "injured": injured})
    agents.expect(*sent)
    for node in sent:
        assert call.states()["report"] == "PENDING"
        agents.finish(node, node)
    assert call.output == {"sent": sent}
    assert sorted(agents.begun) == sorted(sent)


@pytest.mark.parametrize("damage, injury, serious, waited_for", [
    (True, True, True, ["appraisal", "medical", "lawyer"]),
    (True, False, True, ["appraisal", "lawyer"]),
    (False, True, False, ["medical"])])
def test_a_merge_waits_for_what_can_still_come(run, desk, damage, injury, serious, waited_for):
    agents = desk("claims-office")
    claim = run("local-synchronizing-merge",
                {"damage": damage, "injury": injury, "serious": serious})
    for node in waited_for:
        agents.expect(node)
        assert claim.states()["settle"] == "PENDING"
        agents.finish(node, node)
    assert claim.output == {"settled": waited_for}


def test_a_merge_into_which_nothing_can_come_is_skipped(run):
    claim = run("local-synchronizing-merge", {"damage": False, "injury": False, "serious": True})
    assert claim.output == {"settled": []}
    assert claim.states()["settle"] == "SKIPPED"


def test_what_follows_a_multi_merge_runs_once_for_each_branch(run, desk):
    agents = desk("builder", "buyer", "planner")
    site = run("multi-merge")
    branches = {"branches.lay#0": 0, "branches.order#1": 1, "branches.book#2": 2}
    agents.expect(*branches)
    for key, number in reversed(branches.items()):
        assert site.states()[f"branches.review#{number}"] == "PENDING"
        agents.finish(key)
        site.reach(f"branches.review#{number}", "COMPLETED")
    assert [key for key in site.completed() if ".review" in key] == [
        "branches.review#2", "branches.review#1", "branches.review#0"]
    assert site.output["reviews"][2] == "reviewed the labourer"


def test_behind_a_discriminator_the_first_counts_and_the_others_go_on(run, desk):
    agents = desk("insurer")
    quotes = run("discriminator")
    agents.expect("quick", "cheap", "local")
    agents.finish("cheap", 90)
    quotes.reach("offer", "COMPLETED")
    assert quotes.state == "RUNNING"
    agents.finish("quick", 100)
    agents.finish("local", 95)
    assert quotes.output == {"offer": 90}
    assert agents.canceled == [] and quotes.completed().count("offer") == 1


def test_a_blocking_discriminator_holds_the_next_round_back(run, desk):
    agents = desk("nurse")
    triage = run("blocking-discriminator", {"patients": ["ann", "bob"]})
    agents.expect("patients.breathing#0", "patients.pulse#0")
    agents.finish("patients.pulse#0", "ann is fine")
    triage.reach("patients.triage#0", "COMPLETED")
    assert not [key for key in triage.states() if key.endswith("#1")]
    agents.finish("patients.breathing#0", "late")
    agents.expect("patients.breathing#1", "patients.pulse#1")
    agents.finish("patients.breathing#1", "bob is fine")
    triage.reach("patients.triage#1", "COMPLETED")
    agents.finish("patients.pulse#1", "late")
    assert triage.output == {"triage": ["ann is fine", "bob is fine"]}


def test_a_cancelling_discriminator_calls_the_others_off(run, desk):
    agents = desk("searcher")
    search = run("cancelling-discriminator", {"question": "why?"})
    agents.expect("archive", "library", "web")
    agents.finish("library", "because")
    assert search.output == {"answer": "because"}
    states = search.states()
    assert (states["archive"], states["web"]) == ("CANCELED", "CANCELED")
    agents.expect_canceled("archive", "web")


def test_a_partial_join_runs_behind_the_second_of_three(run, desk):
    agents = desk("director")
    contract = run("partial-join")
    agents.expect("ann", "bob", "eve")
    agents.finish("eve", "Eve")
    contract.reach("eve", "COMPLETED")
    assert contract.states()["contract"] == "PENDING"
    agents.finish("ann", "Ann")
    contract.reach("contract", "COMPLETED")
    assert contract.states()["bob"] == "RUNNING"
    agents.finish("bob", "Bob")
    assert contract.output == {"signed": ["Ann", "Eve"]}


def test_a_blocking_partial_join_holds_the_next_round_back(run, desk):
    agents = desk("laboratory")
    batches = run("blocking-partial-join", {"batches": ["x", "y"]})
    tests = ["batches.weight", "batches.purity", "batches.colour"]
    agents.expect(*[f"{test}#0" for test in tests])
    agents.finish("batches.weight#0")
    batches.reach("batches.weight#0", "COMPLETED")
    assert batches.states()["batches.release#0"] == "PENDING"
    agents.finish("batches.colour#0")
    batches.reach("batches.release#0", "COMPLETED")
    assert not [key for key in batches.states() if key.endswith("#1")]
    agents.finish("batches.purity#0")
    agents.expect(*[f"{test}#1" for test in tests])
    for test in tests:
        agents.finish(f"{test}#1")
    assert batches.output == {"released": ["x", "y"]}


def test_a_cancelling_partial_join_calls_the_third_off(run, desk):
    agents = desk("voter")
    vote = run("cancelling-partial-join")
    agents.expect("ann", "bob", "eve")
    agents.finish("ann", "yes")
    agents.finish("bob", "no")
    assert vote.output == {"votes": ["yes", "no"]}
    assert vote.states()["eve"] == "CANCELED"
    agents.expect_canceled("eve")


def test_a_generalised_join_keeps_what_comes_too_early(run):
    match = run("generalised-and-join", {"shipments": 2})
    match.signal("order", "pens")
    match.signal("order", "ink")
    match.signal("payment", 3)
    assert match.reach("shipments.ship#0", "COMPLETED").output == ["pens", 3]
    match.reach("shipments.order#1", "COMPLETED")
    assert match.states()["shipments.ship#1"] == "PENDING"
    match.signal("payment", 9)
    match.end()
    assert match.steps()["shipments.ship#1"].output == ["ink", 9]


def test_a_thread_splits_and_merges(run):
    book = run("thread-split-and-merge")
    assert book.output == {"sheets": 3}
    folds = [step.output for key, step in book.steps().items() if ".fold#" in key]
    assert sorted(folds) == [f"folded copy {n} of the final text" for n in (1, 2, 3)]
    completed = book.completed()
    assert completed[0] == "edit" and completed[-1] == "bind" and completed.count("bind") == 1


# --- many instances


def test_a_fixed_number_of_instances_runs_at_once_and_is_waited_for(run, desk):
    agents = desk("reviewer")
    reviews = run("instances-fixed", {"text": "Once upon a time"})
    keys = [f"reviews.review#{number}" for number in range(3)]
    agents.expect(*keys)
    assert [agents.inputs[key]["aspect"] for key in keys] == ["style", "facts", "law"]
    for key, vote in zip(keys, ["accept", "accept", "reject"], strict=True):
        assert reviews.states()["verdict"] == "PENDING"
        agents.finish(key, vote)
    assert reviews.output == {"accepted": False}


def test_a_map_runs_two_at_a_time_and_outlives_a_third_of_failures(run, desk):
    agents = desk("translator")
    book = run("map", {"pages": ["un", "deux", "trois"]})
    agents.expect("pages.translate#0", "pages.translate#1")
    assert book.states()["pages.translate#2"] == "PENDING"
    agents.fail("pages.translate#1", "UNREADABLE")
    agents.expect("pages.translate#2")
    agents.finish("pages.translate#2", "three")
    agents.finish("pages.translate#0", "one")
    assert book.output == {"book": ["one", None, "three"]}


def test_a_map_fails_with_more_failures_than_it_tolerates(run, desk):
    agents = desk("translator")
    book = run("map", {"pages": ["un", "deux", "trois"]})
    agents.fail("pages.translate#0", "UNREADABLE")
    agents.fail("pages.translate#1", "UNREADABLE")
    ended = book.end(check=False)
    assert (ended.state, ended.error.reason) == ("FAILED", "UNREADABLE")
    assert book.states()["pages.translate#2"] == "CANCELED"


def test_of_many_instances_two_are_enough(run, desk):
    agents = desk("reviewer")
    reviews = run("instances-partial-join", {"reviewers": 4})
    agents.expect("review_1", "review_2", "review_3", "review_4")
    assert reviews.states()["review_5"] == "SKIPPED"
    agents.finish("review_4", "fine")
    reviews.reach("review_4", "COMPLETED")
    assert reviews.states()["decide"] == "PENDING"
    agents.finish("review_2", "good")
    reviews.reach("decide", "COMPLETED")
    assert reviews.states()["review_1"] == reviews.states()["review_3"] == "RUNNING"
    agents.finish("review_1")
    agents.finish("review_3")
    assert reviews.output == {"reviews": ["good", "fine"]}


def test_of_many_instances_the_second_calls_the_others_off(run, desk):
    agents = desk("searcher")
    search = run("instances-cancelling-partial-join", {"searchers": 3})
    agents.expect("search_1", "search_2", "search_3")
    agents.finish("search_3", "cellar")
    agents.finish("search_1", "attic")
    assert search.output == {"finds": ["attic", "cellar"]}
    states = search.states()
    assert (states["search_2"], states["search_4"]) == ("CANCELED", "SKIPPED")
    agents.expect_canceled("search_2")


@pytest.mark.parametrize("pages, words", [([], None), (["one two", "three"], 3)])
def test_a_map_is_reduced(run, pages, words):
    assert run("map-reduce", {"pages": pages}).output == {"words": words}


def test_the_stages_of_a_pipeline_work_on_different_items_in_their_order(run, desk):
    agents = desk("scanner", "indexer")
    pages = run("pipeline", {"pages": ["a", "b", "c"]})
    agents.expect("pages.scan#0")
    assert pages.states()["pages.scan#1"] == "PENDING"
    agents.finish("pages.scan#0", "A")
    agents.expect("pages.index#0", "pages.scan#1")
    agents.finish("pages.scan#1", "B")
    agents.expect("pages.scan#2")
    assert pages.states()["pages.index#1"] == "PENDING"
    agents.finish("pages.scan#2", "C")
    for number, entry in enumerate("xyz"):
        agents.finish(f"pages.index#{number}", entry)
    assert pages.output == {"index": ["x", "y", "z"]}
    for stage in ("scan", "index"):
        assert [key for key in agents.begun if stage in key] == [
            f"pages.{stage}#{number}" for number in range(3)]


# --- loops


@pytest.mark.parametrize("debt, rounds, left", [(100, 3, -20), (0, 0, None)])
def test_a_while_loop_may_have_no_round(run, debt, rounds, left):
    loan = run("while-loop", {"debt": debt})
    assert loan.output == {"left": left}
    assert [key for key in loan.completed() if key != "pay"] == [
        f"pay.left#{number}" for number in range(rounds)]


def test_an_until_loop_goes_on_until_it_is_good(run, desk):
    agents = desk("writer", "critic")
    agents.finish("improve.write#0", "first draft")
    agents.finish("improve.critique#0", "dull")
    agents.finish("improve.write#1", "second draft")
    agents.finish("improve.critique#1", "good")
    text = run("until-loop")
    assert text.output == {"text": "second draft"}
    assert agents.inputs["improve.write#0"] is None
    assert agents.inputs["improve.write#1"] == {"text": "first draft", "critique": "dull"}
    assert "improve.write#2" not in agents.begun


def test_an_until_loop_is_bounded(run, desk):
    agents = desk("writer", "critic")
    for number in range(5):
        agents.finish(f"improve.write#{number}", "draft")
        agents.finish(f"improve.critique#{number}", "dull")
    ended = run("until-loop").end(check=False)
    assert (ended.state, ended.error.reason) == ("FAILED", "LOOP_LIMIT")
    assert len(agents.begun) == 10


# --- ends, time and errors


def test_an_execution_ends_when_nothing_is_left_to_do(run, desk):
    agents = desk("clerk")
    order = run("implicit-termination")
    agents.expect("archive", "thank")
    agents.finish("thank")
    order.reach("thank", "COMPLETED")
    assert order.state == "RUNNING"
    agents.finish("archive")
    assert order.end().state == "COMPLETED"


def test_a_timer_waits_without_a_worker(run):
    reminder = run("timer", {"after": "200ms"})
    assert reminder.output == {"text": "It is time."}
    wait = reminder.steps()["later"]
    assert (wait.end_time - wait.start_time).total_seconds() >= 0.2


def test_cancelling_an_execution_ends_every_branch_of_it(run, desk):
    agents = desk("surveyor", "banker")
    mortgage = run("cancel-case")
    agents.expect("valuations.value#0", "valuations.value#1")
    mortgage.cancel(cause="we found another house")
    assert mortgage.state == "CANCELED"
    states = mortgage.states()
    assert {states[key] for key in ("valuations", "valuations.value#0", "valuations.value#1",
                                    "cooling_off")} == {"CANCELED"}
    assert "offer" not in mortgage.completed()
    agents.expect_canceled("valuations.value#0", "valuations.value#1")


def test_a_failed_step_is_tried_again_unless_there_is_no_point(run, workers):
    reasons = ["OVERLOADED", "TIMEOUT", None, "BAD_REQUEST"]

    def moody(input):
        reason = reasons.pop(0)
        if reason:
            raise agentflow.TaskError(reason, "not today")
        return "here you are"

    workers.start(**{"moody-service": moody})
    call = run("retry")
    assert call.output == {"answer": "here you are"}
    step = call.steps()["call"]
    assert [failure.error.reason for failure in step.failures] == ["OVERLOADED", "TIMEOUT"]
    ended = run("retry").end(check=False)
    assert (ended.state, ended.error.reason, reasons) == ("FAILED", "BAD_REQUEST", [])
