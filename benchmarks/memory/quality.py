"""Does memory find it? Recall and MRR of words, of vectors, of the usual mixture and of what Jobs does."""

import argparse
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from jobs.memory.embedding import default_embedder
from jobs.memory.engine import Engine, Places
from jobs.memory.search import Candidate, Wanted, score

HERE = Path(__file__).parent
TODAY = date(2026, 11, 22)
Ranking = Callable[[Candidate], float]

WAYS: dict[str, Ranking] = {
    "words": lambda found: found.words,
    "vectors": lambda found: found.cosine,
    "0.7 / 0.3": lambda found: 0.7 * found.cosine + 0.3 * found.words,
    "Jobs": lambda found: score(found, TODAY),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", action="store_true", help="Print the questions that Jobs does not answer first.")
    options = parser.parse_args()
    if default_embedder() is None:
        parser.error("the embedder's package is not installed")
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine.open(Places(Path(folder) / "workspace", Path(folder), ZoneInfo("UTC")))
        _write(Path(folder) / "workspace" / "memory")
        print(engine.reindex())
        ranks = {way: _ranks(engine, ranking) for way, ranking in WAYS.items()}
        engine.close()
    questions = _questions()
    print(f"\n{'':10} {'':6} {'n':>3} {'R@1':>6} {'R@5':>6} {'R@10':>6} {'MRR':>6}")
    for way, found in ranks.items():
        for language in ("ru", "en", "cross", "all"):
            places = [rank for (kind, _, _), rank in zip(questions, found, strict=True) if language in (kind, "all")]
            shares = [100 * sum(rank <= most for rank in places) / len(places) for most in (1, 5, 10)]
            mean = sum(1 / rank for rank in places) / len(places)
            print(
                f"{way:10} {language:6} {len(places):3} " + " ".join(f"{share:6.1f}" for share in shares),
                f"{mean:6.3f}",
            )
    if options.misses:
        for (_, question, words), rank in zip(questions, ranks["Jobs"], strict=True):
            if rank > 1:
                print(f"{rank:5} {question}  →  {words}")


def _ranks(engine: Engine, ranking: Ranking) -> list[float]:
    """The place of the first hit that has the answer, for each question; infinite when there is none in ten."""
    ranks = []
    for _, question, words in _questions():
        found = [each for each in engine.found.candidates(Wanted(question, 10)) if ranking(each) > 0]
        ranked = sorted(((ranking(each), each.passage) for each in found), reverse=True)
        hits = engine.found.hits(ranked, 10)
        ranks.append(next((place for place, hit in enumerate(hits, 1) if words in hit.text), float("inf")))
    return ranks


def _write(days: Path) -> None:
    days.mkdir(parents=True)
    for line in (HERE / "entries.tsv").read_text(encoding="utf-8").splitlines():
        day, text = line.split("\t")
        with (days / f"{day}.md").open("a", encoding="utf-8") as file:
            file.write(f"- {text}\n")


def _questions() -> list[tuple[str, str, str]]:
    lines = (HERE / "questions.tsv").read_text(encoding="utf-8").splitlines()
    return [(kind, question, words) for kind, question, words in (line.split("\t") for line in lines)]


if __name__ == "__main__":
    main()
