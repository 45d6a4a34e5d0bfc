"""``tfm prepare``: corpora read, cleaned, de-duplicated and split."""
