from __future__ import annotations

import pytest

from tests.support.documents import translate, unchanged
from transformer_cli.documents.document import Task

MEMORY = """\
<?xml version="1.0"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="fr"/><body>
  <tu tuid="1">
    <tuv xml:lang="de"><seg>Katze</seg></tuv>
    <tuv xml:lang="fr-FR">
      <seg>Le <bpt i="1">&lt;b></bpt>chat<ept i="1">&lt;/b></ept> noir</seg>
    </tuv>
  </tu>
  <tu><tuv xml:lang="fr"><seg>fini</seg></tuv><tuv xml:lang="en-US"><seg>done</seg></tuv></tu>
  <tu><tuv xml:lang="en-US"><seg></seg></tuv><tuv xml:lang="fr"><seg>vide</seg></tuv></tu>
  <tu><tuv xml:lang="de"><seg>Hund</seg></tuv></tu>
</body></tmx>
"""


def test_the_missing_side_is_filled_and_nothing_else_changes():
    expected = MEMORY.replace(
        "    </tuv>\n  </tu>",
        '    </tuv>\n    <tuv xml:lang="en-US" creationid="MT!">\n      <seg>LE <bpt i="1">&lt;b></bpt>CHAT'
        '<ept i="1">&lt;/b></ept> NOIR</seg>\n    </tuv>\n  </tu>',
    ).replace('"en-US"><seg></seg>', '"en-US" creationid="MT!"><seg>VIDE</seg>')

    assert translate(MEMORY.encode(), "tmx", str.upper).decode() == expected
    final = translate(MEMORY.encode(), "tmx", str.upper, task=Task("fr", "en", is_final=True)).decode()
    assert final == expected.replace(' creationid="MT!"', "")
    assert translate(expected.encode(), "tmx", str.lower).decode() == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_memory_read_and_written_is_the_same_in_every_byte(encoding):
    data = MEMORY.replace("\n", "\r\n").encode(encoding)

    assert unchanged(data, "tmx") == data


def test_all_translates_the_target_side_again():
    assert "<seg>FINI</seg>" in translate(MEMORY.encode(), "tmx", str.upper, replace_all=True).decode()


def test_a_variant_that_was_there_is_signed_by_its_last_hand():
    old = MEMORY.replace('"en-US"><seg></seg>', '"en-US" changeid="anna" creationid="MT!" ><seg></seg>')
    mine = translate(old.encode(), "tmx", str.upper).decode()
    final = translate(old.encode(), "tmx", str.upper, task=Task("fr", "en", is_final=True)).decode()

    assert '<tuv xml:lang="en-US" creationid="MT!"><seg>VIDE</seg>' in mine
    assert '<tuv xml:lang="en-US" changeid="anna"><seg>VIDE</seg>' in final

    machine = old.replace('changeid="anna"', 'changeid="MT!"')
    final = translate(machine.encode(), "tmx", str.upper, task=Task("fr", "en", is_final=True)).decode()
    assert '<tuv xml:lang="en-US"><seg>VIDE</seg>' in final
