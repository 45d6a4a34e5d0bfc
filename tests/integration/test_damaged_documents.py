"""A document that is damaged, or not what it is said to be: one line, exit code 65, nothing written."""

from __future__ import annotations

import pytest

from tests.support.command_line import run_here

BOMB = """<?xml version="1.0"?>
<!DOCTYPE x [<!ENTITY a "le chat"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<{root}>&b;</{root}>"""
OUTSIDE = """<?xml version="1.0"?>
<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<{root}>&a;</{root}>"""
XML = {
    "a.xliff": '<xliff version="1.2">\n<file source-language="fr">',
    "a.tmx": '<tmx version="1.4">\n<body>',
    "strings.xml": "<resources>\n<string>le chat</string>",
    "a.stringsdict": "<plist>\n<dict>",
}
NOT_UTF_8 = {
    "a.po": b'msgid "a"\nmsgstr "\xe9t\xe9"\n',
    "a.xliff": b'<xliff version="1.2">\n\xe9t\xe9</xliff>',
    "a.tmx": b"<tmx>\n\xe9t\xe9</tmx>",
    "a.html": b"<p>\n\xe9t\xe9</p>",
    "a.md": b"Le\n\xe9t\xe9\n",
    "a.srt": b"1\n00:00:01,000 --> 00:00:02,000 \xe9\n\xe9t\xe9\n",
    "a.vtt": b"WEBVTT\n\xe9t\xe9\n",
    "a.json": b'{"a":\n"\xe9t\xe9"}',
    "a.arb": b'{"a":\n"\xe9t\xe9"}',
    "a.xcstrings": b'{"sourceLanguage":\n"\xe9t\xe9"}',
    "a.yaml": b"a: b\nc: \xe9t\xe9\n",
    "a.properties": "a = é\n".encode() + b"b = \xe9t\xe9\n",  # in one encoding to its first line, then in another
    "strings.xml": b"<resources>\n<string>\xe9t\xe9</string></resources>",
    "a.strings": b'"a" = "b";\n"c" = "\xe9t\xe9";',
    "a.stringsdict": b"<plist>\n<dict>\xe9t\xe9</dict></plist>",
}
CASES = [
    *((name, content, "line 2: ") for name, content in NOT_UTF_8.items()),
    *((name, content.encode(), "line 2: not well-formed XML") for name, content in XML.items()),
    *((name, b"<other/>", "line 1: the root element is <other>") for name in XML),
    *((name, BOMB.format(root=text[1:].split()[0].strip(">")).encode(), "entity") for name, text in XML.items()),
    *((name, OUTSIDE.format(root=text[1:].split()[0].strip(">")).encode(), "entity") for name, text in XML.items()),
    *((name, "<a>" * 300 + "</a>" * 300, "line 1: more than") for name in XML),
    ("a.xliff", b'<?xml version="1.0" encoding="x-no"?><xliff/>', "the encoding x-no is not known"),
    ("a.html", b'<meta charset="x-no">', "the encoding x-no is not known"),
    ("a.xliff", b'<xliff><file source-language="de"/></xliff>', "take another model"),
    ("a.po", b'msgid ""\nmsgstr "Language: fr\\n"\n', "take another model"),
    ("a.po", b'msgid "a"\nmsgstr "b\n', "line 2: not a keyword and a quoted string"),
    ("a.po", b'msgid "a"\n', "line 1: the last entry has no msgstr"),
    ("a.po", b'msgstr "a"\n', "line 1: msgstr stands in the wrong place"),
    ("a.po", b'"a"\n', "line 1: a string without a keyword"),
    ("a.srt", b"le chat\n", "line 1: no line such as"),
    ("a.vtt", b"le chat\n", "line 1: the first line is not WEBVTT"),
    ("a.json", b'{"a":\n"le chat"', "line 2: not well-formed JSON"),
    ("a.arb", b'{"a":\n"le chat"', "line 2: not well-formed JSON"),
    ("a.arb", b'{"@@locale": "de"}', "line 1: the catalogue is in de"),
    ("a.xcstrings", b'{"a":\n"le chat"', "line 2: not well-formed JSON"),
    ("a.xcstrings", b'{"a": "le chat"}', "line 1: no string catalogue"),
    ("a.json", b'{"a": "le chat"}\n{"a": "le chien"}', "line 2: not well-formed JSON (extra data)"),
    ("a.json", b"", "line 1: not well-formed JSON"),
    ("a.json", b"[" * 100_000, "line 1: "),
    ("a.yaml", b'a: b\nc: "le chat', "line 2: not YAML"),
    ("a.yaml", b"a: b\n\tc: d", "line 2: not YAML"),
    ("a.yaml", b"a: b\nc: \x00", "line 2: '\\x00' is not allowed"),
    ("a.properties", b"a = b\nc = \\u00", "line 2: "),
    ("a.properties", b"a = \x93le chat\x94", "line 1: "),
    ("a.strings", b'"a" = "b";\n"c" = "le chat"', 'line 2: no ; ends the entry of "c"'),
    ("a.strings", b'"a" = "b";\n"c" = "le', 'line 2: not a string as the value of "c"'),
    ("a.strings", b'"a" = "b";\n/* "c"', "line 2: a comment that does not end"),
    ("a.strings", b'"a" = ("b");', "line 1: not a string"),
]


@pytest.mark.parametrize(("name", "content", "message"), CASES)
def test_a_damaged_document_is_one_line_and_leaves_nothing(toy, tmp_path, monkeypatch, name, content, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    answer = run_here("translate", "-m", toy.run, name, "-o", "new")

    assert (answer.code, answer.stdout) == (65, b""), answer.stderr
    assert answer.error.startswith(f"{name}: ")
    assert answer.error.count("\n") == 0
    assert message in answer.error
    assert [path.name for path in tmp_path.iterdir()] == [name]
