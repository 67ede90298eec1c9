"""Does memory find it? Recall and MRR of search as it is usually built, of Jobs' own sides, and of what Jobs does.

Two memories (`material.py`), each asked in both languages. Right is a passage that has the fact, whatever else it has.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from material import OTHER, TODAY, Fact, facts, write
from plain import Plain

from jobs.memory.embedding import embedder_of
from jobs.memory.engine import Engine, Places
from jobs.memory.search import Candidate, Wanted, score

DEEP = 10
Ranking = Callable[[Candidate], float]

WAYS: dict[str, Ranking] = {
    "Jobs' words": lambda found: found.words,
    "Jobs' vectors": lambda found: found.meaning,
    "Jobs' 0.7/0.3": lambda found: 0.7 * found.meaning + 0.3 * found.words,
    "Jobs": lambda found: score(found, TODAY),
}


@dataclass(frozen=True)
class Asked:
    pair: str
    """question's language → memory's language"""
    question: str
    fact: Fact
    candidates: list[Candidate]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", action="store_true", help="Print the questions that Jobs does not answer first.")
    parser.add_argument("--dump", type=Path, help="Write each question's candidates to this file, as JSON lines.")
    options = parser.parse_args()
    if embedder_of(None) is None:
        parser.error("the embedder's package is not installed")
    places: dict[str, dict[str, list[float]]] = {}
    for language in OTHER:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), language)
            engine = Engine.open(Places(Path(folder) / "workspace", Path(folder), ZoneInfo("UTC")))
            print(language, engine.reindex(), flush=True)
            plain = Plain(engine)
            for asked in _asked(engine, language):
                ways = plain.rankings(asked.question) | {way: _ranked(asked, rule) for way, rule in WAYS.items()}
                for way, ranked in ways.items():
                    rank = _place(engine, asked.fact, ranked)
                    for pair in (asked.pair, "all"):
                        places.setdefault(way, {}).setdefault(pair, []).append(rank)
                    if options.misses and way == "Jobs" and rank > 1:
                        print(f"{rank:5} {asked.question}  →  {asked.fact.text}")
                if options.dump:
                    _dump(options.dump, engine, asked)
            engine.close()
    _print(places)


def _asked(engine: Engine, language: str) -> list[Asked]:
    return [
        Asked(f"{tongue}→{language}", question, fact, engine.found.candidates(Wanted(question, DEEP)))
        for fact in facts(language)
        for tongue, question in fact.questions.items()
    ]


def _ranked(asked: Asked, rule: Ranking) -> list[tuple[float, int]]:
    return sorted(((rule(each), each.passage) for each in asked.candidates if rule(each) > 0), reverse=True)


def _place(engine: Engine, fact: Fact, ranked: list[tuple[float, int]]) -> float:
    """The place of the first hit that has the fact; infinite when there is none in DEEP."""
    hits = engine.found.hits(ranked, DEEP)
    return next((place for place, hit in enumerate(hits, 1) if fact.text in hit.text), float("inf"))


def _dump(path: Path, engine: Engine, asked: Asked) -> None:
    texts = [engine.index.value("SELECT text FROM passages WHERE id = ?", (each.passage,)) for each in asked.candidates]
    rows = [
        [each.meaning, each.words, (TODAY - each.day).days if each.day else None, each.kind, asked.fact.text in text]
        for each, text in zip(asked.candidates, texts, strict=True)
    ]
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps([asked.pair, asked.question, rows], ensure_ascii=False) + "\n")


def _print(places: dict[str, dict[str, list[float]]]) -> None:
    print(f"\n{'':14} {'asked→in':8} {'n':>3} {'R@1':>6} {'R@5':>6} {'R@10':>6} {'MRR':>6}")
    for way, pairs in places.items():
        for pair in sorted(pairs, key=lambda name: (name == "all", name)):
            found = pairs[pair]
            shares = [100 * sum(rank <= most for rank in found) / len(found) for most in (1, 5, 10)]
            mean = sum(1 / rank for rank in found) / len(found)
            print(f"{way:14} {pair:8} {len(found):3} " + " ".join(f"{share:6.1f}" for share in shares), f"{mean:6.3f}")


if __name__ == "__main__":
    main()
