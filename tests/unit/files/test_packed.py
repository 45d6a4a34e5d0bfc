from __future__ import annotations

import pytest

from transformer_cli.files.atomic import atomic_write
from transformer_cli.files.packed import open_text_input, packed_as_named


@pytest.mark.parametrize("suffix", ["", ".txt", ".gz", ".GZ", ".bz2", ".xz", ".zst"])
def test_what_is_written_under_a_packed_name_is_read_again_and_equal_texts_make_equal_files(tmp_path, suffix):
    paths = [tmp_path / f"{name}{suffix}" for name in ("one", "two")]
    for path in paths:
        with atomic_write(path) as stream, packed_as_named(path, stream) as packed:
            packed.write("été\n".encode())
            packed.write(b"last\n")

    one, two = (path.read_bytes() for path in paths)
    assert one == two
    assert (one == "été\nlast\n".encode()) == (suffix in ("", ".txt"))
    with open_text_input(paths[0]) as text:
        assert text.read() == "été\nlast\n".encode()
