"""Picture of ``run.py``: how much faster than each peer, and how near the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kernel_cases import FORWARD, PEERS, Case
from kernel_report import Row, grouped
from kernel_settings import NEUTRAL, Setting
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from deepsphere_pyg.plot.maps import new_figure

# Okabe and Ito's: distinct for colour-blind readers.
COLOURS = {
    "ours": "#000000",
    "pyg": "#d55e00",
    "coo": "#0072b2",
    "csr": "#009e73",
    "scipy": "#cc79a7",
}
MARKERS = "osD^vP"


def figure(rows: Sequence[Row], cases: Mapping[str, Case], caption: str) -> Figure:
    """Draw a line of points a case: forward, with gradients, and beside the bound."""
    names = list(dict.fromkeys(row["case"] for row in rows))
    settings = sorted({setting for _, setting, _ in grouped(rows)})
    height = 1.7 + 0.42 * len(names)
    drawn, panels = new_figure(1, 3, (13.0, height))
    left, middle, right = panels[0]
    _ratios(left, rows, names, settings, cases, forward=True)
    _ratios(middle, rows, names, settings, cases, forward=False)
    _rooflines(right, rows, names, settings, cases)
    left.set_title("forward", fontsize=10)
    middle.set_title("forward and backward, or training step", fontsize=10)
    right.set_title("share of the roofline", fontsize=10)
    for panel in (left, middle):
        panel.set_xscale("log")
        panel.set_xlabel("times faster than the peer")
        panel.axvline(1, color="#666666", lw=1, ls="--")
        low, high = panel.get_xlim()
        panel.set_xlim(min(low, 0.8), max(high, 12))
        ticks = [
            t for t in (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200) if low <= t <= high
        ]
        panel.set_xticks(ticks, [f"{t:g}" for t in ticks])
        panel.minorticks_off()
    right.set_xlabel("[%], filled forward, open with backward")
    right.set_xlim(0, max(105, right.get_xlim()[1]))
    right.axvline(100, color="#666666", lw=1, ls="--")
    titles = [cases[name].title for name in names]
    for panel in (left, middle, right):
        panel.set_yticks(range(len(names)), titles if panel is left else [])
        panel.set_ylim(len(names) - 0.5, -0.5)
        panel.tick_params(labelsize=8)
        for line in range(1, len(names)):
            panel.axhline(line - 0.5, color="#dddddd", lw=0.6)
        panel.grid(alpha=0.3, axis="x")
        panel.spines[["top", "right"]].set_visible(False)
    present = dict.fromkeys(row["peer"] for row in rows if row["ratio"] is not None)
    peers = [
        Line2D([], [], color=COLOURS[p], marker="o", ls="", label=PEERS[p])
        for p in COLOURS
        if p in present and (p != "ours" or "ours_bf16" in present)
    ]
    if "ours_bf16" in present:
        peers[0].set_label("this package in float32 (bfloat16 row)")
    marks = [
        Line2D(
            [],
            [],
            color="#666666",
            marker=m,
            mfc=_face(s, "#666666"),
            ls="",
            label=s.title,
        )
        for s, m in zip(settings, MARKERS, strict=False)
    ]
    drawn.legend(
        handles=[*peers, *marks],
        loc="outside lower center",
        ncols=4,
        fontsize=8,
        frameon=False,
    )
    drawn.suptitle(
        f"rows: nside, k, batch, channels in→out;  {caption}",
        fontsize=8,
        color="#444444",
    )
    return drawn


def _face(setting: Setting, colour: str) -> str:
    """Full where pages stay, open where they come and go."""
    return (
        colour if setting.allocator == NEUTRAL or setting.device == "cuda" else "white"
    )


def _place(name: int, setting: Setting, settings: Sequence[Setting]) -> float:
    """Settings of a case below each other."""
    return name + 0.22 * (settings.index(setting) - (len(settings) - 1) / 2)


def _ratios(
    panel: Axes,
    rows: Sequence[Row],
    names: Sequence[str],
    settings: Sequence[Setting],
    cases: Mapping[str, Case],
    forward: bool,
) -> None:
    for (name, setting, mode), found in grouped(rows).items():
        if (mode == FORWARD) != forward:
            continue
        for peer, row in found.items():
            if peer == cases[name].peers[0] or row["ratio"] is None:
                continue
            panel.plot(
                row["ratio"],
                _place(names.index(name), setting, settings),
                MARKERS[settings.index(setting) % len(MARKERS)],
                color=COLOURS[peer],
                mfc=_face(setting, COLOURS[peer]),
                ms=5,
            )


def _rooflines(
    panel: Axes,
    rows: Sequence[Row],
    names: Sequence[str],
    settings: Sequence[Setting],
    cases: Mapping[str, Case],
) -> None:
    for (name, setting, mode), found in grouped(rows).items():
        share = found[cases[name].peers[0]]["roofline"]
        if share is not None:
            panel.plot(
                100 * share,
                _place(names.index(name), setting, settings),
                MARKERS[settings.index(setting) % len(MARKERS)],
                color="#000000",
                mfc="#000000" if mode == FORWARD else "white",
                ms=5,
            )
