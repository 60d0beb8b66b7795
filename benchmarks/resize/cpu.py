"""CPU time of each engine for both thumbnails: alternating runs, medians, ratios by class."""

from collections.abc import Iterable
from math import exp, log
from statistics import median

from benchmarks.resize.engines import Engine
from benchmarks.resize.pictures import Picture

Times = dict[str, list[tuple[str, dict[str, float]]]]  # by class: (file, seconds by engine)


def measure(pictures: Iterable[Picture], engines: dict[str, Engine], rounds: int) -> Times:
    times: Times = {}
    for picture in pictures:
        seconds = {name: median(runs) for name, runs in _runs(picture, engines, rounds).items()}
        times.setdefault(picture.kind, []).append((picture.path.name, seconds))
        shown = " ".join(f"{name} {1000 * value:.1f}" for name, value in seconds.items())
        print(f"{picture.path.name}: {shown}", flush=True)
    return times


def _runs(picture: Picture, engines: dict[str, Engine], rounds: int) -> dict[str, list[float]]:
    runs: dict[str, list[float]] = {}
    unable = set()
    for number in range(rounds + 1):  # the first round warms up and does not count
        for name, engine in engines.items():
            if name in unable or (name == "floor" and "JP" not in _format(picture)):
                continue
            try:
                seconds = engine(picture.path)
            except Exception as exc:  # a peer that cannot read the format gets no figure
                print(f"{picture.path.name}: {name} failed: {str(exc).splitlines()[0][:90]}")
                unable.add(name)
                continue
            if number:
                runs.setdefault(name, []).append(seconds)
    return runs


def _format(picture: Picture) -> str:
    return picture.path.suffix.upper()


def table(times: Times, names: Iterable[str]) -> list[str]:
    """Milliseconds of the first engine, and their ratio to those of each other engine."""
    first, *others = names
    lines = [f"| class | files | {first}, ms | " + " | ".join(f"÷ {n}" for n in others) + " |"]
    lines.append("|---" * (3 + len(others)) + "|")
    for kind, rows in times.items():
        cells = [kind, str(len(rows)), f"{1000 * _mean(row[first] for _, row in rows):.1f}"]
        for name in others:
            ratios = [row[first] / row[name] for _, row in rows if name in row]
            cells.append(f"{_mean(ratios):.2f}" if ratios else "–")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _mean(values: Iterable[float]) -> float:
    logs = [log(value) for value in values]
    return exp(sum(logs) / len(logs))
