"""Makes `src/jobs/memory/centres.json`: the mean of the embedder's vectors of each language and kind."""

import json
from pathlib import Path

import numpy as np

from jobs.memory import embedding

HERE = Path(__file__).parent


def main() -> None:
    model = embedding.MultilingualE5(centred=False)
    texts: dict[str, list[str]] = {}
    for line in (HERE / "ordinary.txt").read_text(encoding="utf-8").splitlines()[1:]:
        if line[:3] in ("ru ", "en ") and line[3:] in ("passage", "query"):
            texts[line] = current = []
        else:
            current.append(line)
    centres = {}
    for name, lines in texts.items():
        vectors = model.passages(lines) if name.endswith("passage") else np.stack([model.query(line) for line in lines])
        centres[name] = [round(float(value), 5) for value in vectors.mean(axis=0)]
    Path(embedding.__file__).with_name("centres.json").write_text(json.dumps(centres) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
