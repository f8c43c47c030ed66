"""What a killed process leaves is removed by the next, what others write is not."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from samplings import atomic_files
from samplings.atomic_files import atomic_folder, atomic_path, remove_abandoned

WRITER = """
import sys, time
from samplings.atomic_files import atomic_path
with atomic_path(sys.argv[1]) as temporary:
    temporary.write_bytes(b"half")
    print(temporary, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def writer(tmp_path):
    """A process in the middle of writing ``last.ckpt``, and its temporary file."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "last.ckpt")],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def test_a_killed_writer_leaves_a_file_that_the_next_run_removes(writer, tmp_path):
    process, left = writer
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert left.exists() and not (tmp_path / "last.ckpt").exists()
    command = (
        "import sys; from samplings.atomic_files import write_json;"
        "write_json(sys.argv[1] + '/metrics.json', 1)"
    )
    subprocess.run([sys.executable, "-c", command, str(tmp_path)], check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]


def test_the_file_of_a_living_writer_stays(writer, tmp_path):
    _, left = writer
    os.utime(left, (0, 0))  # however old
    assert remove_abandoned(tmp_path) == []
    assert left.read_bytes() == b"half"


def test_a_killed_writer_that_nobody_waited_for_has_ended(writer, tmp_path):
    process, left = writer
    process.send_signal(signal.SIGKILL)
    # It is a zombie until its parent, this process, waits for it.
    while not Path(f"/proc/{process.pid}/stat").read_text().split(")")[1][1] == "Z":
        time.sleep(0.01)
    assert remove_abandoned(tmp_path) == [left]


def test_a_process_of_the_same_number_is_told_apart_by_its_start(writer, tmp_path):
    _, left = writer
    machine, pid, start = re.search(
        r"-(\w{12})-(\d+)-(\d+)-\w{8}\.", left.name
    ).groups()
    earlier = left.with_name(f".last-{machine}-{pid}-{int(start) - 1}-abcdefgh.ckpt")
    earlier.touch()
    assert remove_abandoned(tmp_path) == [earlier]


def test_files_of_other_machines_stay_for_a_day(tmp_path):
    young, old = (tmp_path / f".last-0123456789ab-1-2-{x * 8}.ckpt" for x in "yo")
    for path, hours in ((young, 23), (old, 25)):
        path.touch()
        changed = time.time() - 3600 * hours
        os.utime(path, (changed, changed))
    assert remove_abandoned(tmp_path) == [old]


def test_files_that_are_not_ours_stay(tmp_path):
    names = [
        *("last.ckpt", ".hidden-file.ckpt", ".last-abcdefgh.ckpt", "-1-2-abcdefgh.txt"),
        "last-0123456789ab-1-2-abcdefgh.ckpt",
    ]
    for name in names:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    assert remove_abandoned(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == len(names)


def test_names_without_an_end_or_of_any_length_are_written(tmp_path):
    for name in ("predictions", "x" * 251 + ".txt", "水" * 80 + ".json"):
        with atomic_path(tmp_path / name) as temporary:
            assert atomic_files._TEMPORARY.fullmatch(temporary.name)
            assert temporary.suffix == (tmp_path / name).suffix
            temporary.touch()
        assert (tmp_path / name).exists()
    assert len(list(tmp_path.iterdir())) == 3


def test_a_file_that_may_not_be_removed_does_not_stop_the_run(tmp_path, monkeypatch):
    left = tmp_path / ".last-0123456789ab-1-2-abcdefgh.ckpt"
    left.touch()
    os.utime(left, (0, 0))

    def refuse(path, missing_ok=False):
        raise PermissionError(13, "denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        assert remove_abandoned(tmp_path) == []
    assert remove_abandoned(tmp_path) == [left]


def test_a_folder_in_the_place_of_a_file_is_told_before_anything_is_written(tmp_path):
    (tmp_path / "map.png").mkdir()
    with (
        pytest.raises(IsADirectoryError, match=r"map\.png is a folder, not a file"),
        atomic_path(tmp_path / "map.png"),
    ):
        pytest.fail("nothing is to be written")
    assert [path.name for path in tmp_path.iterdir()] == ["map.png"]


def test_folders_replace_others_whole_or_not_at_all(tmp_path):
    target = tmp_path / "store.zarr"
    for content in ("old", "new"):
        with atomic_folder(target) as temporary:
            (temporary / content).write_text(content)
        assert [p.name for p in target.iterdir()] == [content]
    with pytest.raises(KeyboardInterrupt), atomic_folder(target) as temporary:
        (temporary / "half").write_text("")
        raise KeyboardInterrupt
    assert [p.name for p in target.iterdir()] == ["new"]
    assert [p.name for p in tmp_path.iterdir()] == ["store.zarr"]
    # A folder of a process that has ended is removed.
    name = temporary.name.replace(f"-{os.getpid()}-", "-999999999-")
    (tmp_path / name).mkdir()
    (tmp_path / name / "part").write_text("")
    assert [p.name for p in remove_abandoned(tmp_path)] == [name]
    assert [p.name for p in tmp_path.iterdir()] == ["store.zarr"]
