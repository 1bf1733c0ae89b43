"""A stack's folder: how many processes it has, and which ports are theirs."""

import json

from devtool import configuration
from devtool.stack import Stack


def test_copies_are_remembered_and_ports_are_kept(tmp_path):
    first = Stack(tmp_path, any_ports=True)
    assert first.instances("executor") == ["executor"]
    more = Stack(tmp_path, any_ports=True, copies={"executor": 3, "gateway": 2})
    assert more.instances("executor") == ["executor", "executor-2", "executor-3"]
    assert {name: more.ports[name] for name in first.ports} == first.ports
    added = {"executor-2", "executor-2_admin", "executor-3", "executor-3_admin",
             "gateway-2", "gateway-2_grpc"}
    assert set(more.ports) == set(first.ports) | added
    assert len(set(more.ports.values())) == len(more.ports)
    again = Stack(tmp_path)
    assert (again.copies, again.ports) == (more.copies, more.ports)
    assert Stack(tmp_path, copies={"executor": 1}).instances("executor") == ["executor"]


def test_a_configuration_says_whether_it_changed(tmp_path):
    """So that those whose peers became more are started again, and others are not."""
    file = tmp_path / "config" / "designer.yaml"
    assert configuration.write(Stack(tmp_path, any_ports=True), "designer", file)
    assert not configuration.write(Stack(tmp_path), "designer", file)
    assert configuration.write(Stack(tmp_path, any_ports=True, copies={"executor": 2}),
                               "designer", file)
    assert json.loads(file.read_text())["peers"]["executor"].count(":") == 2
