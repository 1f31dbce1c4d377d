"""The one writer: at every moment a reader sees the old file or the new one, whole."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys

import pytest

from shapespace.errors import OutputError
from shapespace.files import atomic_dir, atomic_file, sha256, write_bytes, write_text


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole(tmp_path):
    write_bytes(tmp_path / "deep" / "er" / "a.bin", b"abc")
    assert (tmp_path / "deep" / "er" / "a.bin").read_bytes() == b"abc"
    assert names(tmp_path / "deep" / "er") == ["a.bin"]


def test_text_is_utf8(tmp_path):
    write_text(tmp_path / "a.txt", "Stühle\n")
    assert (tmp_path / "a.txt").read_bytes() == "Stühle\n".encode()


def test_an_error_in_the_block_leaves_the_old_file_and_no_litter(tmp_path):
    target = tmp_path / "a.bin"
    write_bytes(target, b"old")
    with pytest.raises(ZeroDivisionError), atomic_file(target) as file:
        file.write(b"half of the n")
        raise ZeroDivisionError
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_nothing_is_seen_at_the_place_before_the_block_ends(tmp_path):
    target = tmp_path / "a.bin"
    with atomic_file(target) as file:
        file.write(b"new")
        file.flush()
        assert not target.exists()
    assert target.read_bytes() == b"new"


def test_the_mode_follows_the_umask_not_mkstemp(tmp_path):
    mask = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a.bin", b"x")
        with atomic_dir(tmp_path / "d") as folder:
            (folder / "b").touch()
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "a.bin").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) == 0o750


def test_the_file_is_synced_before_the_rename_and_its_folder_after(tmp_path, monkeypatch):
    order = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(handle):
        order.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real_sync(handle)

    def replace(source, target):
        order.append("rename")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    write_bytes(tmp_path / "a.bin", b"x")
    assert order == ["file", "rename", "folder"]


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
def test_a_failing_system_call_is_one_line_and_the_old_file_stands(tmp_path, monkeypatch, call):
    target = tmp_path / "a.bin"
    write_bytes(target, b"old")

    def fail(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OutputError, match=r"a\.bin not written: No space left on device \(\d+ MB free on /"):
        write_bytes(target, b"new")
    monkeypatch.undo()
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


WRITE_UNDER_A_LIMIT = """
import resource, signal, sys
from shapespace.errors import OutputError
from shapespace.files import write_bytes
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for limit in range(0, 4096, 64):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        write_bytes(sys.argv[1], b"n" * 4096)
    except OutputError:
        continue
    sys.exit(f"no error at {limit} bytes")
"""


def test_a_disk_that_is_full_at_any_of_64_offsets_keeps_the_old_file(tmp_path):
    target = tmp_path / "a.bin"
    write_bytes(target, b"old")
    done = subprocess.run([sys.executable, "-c", WRITE_UNDER_A_LIMIT, str(target)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


REWRITE_FOR_EVER = """
import sys
from shapespace.files import write_bytes
print("ready", flush=True)
for i in range(10**9):
    write_bytes(sys.argv[1], bytes([i % 256]) * 200_000)
"""


def test_kill_9_at_any_moment_leaves_one_whole_file(tmp_path):
    target = tmp_path / "a.bin"
    write_bytes(target, b"\x07" * 200_000)
    for attempt in range(5):
        writer = subprocess.Popen([sys.executable, "-c", REWRITE_FOR_EVER, str(target)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            writer.wait(timeout=0.02 * (attempt + 1))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        content = target.read_bytes()
        assert len(content) == 200_000
        assert len(set(content)) == 1


def test_a_folder_appears_whole_and_is_never_overwritten(tmp_path):
    with atomic_dir(tmp_path / "run") as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "a").write_bytes(b"1")
        assert not (tmp_path / "run").exists()
    assert (tmp_path / "run" / "inner" / "a").read_bytes() == b"1"
    with pytest.raises(OutputError, match="exists already"), atomic_dir(tmp_path / "run"):
        pytest.fail("the block must not run")
    assert names(tmp_path) == ["run"]


def test_an_error_in_a_folder_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), atomic_dir(tmp_path / "run") as folder:
        (folder / "a").write_bytes(b"1")
        raise ZeroDivisionError
    assert names(tmp_path) == []


def test_an_unwritable_place_is_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="not written"):
        write_bytes(tmp_path / "file" / "a.bin", b"x")


def test_sha256_is_the_standard_one(tmp_path):
    (tmp_path / "a").write_bytes(b"abc" * 100_000)
    assert sha256(tmp_path / "a") == hashlib.sha256(b"abc" * 100_000).hexdigest()
