"""From a trained model to translations: the search, and the translator around it.

Shape letters: B sentences, W beam width, N = B * W decoder rows (the W rows of a sentence stand
together), V vocabulary.
"""
