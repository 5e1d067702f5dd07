"""Which documents of a pool are worth an annotator's time."""

from collections.abc import Sequence
from enum import StrEnum
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING, Any

from annotations.document import Document

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMENSIONS = 100
SEED = 1


class Selection(StrEnum):
    """How to choose.

    uncertain: first the documents of whose spans the model is least confident (Culotta and McCallum, AAAI 2005): the
    mean over a document's spans of one minus their scores, so that long documents are not chosen for their length (Shen
    et al., ICLR 2018). Documents in which the model finds nothing come last.
    diverse: documents unlike one another: greedy k-centres (Sener and Savarese, ICLR 2018) over embeddings of the
    texts, which are TF-IDF weights of letter 3- to 5-grams, apt for Kazakh's endings, reduced by singular value
    decomposition (latent semantic analysis, Deerwester et al. 1990).
    random: a seeded draw, the baseline that the others must beat.
    """

    uncertain = "uncertain"
    diverse = "diverse"
    random = "random"


def select(documents: Sequence[Document], how: Selection, number: int) -> list[Document]:
    """At most `number` of the documents, the most worthwhile first; for `uncertain` they carry the model's spans.

    Raises ImportError that names the extra where `diverse` finds no scikit-learn.
    """
    if len(documents) <= number:
        return list(documents)
    match how:
        case Selection.uncertain:
            return sorted(documents, key=_doubt, reverse=True)[:number]
        case Selection.diverse:
            return [documents[place] for place in _centres(_embeddings([d.text for d in documents]), number)]
        case Selection.random:
            return Random(SEED).sample(documents, number)  # noqa: S311  a sample, not a secret


def _doubt(document: Document) -> float:
    """Mean least confidence of a document's spans."""
    return fmean(1 - (span.score or 0) for span in document.spans) if document.spans else 0.0


def _embeddings(texts: Sequence[str]) -> "NDArray[Any]":
    """Unit vectors [documents, DIMENSIONS]."""
    try:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.preprocessing import normalize
    except ImportError as error:
        raise ImportError(
            "choosing diverse documents needs the `labelstudio` extra: pip install 'malimet[labelstudio]'"
        ) from error
    weights = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=1).fit_transform(texts)
    dimensions = min(DIMENSIONS, *(side - 1 for side in weights.shape))
    vectors: NDArray[Any] = normalize(TruncatedSVD(dimensions, random_state=SEED).fit_transform(weights))
    return vectors


def _centres(vectors: "NDArray[Any]", number: int) -> list[int]:
    """Rows each as far as can be from those before it, beginning with the one nearest to the mean of all."""
    chosen = [int((vectors @ vectors.mean(axis=0)).argmax())]
    nearest = vectors @ vectors[chosen[0]]
    while len(chosen) < number:
        nearest[chosen[-1]] = 2.0  # beyond any cosine: never chosen again
        chosen.append(int(nearest.argmin()))
        nearest = nearest.clip(min=vectors @ vectors[chosen[-1]])
    return chosen
