from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import pytest

from tests.support.exported_models import exportable_model, exported_engine, sources
from tests.support.messages import logged
from transformer_cli.config import DecodingConfig
from transformer_cli.decoding.ctranslate2_engine import CTranslate2Engine
from transformer_cli.decoding.engine import BEST_ONLY
from transformer_cli.decoding.kept_lines import KeptLines, keep_lines, lines_to_keep, processor_kind, right_engine
from transformer_cli.errors import DamagedFileError

CONFIG = DecodingConfig(beam_size=2, max_length_ratio=2.0, max_length_extra=10)


@pytest.fixture(scope="module")
def engines(tmp_path_factory) -> dict[str, CTranslate2Engine]:
    """Return the same model in float32 and in 8 bits, and one of other weights."""
    folder = tmp_path_factory.mktemp("engines")
    return {
        name: exported_engine(folder / name, exportable_model(seed=seed), CONFIG, quantization=quantization)
        for name, seed, quantization in (("float32", 0, "float32"), ("int8", 0, "int8"), ("other", 1, "int8"))
    }


@pytest.fixture(scope="module")
def kept(engines) -> KeptLines:
    asked = sources(12)
    found = engines["float32"].search(asked, BEST_ONLY)
    translations = [
        (source, [f"w{token}" for token in hypotheses[0].tokens])
        for source, hypotheses in zip(asked, found, strict=True)
    ]
    lines = lines_to_keep(translations, engines["float32"])
    assert lines is not None
    return lines


class Loader:
    """Gives one engine for 8 bits and one for float32, and remembers what it was asked for and told."""

    def __init__(self, engines: dict[str, CTranslate2Engine], eight_bits: str) -> None:
        self._engines = {"default": engines[eight_bits], "float32": engines["float32"]}
        self.calls: list[str] = []
        self.lines: list[str] = []

    def __call__(self, compute_type: str) -> CTranslate2Engine:
        self.calls.append(compute_type)
        return self._engines[compute_type]

    def right_engine(self, folder: Path) -> tuple[list[str], int]:
        """Return what was loaded for the engine in ``folder``, the last being the one to use, and how many warnings."""
        self.calls = []
        with logged() as messages:
            engine = right_engine(folder, self)
        self.lines = messages.warnings
        assert engine is self._engines[self.calls[-1]]
        return self.calls, len(self.lines)


