"""Habits that a program can check: sizes, READMEs, words that must not be there."""

import re

from sources import ROOT, cpp, relative, tracked

TEXT = {".h", ".cc", ".py", ".ts", ".tsx", ".proto", ".sql", ".md", ".yaml", ".yml", ".txt",
        ".cmake", ".sh", ".css", ".html", ".mjs", ".js"}
GENERATED = {"_api.py", "docs/api/openapi.json", "package-lock.json", "schema.d.ts"}


def text_files():
    return [file for file in tracked() if file.suffix in TEXT
            and not any(relative(file).endswith(name) for name in GENERATED)]


def test_no_source_file_is_longer_than_800_lines():
    long = [f"{relative(file)}: {lines}" for file in text_files()
            if file.suffix in (".h", ".cc", ".py", ".ts", ".tsx", ".css", ".proto")
            and (lines := len(file.read_text().splitlines())) > 800]
    assert not long, "\n".join(long)


def test_lines_fit_into_100_columns():
    wide = []
    for file in cpp():
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if len(line) > 100 and "http" not in line and 'R"' not in line:
                wide.append(f"{relative(file)}:{number}")
    assert not wide, "\n".join(wide)


def test_every_library_and_service_has_a_short_readme():
    folders = [path for parent in ("libs", "services") for path in (ROOT / parent).iterdir()
               if path.is_dir() and (path / "CMakeLists.txt").exists()]
    missing = [relative(folder) for folder in folders if not (folder / "README.md").exists()]
    assert not missing, f"no README.md in {missing}"


def test_main_readme_is_under_150_lines():
    assert len((ROOT / "README.md").read_text().splitlines()) < 150


def test_main_is_a_list_of_parts():
    long = [relative(file) for file in ROOT.glob("services/*/main.cc")
            if len(file.read_text().splitlines()) >= 40]
    assert not long, f"40 lines or more: {long}"


def test_nothing_is_left_to_be_done_silently():
    words = re.compile(r"\b(FIXME|XXX|HACK)\b|GTEST_SKIP|\bDISABLED_\w")
    found = [f"{relative(file)}:{number}" for file in text_files()
             if file != ROOT / "tests/tree/test_tidy.py"
             for number, line in enumerate(file.read_text().splitlines(), 1) if words.search(line)]
    assert not found, "\n".join(found)


def test_tests_do_not_wait_for_the_clock():
    sleeping = re.compile(r"sleep_for|absl::SleepFor|\busleep\(")
    found = [f"{relative(file)}:{number}" for file in cpp() if file.stem.endswith("_test")
             for number, line in enumerate(file.read_text().splitlines(), 1)
             if sleeping.search(line)]
    assert not found, "\n".join(found)


def test_no_registry_address_in_lock_files():
    found = [relative(file) for file in tracked() if file.name == "package-lock.json"
             and re.search(r'"resolved": "https?://(?!registry\.npmjs\.org)', file.read_text())]
    assert not found
