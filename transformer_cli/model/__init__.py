"""The Transformer of "Attention Is All You Need" (Vaswani et al. 2017), one idea a file.

Read in this order: `attention`, `positions`, `embedding`, `layers`, `transformer`. Then, to see how a translation is
written token by token, `transformer_cli.decoding.pytorch.plain_decoder` and `transformer_cli.decoding.search.greedy`.

One legend for all shapes:

    B batch (sentences)      S source length      T target length      V vocabulary
    D d_model                H heads              K head size, D / H    F feed-forward size
    W beam width             N rows, B or B * W   L layers

Tensors are batch first. Masks are boolean and True where attention is allowed.
"""
