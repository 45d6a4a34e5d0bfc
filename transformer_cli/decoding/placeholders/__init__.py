"""Placeholders of a source come out in its translation, each as often as they went in, with the spelling they had.

    Required                what a source requires of its translation, and what a text has of it     required
    insert                  puts what is missing into a text, at the words it is aligned with        insertion

`LineTranslator` asks `Required.is_met` of each translation. Where it is not met, the best hypothesis of the beam that
meets it is taken; where there is none, `insert` repairs the best one.

To make any span of a source come out as a given string, for example a term of a glossary, give `Required` a
`Placeholder` whose ``text`` is that string: it is looked for in the translation, and inserted where it is missing.
"""
