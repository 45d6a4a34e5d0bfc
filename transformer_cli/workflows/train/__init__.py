"""``tfm train``: prepare, train, test, release."""
