"""A training small enough for tests: every part of the real one, few maps."""

import inspect
from contextlib import contextmanager
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from deepsphere_pyg.commands.command_line import main
from deepsphere_pyg.plot.maps import draw_classes, draw_map
from deepsphere_pyg.training.callbacks import AtomicCheckpoints

SMALL = [
    *("--sampling", "healpix", "--nside", "8", "--network", "small", "--K", "2"),
    *("--n-train", "6", "--n-validation", "2", "--n-test", "2"),
    *("--batch-size", "2", "--lr", "0.01", "--threads", "1", "--weighting", "heat"),
]


@pytest.fixture
def coarse_pictures(monkeypatch):
    """Draw few pixels without layout and axes, which take most of a small run else.

    Fixtures of a module or session draw whole pictures: they come before this one.
    """
    draw_coarsely(monkeypatch)


@pytest.fixture(scope="module")
def coarse_pictures_of_module():
    """Draw few pixels in all tests and fixtures of a module that ask for it."""
    with pytest.MonkeyPatch.context() as patched:
        draw_coarsely(patched)
        yield


def draw_coarsely(monkeypatch):
    """Replace the drawing of whole pictures."""
    save = Figure.savefig

    def save_coarse(figure, path, **options):
        figure.set_layout_engine("none")
        for axes in figure.axes:
            axes.set_axis_off()
        # Frames of films have the size that their writer knows.
        size = {} if options.get("format") == "rgba" else {"dpi": 20}
        save(figure, path, **{**options, **size})

    monkeypatch.setattr(Figure, "savefig", save_coarse)
    for draw in map(inspect.unwrap, (draw_map, draw_classes)):
        monkeypatch.setitem(draw.__kwdefaults__, "width", 80)


@pytest.fixture
def segment(tmp_path, coarse_pictures):
    """Run ``deepsphere-pyg segment`` on small maps; returns its exit status."""

    def run(*options: str, out: Path | None = None) -> int:
        return main(
            ["segment", *SMALL, "--out", str(out or tmp_path / "run"), *options]
        )

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Folder of a finished run of two epochs."""
    out = tmp_path_factory.mktemp("trained") / "run"
    status = main(["segment", *SMALL, "--epochs", "2", "--baseline", "--out", str(out)])
    assert status == 0
    return out


@pytest.fixture
def stopped_after(monkeypatch):
    """Stop a training after so many epochs, once its checkpoint is written."""

    class Stopped(Exception):
        pass

    @contextmanager
    def stopping(epochs: int):
        whole = AtomicCheckpoints.on_train_epoch_end

        def stop(self, trainer, module):
            whole(self, trainer, module)
            if trainer.current_epoch + 1 == epochs:
                raise Stopped

        with monkeypatch.context() as patched, pytest.raises(Stopped):
            patched.setattr(AtomicCheckpoints, "on_train_epoch_end", stop)
            yield

    return stopping
