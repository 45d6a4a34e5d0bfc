"""Fifty lines that break programs which think they know what a line, a character or a text is."""

from __future__ import annotations

INVALID_UTF8 = {
    "a lone continuation byte": b"le \x80 chat",
    "Latin-1": b"le gar\xe7on voit une pomme ici.",
    "a sequence cut short": b"le prix est \xe2\x82",
    "an overlong slash": b"\xc0\xaf",
    "a surrogate, as CESU-8 has them": b"\xed\xa0\xbd\xed\xb8\x80",
    "a code point past the last": b"\xf4\x90\x80\x80",
    "bytes that never occur": b"\xfe\xff\xfe\xff",
    "UTF-16": "le chat".encode("utf-16-le") + b"\xff",
}
BLANK = (b"", b" ", b"   \t  ", b"\t", b"\r", b"\x00", b"\x0b\x0c", "\u2028".encode(), "\u0085".encode(), b"\x1b")
ODD = (
    "le chat voit une pomme ici.\r",
    "le chien\rprend le pain souvent.",
    "la fille\u2028trouve un livre demain.",
    "la fille\u2029trouve un livre demain.",
    "le gar\u00e7on\u0085aime la maison ici.",
    "le chat\x0bvoit\x0cla maison\x1cici\x1d.\x1e",
    "NUL\x00NUL",
    "".join(map(chr, range(1, 32))).replace("\n", ""),
    "".join(map(chr, range(127, 160))),
    "\ufeffle chat \ufeffvoit",
    "[red]le chat[/red] [/] [bold",
    ":smile: :heart: [link=https://example.org]ici[/link]",
    "\x1b[31mrouge\x1b[0m \x1b]0;titre\x07 \x1b[2J",
    "\u009b31m",
    "👩‍👩‍👧‍👦 🇫🇷 👍🏽 ❤️",
    "\u202eétrange \u202c\u200f\u200e\u05e9\u05dc\u05d5\u05dd",
    "noe\u0308l NOE\u0308L e\u0301\u0327\u0323",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘",
    "<s>",
    "</s>",
    "<pad> <unk> <s> </s>",
    "<0x0A><0x00><0xFF>",
    "▁ ▁▁le▁chat▁",
    "?!.,;:",
    "…" * 60,
    "'\"`\\$(rm -rf /) ; | & > < * ~",
    "%s %d %n {0} {} ${HOME}",
    "\\n \\r \\0 \\x00",
    "1234567890" * 5,
    "\U0010ffff\ue000\ufffe",
    "x" * 20_000,
)
LINES = (
    *(line.encode() for line in ODD[:15]),
    *BLANK[:5],
    *INVALID_UTF8.values(),
    *BLANK[5:],
    *(line.encode() for line in ODD[15:]),
    b"le chat voit " * 1500,
)
BLANK_NUMBERS = tuple(n for n, line in enumerate(LINES, start=1) if line in BLANK or line[:1] in (b"\x01", b"\x7f"))
"""Lines in which nothing is but white space and controls."""

INVALID_NUMBERS = tuple(n for n, line in enumerate(LINES, start=1) if line in INVALID_UTF8.values())
TEXT = b"\n".join(LINES)
"""Line ends between them; the last line has none. A ``\\r`` right before one belongs to it."""
