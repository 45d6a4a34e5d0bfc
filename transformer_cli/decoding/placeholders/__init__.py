"""Placeholders of a source come out in its translation, each as often as they went in, with the spelling they had.

    Required                what a source requires of its translation, and what a text has of it     required
    insert                  puts what is missing into a text, at the words it is aligned with        insertion
    Glossary                which terms stand in a source, and what they become                      glossary

`LineTranslator` asks `Required.is_met` of each translation. Where it is not met, the best hypothesis of the beam that
meets it is taken; where there is none, `insert` repairs the best one.

A term of a glossary is a placeholder whose ``text`` is its translation. Where it is missing, it takes the place of the
words that are aligned with it. For a model that has learned symbols, it is one from the start.
"""
