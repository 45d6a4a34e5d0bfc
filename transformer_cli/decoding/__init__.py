"""Translation with a trained model.

    Translator              texts -> texts; holds one loaded model           workflows.translate.translator
      LineTranslator        lines -> token ids, hypotheses -> lines          line_translator
        Engine              token ids -> hypotheses; the interface           engine
          TorchEngine       searches with our model, on CPU or GPU           pytorch.torch_engine
          ParallelEngine    a TorchEngine in each of several processes       pytorch.parallel_engine
          CTranslate2Engine searches with an exported model                  ctranslate2_engine
          FallbackEngine    CTranslate2, or torch for other options          fallback_engine

`search` holds the searches of TorchEngine: beam search, greedy search, sampling. They depend on no model, only on a
`StepDecoder`. Only `pytorch` and `search` need torch.

Shape letters: B sentences, W beam width, N = B * W decoder rows (the W rows of a sentence stand
together), V vocabulary.
"""
