"""Table and numbers of ``run.py``."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kernel_cases import PEERS, Case
from kernel_settings import MEMORY, RESIDENT, Setting

from deepsphere_pyg.atomic_files import atomic_path

#: A row a case, setting, mode and peer.
Row = dict[str, Any]

COLUMNS = (
    "case",
    "device",
    "threads",
    "allocator",
    "mode",
    "peer",
    "runs",
    "median_ms",
    "min_ms",
    "ratio",
    "ratio_min",
    "error",
    "roofline",
    "peak_mib",
    "resident_mib",
    "instance_ms",
    "note",
)
Place = tuple[str, Setting, str]


class Results:
    """Rows as they come, with the ratios that follow.

    ``ratio`` is the median time of a peer over that of the case's first peer, and so
    ``ratio_min`` of the shortest times: how many times faster the first one is.
    """

    def __init__(self) -> None:
        self._times: dict[tuple[Place, str], Row] = {}
        self._peaks: dict[tuple[str, str, str], Row] = {}

    def add(self, case: Case, setting: Setting, row: Row) -> None:
        """Take a row of a worker."""
        if "peer" not in row:
            return
        if setting.allocator in (MEMORY, RESIDENT):
            key = case.name, row["mode"], row["peer"]
            self._peaks[key] = {**self._peaks.get(key, {}), **row}
        else:
            self._times[(case.name, setting, row["mode"]), row["peer"]] = row

    def rows(self) -> list[Row]:
        """All that is known, in the order in which it came; what is not, is None."""
        found = []
        for (place, peer), times in self._times.items():
            name, setting, mode = place
            peak = self._peaks.get((name, mode, peer), {})
            first = next(row for (p, _), row in self._times.items() if p == place)
            row: Row = dict.fromkeys(COLUMNS)
            row |= {"case": name, **asdict(setting), "mode": mode, "peer": peer}
            row |= {key: times[key] for key in times if key in COLUMNS}
            row |= {key: peak.get(key) for key in ("peak_mib", "resident_mib")}
            row["note"] = times.get("note") or peak.get("note")
            if times.get("median_ms") and first.get("median_ms"):
                row["ratio"] = times["median_ms"] / first["median_ms"]
                row["ratio_min"] = times["min_ms"] / first["min_ms"]
            found.append(row)
        return found


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    """Write rows, numbers with as many digits as mean something."""
    with atomic_path(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows:
            writer.writerow({key: _short(value) for key, value in row.items()})


def _short(value: Any) -> Any:
    return f"{value:.4g}" if isinstance(value, float) else value


def grouped(rows: Iterable[Row]) -> dict[Place, dict[str, Row]]:
    """Rows by case, setting and mode, then by peer."""
    groups: dict[Place, dict[str, Row]] = {}
    for row in rows:
        setting = Setting(row["device"], row["threads"], row["allocator"])
        place = row["case"], setting, row["mode"]
        groups.setdefault(place, {})[row["peer"]] = row
    return groups


def markdown(rows: Sequence[Row], cases: Mapping[str, Case], caption: str) -> str:
    """Table: a line a case, setting and mode; how many times slower peers are."""
    shown = [p for p in PEERS if any(row["peer"] == p for row in rows)]
    peers = [peer for peer in shown if peer != "ours" and peer != "ours_bf16"]
    if any(cases[row["case"]].peers[0] == "ours_bf16" for row in rows):
        peers.append("ours")
    head = ["case", "setting", "mode", "ms", "roofline", "error"]
    head += ["MiB in use", "MiB resident"]
    for peer in peers:
        head += [f"× {'float32' if peer == 'ours' else peer}"]
    head += ["largest error of a peer", "MiB in use (resident) of peers"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for (name, setting, mode), found in grouped(rows).items():
        first = found[cases[name].peers[0]]
        others = [row for peer, row in found.items() if row is not first]
        errors = [row["error"] for row in others if row["error"] is not None]
        peaks = [
            f"{row['peer']} {row['peak_mib']:.0f}"
            + (f" ({row['resident_mib']:.0f})" if row["resident_mib"] else "")
            for row in others
            if row["peak_mib"] is not None
        ]
        cells = [
            cases[name].title,
            setting.title,
            mode,
            _cell(first["median_ms"], "{:.3g}"),
            _cell(first["roofline"], "{:.0%}"),
            _cell(first["error"], "{:.1e}"),
            _cell(first["peak_mib"], "{:.0f}"),
            _cell(first["resident_mib"], "{:.0f}"),
            *(
                _cell(found[p]["ratio"], "{:.1f}")
                if p in found and found[p] is not first
                else "-"
                for p in peers
            ),
            _cell(max(errors, default=None), "{:.1e}"),
            ", ".join(peaks) or "-",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    notes = dict.fromkeys(
        f"{row['case']}, {row['mode']}, {row['peer']}: {row['note']}"
        for row in rows
        if row["note"]
    )
    published = [
        f"{cases[row['case']].title}: {row['instance_ms']:.3g} ms an instance on this "
        f"machine; published {cases[row['case']].published_ms:g} ms on a GPU"
        for row in rows
        if row["mode"] == "forward"
        and row["peer"] == "ours"
        and row["instance_ms"] is not None
        and getattr(cases[row["case"]], "published_ms", None)
    ]
    return "\n".join([caption, "", *lines, "", *published, *notes]).rstrip() + "\n"


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
