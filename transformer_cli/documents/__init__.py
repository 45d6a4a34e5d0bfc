"""Documents with text to translate: catalogues, exchange files, subtitles and pages.

A reader finds the texts of a file and their places. A writer splices translations into the original text, so that
everything else stays as it is, byte for byte.
"""
