"""From a trained model to translations: engines that search, and the translator around them.

`translator` and what it needs (`engine`, `hypothesis`, `splitting`, `word_alignment`) work without torch, with any
engine; `torch_engine` is the one that searches with this program's model.

Shape letters: B sentences, W beam width, N = B * W decoder rows (the W rows of a sentence stand
together), V vocabulary.
"""
