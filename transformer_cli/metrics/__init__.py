"""Quality of translations: BLEU, chrF and TER, each computed by sacreBLEU and kept with its signature.

Scores without signatures cannot be compared (Post, 2018, "A Call for Clarity in Reporting BLEU Scores"), so no function
here returns the number of a corpus alone.
"""

from transformer_cli.metrics.scores import FEW_MATCHES as FEW_MATCHES
from transformer_cli.metrics.scores import MAX_RESAMPLED_LINES as MAX_RESAMPLED_LINES
from transformer_cli.metrics.scores import MetricScore as MetricScore
from transformer_cli.metrics.scores import Scores as Scores
from transformer_cli.metrics.scores import affordable_resamples as affordable_resamples
from transformer_cli.metrics.scores import compare_systems as compare_systems
from transformer_cli.metrics.scores import corpus_bleu as corpus_bleu
from transformer_cli.metrics.scores import corpus_chrf as corpus_chrf
from transformer_cli.metrics.scores import score_corpus as score_corpus
from transformer_cli.metrics.scores import sentence_chrf as sentence_chrf
from transformer_cli.metrics.tokenizers import default_tokenizer as default_tokenizer
from transformer_cli.metrics.tokenizers import is_usable as is_usable
