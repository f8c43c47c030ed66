"""Redraw the pictures of the README and of the documentation from kept numbers.

    python -m benchmarks.pictures

Numbers that commands took long to measure are kept in ``benchmarks/pictures/numbers``;
pictures that are drawn from them are made again in the present style, and so are those
of networks that are part of the package, in two minutes. For all others, the command
that measures and draws them is listed. ``--keep FOLDER`` first takes over the numbers
that a finished run of such a command has left in a folder.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measuring.files import new_parser, write_picture
from benchmarks.pictures.redrawing import DRAWINGS, rows_of
from benchmarks.pictures.table import SOURCES, Source
from deepsphere_pyg.commands.command_line import main as command
from deepsphere_pyg.models import pretrained_path

NUMBERS = Path(__file__).with_name("numbers")
# Tables of this size are small enough to be part of the repository.
_LARGEST = 50_000


def redraw(images: Path, numbers: Path = NUMBERS) -> list[Path]:
    """Redraw all pictures whose numbers are kept, and return their files.

    Parameters
    ----------
    images
        Folder of the pictures.
    numbers
        Folder of the kept numbers.
    """
    written = []
    for source in SOURCES:
        if is_kept(source, numbers):
            rows = rows_of(numbers / source.numbers)
            figures = DRAWINGS[source.numbers](rows, source.title)
            for name in source.pictures:
                written.append(images / f"{name}.png")
                write_picture(written[-1], figures[name])
    return written


def evaluate(images: Path) -> list[Path]:
    """Draw the pictures of networks that are part of the package; return their files.

    Raises
    ------
    SystemExit
        If a command fails.
    """
    written = []
    for source in SOURCES:
        if source.evaluation:
            with tempfile.TemporaryDirectory() as folder:
                network = str(pretrained_path(source.network))
                words = [*source.evaluation.split(), "--checkpoint", network]
                status = command([*words, "--out", folder])
                if status != 0:
                    raise SystemExit(status)
                images.mkdir(parents=True, exist_ok=True)
                for name in source.pictures:
                    shutil.copy(Path(folder) / f"{name}.png", images)
                    written.append(images / f"{name}.png")
                    print(f"wrote {written[-1]}")
    return written


def is_kept(source: Source, numbers: Path = NUMBERS) -> bool:
    """Return whether the numbers are kept that the pictures of a source show."""
    return source.numbers in DRAWINGS and (numbers / source.numbers).is_file()


def keep(run: Path, numbers: Path = NUMBERS) -> Path:
    """Take over the numbers of a finished run, and return the file.

    Parameters
    ----------
    run
        Folder of the run, which has one of the tables that are kept.
    numbers
        Folder of the kept numbers.

    Raises
    ------
    FileNotFoundError
        If there is no such table.
    ValueError
        If it is too large for the repository.
    """
    names = [source.numbers for source in SOURCES if source.numbers]
    found = [run / name for name in names if (run / name).is_file()]
    if not found:
        raise FileNotFoundError(
            f"{run} must have {' or '.join(names)}, got none of them; pass the folder "
            "of a finished run, with a table renamed to one of these"
        )
    size = found[0].stat().st_size
    if size > _LARGEST:
        raise ValueError(
            f"{found[0]} must have at most {_LARGEST} bytes, got {size}; measure fewer "
            "degrees"
        )
    numbers.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(found[0], numbers / found[0].name))


def remaining(numbers: Path = NUMBERS) -> str:
    """Return the pictures that cannot be redrawn, and the commands that make them."""
    lines = []
    for source in SOURCES:
        if not is_kept(source, numbers) and not source.evaluation:
            told = "; ".join(filter(None, (source.duration, source.note)))
            lines.append(", ".join(source.pictures) + (f" ({told})" if told else ""))
            lines.append(f"    {source.command}")
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> None:
    """Redraw what can be redrawn, and list the rest."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--images", type=Path, default=Path("docs/images"), help="folder of pictures")
    add("--keep", type=Path, metavar="FOLDER", help="run whose numbers are kept")
    args = parser.parse_args(words)
    if args.keep is not None:
        print(f"kept {keep(args.keep)}")
    redraw(args.images)
    evaluate(args.images)
    print(f"\nnot redrawn, since their numbers are not kept:\n{remaining()}")


if __name__ == "__main__":
    main()
