"""One kind of corpus file each, read as a stream of sentence pairs."""
