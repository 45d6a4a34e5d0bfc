"""The Transformer of "Attention Is All You Need" (Vaswani et al. 2017), with one idea in each file.

Read in this order: `attention`, `positions`, `embedding`, `layers`, `transformer`. Then read
`transformer_cli.decoding.pytorch.plain_decoder` and `transformer_cli.decoding.search.greedy`, which generate a
translation token by token.

All shapes use these letters:

    B batch (sentences)      S source length      T target length      V vocabulary
    D d_model                H heads              K head size, D / H    F feed-forward size
    W beam width             N rows, B or B * W   L layers

Tensors are batch first. Masks are boolean and True where attention is allowed.
"""
