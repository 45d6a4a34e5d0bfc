"""Looking inside: what a model does with one sentence, and how a run went, as data and as pages.

It stands above `decoding`, because a picture of the search has to know the search; nothing that trains or translates
imports it.

`sentence` gathers an `Inspection`; its `document` is what ``tfm inspect --json`` prints and what the page holds:

    format            2
    languages         {source, target}
    model             shape of the model: vocab_size, d_model, num_heads, num_encoder_layers, num_decoder_layers, norm
    is_forced         whether the target was given instead of searched
    source, target    {text, pieces, ids, words: [{text, first, last}]}; both end in eos, which is part of no word
    decoder_input     pieces that the decoder read: the target shifted right, beginning with bos
    embedding         {dimensions, tokens, positions, sums}: numbers of each source piece, (S, dimensions) each
    position_table    {dimensions, values}: the sinusoidal table
    attention         {encoder: (L, H, S, S), decoder: (L, H, T, T), cross: (L, H, T, S)}
    steps             for each target piece {log_prob, probability, rank, candidates: [{id, piece, probability}],
                      others}
    search            {beam_size, length_penalty, text, score, log_prob, nodes: [{parent, step, token, piece,
                      log_prob, score, status, is_best}]}, see `search_tree.SearchNode`
    alignment         {weights, links: [[source word, target word]]}, see `decoding.word_alignment.WordAlignment`
    score             {log_prob, length, score, perplexity} of the target
"""
