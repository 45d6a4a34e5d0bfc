from __future__ import annotations

import shutil
from collections.abc import Iterator

import datasets
import numpy as np
import pyarrow as pa
import pytest

from tests.support.hostile_machine import disk_full_after
from transformer_cli.config import LanguagesConfig
from transformer_cli.data.splits.files import SplitFiles
from transformer_cli.data.splits.read import joined, read_split, sample_split
from transformer_cli.data.splits.write import split_writer, write_pairs
from transformer_cli.errors import DamagedFileError, TfmError
from transformer_cli.files.atomic import atomic_folder

FR_EN = LanguagesConfig(source="fr", target="en")
HOSTILE = [("Où ?", "Where?"), ('"a,b"', "[red]\\N\u00a0"), ("NA", "null"), ("👩‍👩‍👧", "\U0010ffff"), ("1", "2")]
FINGERPRINT = "f" * 64
SPLITS = {"train": HOSTILE, "valid": HOSTILE[:2], "test": HOSTILE[3:]}


def write(folder, **changed) -> None:
    with atomic_folder(folder) as data:
        for split, pairs in {**SPLITS, **changed}.items():
            write_split(data, split, pairs)


def write_split(folder, split, pairs) -> None:
    files = SplitFiles(folder, split, FR_EN)
    if split != "train":
        write_pairs(files, pairs, fingerprint=FINGERPRINT)
        return
    size = max(1, len(pairs) // 25)  # of a batch: one pair, where there are few
    with split_writer(files, fingerprint=FINGERPRINT) as write_batch:
        for start in range(0, len(pairs), size):
            sources, targets = zip(*pairs[start : start + size], strict=True)
            numbers = pa.array(range(start, start + len(sources)), pa.int32())
            write_batch(pa.record_batch({"source": sources, "target": targets, "corpus": numbers}))


@pytest.mark.parametrize("split", SPLITS)
def test_a_split_reads_back_as_it_was_written(tmp_path, split):
    write(tmp_path / "data")

    corpus = read_split(tmp_path / "data", split)
    assert list(zip(corpus.sources, corpus.targets, strict=True)) == SPLITS[split]
    assert len(corpus) == len(SPLITS[split])
    if split == "train":
        assert corpus.origins is not None
        assert corpus.origins.tolist() == list(range(len(HOSTILE)))
    else:
        assert corpus.origins is None


@pytest.mark.parametrize("index", [0, 3, -1, slice(None), slice(1, 3), slice(None, None, -2), slice(4, 2)])
def test_texts_are_indexed_as_a_list_is(tmp_path, index):
    write(tmp_path / "data")

    texts = read_split(tmp_path / "data", "train").sources
    assert texts[index] == [source for source, _ in HOSTILE][index]


def test_reading_maps_the_file_and_holds_no_texts(tmp_path):
    write(tmp_path / "data", train=[("x" * 1000, "y")] * 2000)
    allocated = pa.total_allocated_bytes()
    corpus = read_split(tmp_path / "data", "train")

    assert corpus.sources[1999] == "x" * 1000
    assert pa.total_allocated_bytes() - allocated < 100_000


@pytest.mark.parametrize("split", SPLITS)
def test_a_split_is_a_datasets_folder_with_columns_source_and_target(tmp_path, split):
    write(tmp_path / "data")

    table = datasets.load_from_disk(str(tmp_path / "data" / split))
    assert table.column_names == ["source", "target", *["corpus"][: split == "train"]]
    assert [(row["source"], row["target"]) for row in table] == SPLITS[split]


def test_valid_and_test_lie_there_as_plain_text_too(tmp_path):
    write(tmp_path / "data")

    texts = {path.name: path.read_text("utf-8") for path in (tmp_path / "data").iterdir() if path.is_file()}
    assert texts == {
        f"{split}.{code}": "".join(f"{pair[side]}\n" for pair in SPLITS[split])
        for split in ("valid", "test")
        for side, code in enumerate(("fr", "en"))
    }


def test_an_older_folder_is_replaced_with_all_that_was_in_it(tmp_path):
    write(tmp_path / "data")
    (tmp_path / "data" / "valid.de").touch()

    write(tmp_path / "data", train=[("new", "new")])

    assert read_split(tmp_path / "data", "train").sources[:] == ["new"]
    assert not (tmp_path / "data" / "valid.de").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_an_older_folder_stays_whole_when_writing_the_new_one_fails(tmp_path):
    def broken_off() -> Iterator[tuple[str, str]]:
        yield "new", "new"
        raise TfmError("the corpus ends here")

    write(tmp_path / "data")
    with pytest.raises(TfmError, match="the corpus ends here"):
        write(tmp_path / "data", test=broken_off())

    assert read_split(tmp_path / "data", "train").sources[:] == [source for source, _ in HOSTILE]
    write(tmp_path / "data", train=[("new", "new")])
    assert read_split(tmp_path / "data", "train").sources[:] == ["new"]


def test_a_full_disk_leaves_the_older_folder_and_no_debris(tmp_path):
    write(tmp_path / "data")

    with disk_full_after(10_000), pytest.raises(TfmError, match=r"^cannot write .*data"):
        write(tmp_path / "data", train=[("x" * 1000, "y" * 1000)] * 20)

    assert read_split(tmp_path / "data", "train").sources[:] == [source for source, _ in HOSTILE]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_where_no_folder_can_be_made_the_error_names_the_place(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(TfmError, match=r"^cannot write .*file/data.*not a directory"):
        write(tmp_path / "file" / "data")


def test_a_missing_split_is_named_with_what_to_run(tmp_path):
    write(tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "test")

    with pytest.raises(DamagedFileError, match=r"data/test cannot be read .*; delete it and run `tfm train`"):
        read_split(tmp_path / "data", "test")


@pytest.mark.parametrize("damage", [lambda content: content[: len(content) // 2], lambda content: b"", None])
def test_a_damaged_split_is_named_with_what_to_run(tmp_path, damage):
    write(tmp_path / "data")
    path = SplitFiles(tmp_path / "data", "train", FR_EN).arrow
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(DamagedFileError, match=r"data/train cannot be read .*; delete it and run `tfm train`"):
        read_split(tmp_path / "data", "train")


def test_a_split_that_is_damaged_at_any_place_is_read_as_it_was_written_or_named(tmp_path):
    write(tmp_path / "data", valid=[(f"où {number}", f"where {number}") for number in range(300)])
    path = SplitFiles(tmp_path / "data", "valid", FR_EN).arrow
    written, named = path.read_bytes(), 0

    for first in range(0, len(written), 256):
        path.write_bytes(written[:first] + b"\xff" * len(written[first : first + 256]) + written[first + 256 :])
        try:
            corpus = read_split(tmp_path / "data", "valid")
            texts = [*corpus.sources, *corpus.targets, *sample_split(tmp_path / "data", "valid", 100)[0]]
            assert len(texts) == 700
        except DamagedFileError:
            named += 1

    assert named > len(written) / 256 / 2


def test_a_text_that_is_damaged_is_named_where_it_is_read_alone(tmp_path):
    write(tmp_path / "data", train=[("où est le chat ?", "where")] * 2)
    path = SplitFiles(tmp_path / "data", "train", FR_EN).arrow
    path.write_bytes(path.read_bytes().replace("où est".encode(), b"\xff" * 7))

    sources = read_split(tmp_path / "data", "train").sources
    for index in (1, slice(0, 2)):
        with pytest.raises(DamagedFileError, match=r"data/train cannot be read .*; delete it and run `tfm train`"):
            _ = sources[index]


def test_a_split_without_a_side_is_damaged(tmp_path):
    path = SplitFiles(tmp_path, "valid", FR_EN).arrow
    path.parent.mkdir()
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, pa.schema([("source", pa.string())])):
        pass

    with pytest.raises(DamagedFileError, match=r"valid cannot be read .*target.*; delete it and run `tfm train`"):
        read_split(tmp_path, "valid")


@pytest.mark.parametrize("split", SPLITS)
def test_a_split_is_whole_until_one_of_its_files_is_missing_or_cut_short_or_it_is_of_other_data(tmp_path, split):
    write(tmp_path / "data")
    files = SplitFiles(tmp_path / "data", split, FR_EN)
    assert files.is_whole(fingerprint=FINGERPRINT)
    assert not files.is_whole(fingerprint="e" * 64)

    paths = [*files.folder.iterdir(), *files.texts]
    assert len(paths) == (3 if split == "train" else 5)
    for path in paths:
        path.rename(tmp_path / "away")
        assert not files.is_whole(fingerprint=FINGERPRINT)
        path.write_bytes((tmp_path / "away").read_bytes()[:-3])
        assert not files.is_whole(fingerprint=FINGERPRINT)
        (tmp_path / "away").replace(path)
    assert files.is_whole(fingerprint=FINGERPRINT)


def test_a_copy_of_a_split_is_a_split_of_its_own(tmp_path):
    write(tmp_path / "data")
    files = SplitFiles(tmp_path / "data", "valid", FR_EN)
    originals = [text.read_bytes() for text in files.texts]
    files.copy("test-law")
    shutil.rmtree(files.folder)

    copied = SplitFiles(tmp_path / "data", "test-law", FR_EN)
    assert copied.is_whole(fingerprint=FINGERPRINT)
    assert [text.read_bytes() for text in copied.texts] == originals
    assert read_split(tmp_path / "data", "test-law").targets[:] == ["Where?", "[red]\\N\u00a0"]


@pytest.fixture(scope="module")
def numbers_and_their_negatives(tmp_path_factory):
    """A folder whose training part has 2,500 pairs; not to be changed."""
    folder = tmp_path_factory.mktemp("numbers") / "data"
    write(folder, train=[(str(number), f"-{number}") for number in range(2500)])
    return folder


@pytest.mark.parametrize("wanted", [1, 7, 2499, 2500, 9999])
def test_a_sample_is_evenly_spread_and_its_sides_belong_together(numbers_and_their_negatives, wanted):
    sources, targets = sample_split(numbers_and_their_negatives, "train", wanted)

    numbers = [int(source) for source in sources]
    assert len(numbers) == len(sources) == min(wanted, 2500)
    assert [int(target) for target in targets] == [-number for number in numbers]
    steps = np.diff([*numbers, 2500])
    assert numbers[0] == 0
    assert steps.max() - steps.min() <= 1
    assert list(sources) == [sources[index] for index in range(len(sources))]  # a second time


@pytest.mark.parametrize("index", [0, 4, 5, 9, -1, -10, slice(None), slice(3, 7), slice(None, None, -3)])
def test_joined_corpora_are_indexed_as_one_list_is(tmp_path, index):
    write(tmp_path / "data")
    write(tmp_path / "more", train=[(target, source) for source, target in HOSTILE])

    corpus = joined([read_split(tmp_path / name, "train") for name in ("data", "more")])

    sources = [source for source, _ in HOSTILE] + [target for _, target in HOSTILE]
    assert corpus.sources[index] == sources[index]
    assert list(corpus.sources) == sources
    assert len(corpus) == len(corpus.targets) == 10
    assert corpus.origins is not None
    assert corpus.origins.tolist() == [*range(5), *range(5)]


def test_joined_corpora_end_where_a_list_does(tmp_path):
    write(tmp_path / "data")
    part = read_split(tmp_path / "data", "train")

    with pytest.raises(IndexError):
        joined([part, part]).sources[10]
