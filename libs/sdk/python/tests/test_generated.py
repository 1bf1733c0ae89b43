"""The generated part must be what the protos say now."""

import importlib.util
from pathlib import Path

GENERATOR = Path(__file__).resolve().parents[1] / "generate.py"


def test_generated_files_match_the_protos():
    spec = importlib.util.spec_from_file_location("generate", GENERATOR)
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert generator.check() == [], "run libs/sdk/python/generate.py"
