"""Inspection of a model on one sentence and of the course of a run, as data and as pages.

The package may import `decoding`, because it draws the search. No module for training or translation imports this
package.

`sentence` gathers an `Inspection`; its `document` is printed by ``tfm inspect --json`` and
contained in the page:

    format            2
    languages         {source, target}
    model             shape of the model: vocab_size, d_model, num_heads, num_encoder_layers, num_decoder_layers, norm
    is_forced         whether the target was given instead of searched
    source, target    {text, pieces, ids, words: [{text, first, last}]}; both end in eos, which belongs to no word
    decoder_input     input pieces of the decoder: the target shifted right, beginning with bos
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
