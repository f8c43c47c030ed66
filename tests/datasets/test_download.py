"""Fetching of published files: whole, checked, or not at all."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from deepsphere_pyg.datasets import download_mnist, download_qm7
from deepsphere_pyg.datasets.digits import spherical_mnist_files
from deepsphere_pyg.datasets.download import download
from deepsphere_pyg.datasets.molecules import qm7_file
from samplings import use_cache

CONTENT = b"published" * 20_000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.bin"
    path.write_bytes(CONTENT)
    return path


@contextmanager
def serving(sent: int) -> Iterator[str]:
    """A server of one file, of which it sends some bytes before it hangs up."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/file.bin":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT[:sent])

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def whole_server() -> Iterator[str]:
    """A server that sends the whole file."""
    with serving(len(CONTENT)) as address:
        yield address


@pytest.fixture
def broken_server() -> Iterator[str]:
    """Address of a file that arrives in part."""
    with serving(1000) as address:
        yield f"{address}/file.bin"


def test_a_file_is_fetched_once(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "new" / "copy.bin"
    checksum = hashlib.sha256(CONTENT).hexdigest()
    assert download(source.as_uri(), target, sha256=checksum) == target
    assert target.read_bytes() == CONTENT
    source.unlink()
    assert download(source.as_uri(), target) == target


def test_what_cannot_be_fetched_leaves_nothing(
    source: Path, tmp_path: Path, broken_server: str
) -> None:
    target = tmp_path / "new" / "copy.bin"
    missing = (tmp_path / "missing").as_uri()
    with pytest.raises(ConnectionError, match=r"cannot be fetched: .* put it at .*new"):
        download(missing, target)
    with pytest.raises(ConnectionError, match=r"cannot be fetched|arrived in part"):
        download(broken_server, target)
    with pytest.raises(ValueError, match=r"SHA-256 is .*, expected .* not kept"):
        download(source.as_uri(), target, sha256="0" * 64)
    assert list(target.parent.iterdir()) == []


def test_a_fetched_file_that_is_another_is_not_kept(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qm7_file, "QM7_URL", source.as_uri())
    monkeypatch.setattr(spherical_mnist_files, "MNIST_URL", source.as_uri())
    with pytest.raises(ValueError, match="cannot be read as a MATLAB file"):
        download_qm7(tmp_path / "qm7")
    with pytest.raises(ValueError, match="differs from the published file"):
        download_mnist(tmp_path / "mnist")
    assert not (tmp_path / "qm7" / "qm7.mat").exists()
    assert not (tmp_path / "mnist" / "mnist.npz").exists()


def test_qm7_is_fetched_and_read(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qm7_file, "QM7_URL", (shared_data / "qm7.mat").as_uri())
    path = download_qm7(tmp_path)
    assert path.read_bytes() == (shared_data / "qm7.mat").read_bytes()


def test_without_a_path_files_are_kept_in_the_cache(
    source: Path, tmp_path: Path
) -> None:
    checksum = hashlib.sha256(CONTENT).hexdigest()
    with pytest.raises(ValueError, match=r"there is no cache to keep .*; pass a path"):
        download(source.as_uri(), sha256=checksum)
    with use_cache(tmp_path / "cache"):
        path = download(source.as_uri(), sha256=checksum)
        assert path == tmp_path / "cache/downloads" / f"{checksum[:8]}-source.bin"
        source.unlink()
        assert download(source.as_uri(), sha256=checksum).read_bytes() == CONTENT


def test_files_of_a_server_arrive_whole(tmp_path: Path, whole_server: str) -> None:
    checksum = hashlib.sha256(CONTENT).hexdigest()
    path = download(f"{whole_server}/file.bin", tmp_path / "f.bin", sha256=checksum)
    assert path.read_bytes() == CONTENT
    with pytest.raises(
        ConnectionError, match=r"404 .*; check the connection, or fetch"
    ):
        download(f"{whole_server}/missing.bin", tmp_path / "m.bin")
    assert [one.name for one in tmp_path.iterdir()] == ["f.bin"]
