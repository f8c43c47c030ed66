"""Files of figures: formats, sizes and errors."""

import numpy as np
import pytest

from deepsphere_pyg.plot import draw_map, new_figure, save_figure
from samplings import HEALPix


def draw():
    """A map."""
    figure, axes = new_figure(1, 1, (4, 3))
    sampling = HEALPix(8)
    draw_map(axes[0, 0], sampling, sampling.lat, title="latitude", width=400)
    return figure


@pytest.fixture
def figure():
    """The map."""
    return draw()


def test_vector_files_keep_letters_and_hold_pixels(figure, tmp_path):
    first = save_figure(figure, tmp_path / "deep" / "map.svg")
    text = first.read_text()
    assert "latitude</text>" in text and "<image" in text
    # 768 cells of a vector map, each with its path, would take more.
    assert first.stat().st_size < 150_000
    again = save_figure(draw(), tmp_path / "again.SVG")
    assert again.read_bytes() == first.read_bytes()
    page = save_figure(figure, tmp_path / "map.pdf").read_bytes()
    assert page.startswith(b"%PDF") and b"/Subtype /Image" in page
    # Type 42 embeds TrueType letters.
    assert b"/CIDFontType2" in page and b"CreationDate" not in page


def test_pixels_are_as_dense_as_asked(figure, tmp_path):
    from PIL import Image

    for dpi, width in ((None, 600), (50, 200)):
        path = save_figure(figure, tmp_path / "map.png", dpi=dpi)
        with Image.open(path) as picture:
            assert picture.size[0] == width
            assert np.asarray(picture.convert("L")).std() > 10


def test_files_that_cannot_be_written_are_refused(figure, tmp_path):
    with pytest.raises(ValueError, match=r"one of .*\.pdf.*, got '\.doc'"):
        save_figure(figure, tmp_path / "map.doc")
    with pytest.raises(ValueError, match=r"got ''; pass a path such as map\.pdf"):
        save_figure(figure, tmp_path / "map")
    with pytest.raises(TypeError, match="figure must be a Figure, got str"):
        save_figure("map", tmp_path / "map.png")
    with pytest.raises(ValueError, match="dpi must be positive"):
        save_figure(figure, tmp_path / "map.png", dpi=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="a file is in its way"):
        save_figure(figure, tmp_path / "file" / "map.png")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
