from __future__ import annotations

import json
from pathlib import Path

import transformer_cli


def test_bad_rows_are_counted_and_written_with_the_rejected_pairs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [f"la phrase {n} est ici\tthe sentence {n} is here\n" for n in range(40)]
    Path("t.tsv").write_text("".join([*lines[:20], "one\ttwo\tthree\n", *lines[20:]]))
    Path("tfm.toml").write_text(
        '[languages]\nsource = "fr"\ntarget = "en"\n[data]\nvalid = 5\n'
        'train = [{ path = "t.tsv", skip_bad_rows = true }]\n[cleaning]\nfold_numbers = false\n'
    )

    transformer_cli.prepare(run_dir=Path("run"), rejected=Path("rejected.tsv"))

    report = json.loads(Path("run/prepare.json").read_text())["total"]
    assert (report["read"], report["kept"], report["dropped"]) == (41, 35, {"bad_row": 1, "held_out": 5})
    assert "bad_row\tt.tsv:21\tone two three\t\n" in Path("rejected.tsv").read_text()