@pytest.fixture
def folder(tmp_path: Path, engines, kept, monkeypatch) -> Path:
    """An export as it comes from another kind of processor; nothing of the user's cache is touched."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = tmp_path / "engine"
    place.mkdir()
    keep_lines(place, kept, engines["int8"])
    record(place, {"another kind": 0.0})
    return place


def record(folder: Path, differences: object) -> None:
    (folder / "compared.json").write_text(json.dumps(differences))


def records_in_cache(folder: Path) -> list[Path]:
    return sorted((folder.parent / "cache").rglob("compared-*.json"))


def test_the_difference_is_the_mean_over_all_tokens(engines, kept):
    others = engines["other"].log_probs(kept.sources, kept.targets)
    flat = zip(chain(*kept.log_probs), chain(*others), strict=True)

    assert kept.difference(engines["float32"]) < 1e-6
    assert kept.difference(engines["other"]) == pytest.approx(
        sum(abs(a - b) for a, b in flat) / sum(len(target) + 1 for target in kept.targets)
    )
    assert kept.difference(engines["other"]) > 1


def test_as_many_lines_are_kept_as_take_little_time_and_one_at_least(engines):
    lines = [([4], ["w4"] * 9)] * 4  # of ten tokens, their end counted

    kept = {most: lines_to_keep(lines, engines["float32"], most_tokens=most) for most in (1, 10, 29, 30, 1000)}

    assert {most: found and len(found.targets) for most, found in kept.items()} == {1: 1, 10: 1, 29: 2, 30: 3, 1000: 4}
    assert lines_to_keep([], engines["float32"]) is None


def test_an_engine_is_compared_once_on_each_kind_of_processor(folder, engines):
    loader = Loader(engines, "int8")

    first = loader.right_engine(folder)
    before = (folder / "compared.json").read_bytes()
    second = Loader(engines, "other").right_engine(folder)  # it would be seen to be wrong if it were looked at

    assert first == second == (["default"], 0)
    assert json.loads(before).keys() == {"another kind", processor_kind()}
    assert (folder / "compared.json").read_bytes() == before
    assert records_in_cache(folder) == []


def test_where_8_bits_are_wrong_products_are_computed_in_float32_and_one_line_says_so(folder, engines, kept):
    loader = Loader(engines, "other")

    assert loader.right_engine(folder) == (["default", "float32"], 1)
    assert loader.right_engine(folder) == (["float32"], 1)
    difference = kept.difference(engines["other"])
    assert loader.lines == [
        f"with 8 bits the exported engine is {difference:.2f} nats a token off on this processor; it computes in "
        "float32 here"
    ]


def test_an_export_that_was_asked_for_although_8_bits_are_wrong_is_right_where_they_are_no_worse(folder, engines, kept):
    keep_lines(folder, kept, engines["other"])
    record(folder, {})

    assert Loader(engines, "other").right_engine(folder) == (["default"], 0)


def test_on_the_machine_of_the_export_nothing_is_compared_again(folder, engines, kept):
    keep_lines(folder, kept, engines["int8"])

    assert Loader(engines, "other").right_engine(folder) == (["default"], 0)


def test_what_cannot_be_written_beside_the_engine_is_remembered_for_the_user(folder, engines):
    (folder / "compared.json").unlink()
    (folder / "compared.json").mkdir()  # no file can take this place, whoever the user is

    first, second = (Loader(engines, "other").right_engine(folder) for _ in range(2))

    assert (first, second) == ((["default", "float32"], 1), (["float32"], 1))
    assert [json.loads(path.read_bytes()).keys() for path in records_in_cache(folder)] == [{processor_kind()}]


def test_two_exports_have_records_of_their_own_in_the_users_cache(folder, engines, kept, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    keep_lines(
        other,
        KeptLines(sources=kept.sources[:3], targets=kept.targets[:3], log_probs=kept.log_probs[:3]),
        engines["int8"],
    )
    for place, name in ((folder, "int8"), (other, "other")):
        (place / "compared.json").unlink()
        (place / "compared.json").mkdir()
        Loader(engines, name).right_engine(place)

    assert len(records_in_cache(folder)) == 2


@pytest.mark.parametrize("home", ["", "/dev/null"])
def test_where_nothing_can_be_remembered_every_use_compares(folder, engines, home, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", home)
    (folder / "compared.json").unlink()
    (folder / "compared.json").mkdir()

    for _ in range(2):
        assert Loader(engines, "other").right_engine(folder) == (["default", "float32"], 1)


@pytest.mark.parametrize("content", ["", "[1]", '{"a": 1', "{}", json.dumps({processor_kind(): "0"})])
def test_a_record_that_is_none_is_made_anew(folder, engines, content):
    (folder / "compared.json").write_text(content)

    assert Loader(engines, "int8").right_engine(folder) == (["default"], 0)
    assert isinstance(json.loads((folder / "compared.json").read_bytes())[processor_kind()], float)


@pytest.mark.parametrize("content", [None, "", "{}", '{"something": "else"}'])
def test_an_export_without_kept_lines_is_used_as_it_is(folder, engines, content):
    for path in folder.iterdir():
        path.unlink()
    if content is not None:
        (folder / "kept_lines.json").write_text(content)

    assert Loader(engines, "other").right_engine(folder) == (["default"], 0)
    assert not (folder / "compared.json").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"sources": [], "targets": [], "log_probs": []},
        {"sources": [[4]]},
        {"sources": [[10_000]], "targets": [["w4"]], "log_probs": [[-1.0, -1.0]]},
        {"sources": [[4]], "targets": [["w4"]], "log_probs": [[-1.0]]},
        {"sources": [[4]], "targets": [["w4"]], "log_probs": [["a", "b"]]},
        {"targets": 3},
        {"at_home": "far"},
    ],
    ids=str,
)
def test_what_is_kept_and_is_no_such_thing_makes_the_engine_damaged(folder, engines, changes):
    path = folder / "kept_lines.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))

    with pytest.raises(DamagedFileError, match=r"kept_lines\.json is damaged$"):
        Loader(engines, "int8").right_engine(folder)


def test_several_that_compare_at_once_leave_a_whole_record(folder, engines):
    with logged() as messages, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: right_engine(folder, Loader(engines, "other")), range(8)))

    assert len(messages.warnings) == 8
    assert json.loads((folder / "compared.json").read_bytes()).keys() == {"another kind", processor_kind()}
    assert sorted(path.name for path in folder.iterdir()) == ["compared.json", "kept_lines.json"]


CPUINFO = """\
processor\t: 0
vendor_id\t: GenuineIntel
model name\t: A processor
flags\t\t: fpu sse2 avx2 ibrs

processor\t: 1
flags\t\t: avx512_vnni
"""


def kind(folder: Path, cpuinfo: str = CPUINFO, **variables: str) -> str:
    (folder / "cpuinfo").write_text(cpuinfo)
    return processor_kind(cpuinfo=folder / "cpuinfo", environment=variables)


@pytest.mark.parametrize(
    ("old", "new"),
    [("avx2", "avx2 avx512_vnni"), ("GenuineIntel", "AuthenticAMD"), ("flags\t\t: fpu sse2 avx2", "Features\t: i8mm")],
)
def test_processors_of_other_makers_or_instructions_are_of_another_kind(tmp_path, old, new):
    assert kind(tmp_path, CPUINFO.replace(old, new)) != kind(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [("A processor", "Another"), ("fpu sse2", "sse2 fpu"), ("ibrs", "rtm"), ("avx512_vnni", "avx")],
)
def test_processors_with_the_same_instructions_are_of_one_kind(tmp_path, old, new):
    assert kind(tmp_path, CPUINFO.replace(old, new)) == kind(tmp_path)


def test_what_limits_the_library_makes_another_kind(tmp_path):
    limits = [{name: "AVX2"} for name in ("ONEDNN_MAX_CPU_ISA", "CT2_FORCE_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS")]

    kinds = [kind(tmp_path, **variables) for variables in ({}, *limits, {"ONEDNN_MAX_CPU_ISA": "SSE41"})]

    assert len(set(kinds)) == 5
    assert kind(tmp_path, LANG="C") == kinds[0]


def test_a_processor_that_nothing_describes_has_a_kind(tmp_path):
    assert processor_kind(cpuinfo=tmp_path / "none", environment={}).split()
