"""Table and numbers of ``run.py``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.kernels.cases import FORWARD, PEERS, Case
from benchmarks.measuring.files import markdown_table
from benchmarks.measuring.settings import MEMORY, RESIDENT, Setting

#: A row for each case, setting, mode and peer.
Row = dict[str, Any]

COLUMNS = (
    *("case", "device", "threads", "allocator", "mode", "peer"),
    *("runs", "median_ms", "min_ms", "ratio", "ratio_min", "error", "roofline"),
    *("peak_mib", "resident_mib", "instance_ms", "note"),
)
Place = tuple[str, Setting, str]


class Results:
    """Rows in the order of measurement, with the ratios that follow.

    ``ratio`` is the median time of a peer over that of the case's first peer, and
    ``ratio_min`` likewise of the shortest times: how many times faster the first is.
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
        """All rows; a value that was not measured is None."""
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


def grouped(rows: Iterable[Row]) -> dict[Place, dict[str, Row]]:
    """Rows by case, setting and mode, then by peer."""
    groups: dict[Place, dict[str, Row]] = {}
    for row in rows:
        setting = Setting(row["device"], row["threads"], row["allocator"])
        place = row["case"], setting, row["mode"]
        groups.setdefault(place, {})[row["peer"]] = row
    return groups


def markdown(rows: Sequence[Row], cases: Mapping[str, Case], caption: str) -> str:
    """Return a table of how many times slower peers are, by case, setting and mode."""
    shown = [p for p in PEERS if any(row["peer"] == p for row in rows)]
    peers = [peer for peer in shown if peer not in ("ours", "ours_bf16")]
    if any(cases[row["case"]].peers[0] == "ours_bf16" for row in rows):
        peers.append("ours")
    head = ["case", "setting", "mode", "ms", "roofline", "error"]
    head += ["MiB in use", "MiB resident"]
    head += [f"× {'float32' if peer == 'ours' else peer}" for peer in peers]
    head += ["largest error of a peer", "MiB in use (resident) of peers"]
    lines = []
    for (name, setting, mode), found in grouped(rows).items():
        first = found[cases[name].peers[0]]
        others = {peer: row for peer, row in found.items() if row is not first}
        errors = [r["error"] for r in others.values() if r["error"] is not None]
        peaks = [
            f"{row['peer']} {row['peak_mib']:.0f}"
            + (f" ({row['resident_mib']:.0f})" if row["resident_mib"] else "")
            for row in others.values()
            if row["peak_mib"] is not None
        ]
        ratios = (others[p]["ratio"] if p in others else None for p in peers)
        lines.append(
            [
                cases[name].title,
                setting.title,
                mode,
                _cell(first["median_ms"], "{:.3g}"),
                _cell(first["roofline"], "{:.0%}"),
                _cell(first["error"], "{:.1e}"),
                _cell(first["peak_mib"], "{:.0f}"),
                _cell(first["resident_mib"], "{:.0f}"),
                *(_cell(ratio, "{:.1f}") for ratio in ratios),
                _cell(max(errors, default=None), "{:.1e}"),
                ", ".join(peaks) or "-",
            ]
        )
    notes = dict.fromkeys(
        f"{row['case']}, {row['mode']}, {row['peer']}: {row['note']}"
        for row in rows
        if row["note"]
    )
    published = [
        f"{cases[row['case']].title}: {row['instance_ms']:.3g} ms per instance on this "
        f"machine; published {cases[row['case']].published_ms:g} ms on a GPU"
        for row in rows
        if row["mode"] == FORWARD
        and row["peer"] == "ours"
        and row["instance_ms"] is not None
        and getattr(cases[row["case"]], "published_ms", None)
    ]
    table = markdown_table(head, lines)
    return "\n".join([caption, "", table, "", *published, *notes]).rstrip() + "\n"


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
