import io
import zipfile

import numpy as np
import pytest

from reverie.arrays import stored_array, stored_arrays


def bytes_of(array, **options) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "array",
    [np.arange(6.0).reshape(2, 3), np.float32(3), np.asfortranarray(np.arange(24, dtype=">i2").reshape(2, 3, 4)),
     np.zeros((0, 4), np.float16)],
)  # fmt: skip
def test_what_numpy_writes_is_read(tmp_path, array):
    (tmp_path / "a.npy").write_bytes(bytes_of(array))
    found = stored_array(tmp_path / "a.npy")
    assert np.array_equal(found, array)
    assert found.dtype == array.dtype
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{"features/a": array, "b": array})
    assert {name: item.shape for name, item in stored_arrays(buffer.getvalue()).items()} == {
        "features/a": array.shape, "b": array.shape
    }  # fmt: skip


GOOD = bytes_of(np.arange(600.0))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\x93NUMPY", GOOD[:200], GOOD + b"x", GOOD.replace(b"(600,)", b"(6000,)"),
        GOOD.replace(b"'<f8'", b"'|O8'"),
        GOOD.replace(b"{'descr'", b"{('descr'"), GOOD.replace(b"(600,)", b"(((((("), GOOD.replace(b"False", b"Fals\0"),
        GOOD.replace(b"(600,)", b"(-60,)"), GOOD.replace(b"\x01\x00", b"\x09\x00", 1), bytes_of(np.array([{}])),
    ],
)  # fmt: skip
def test_damage_is_a_value_error(tmp_path, content):
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        stored_array(tmp_path / "a.npy")


def test_no_file_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        stored_array(tmp_path / "no.npy")


def test_a_damaged_archive_is_a_value_error():
    buffer = io.BytesIO()
    np.savez_compressed(buffer, a=np.random.default_rng(0).random(500))
    content = buffer.getvalue()
    for place in range(0, len(content), 41):
        broken = bytearray(content)
        broken[place] ^= 0xFF
        try:
            found = stored_arrays(bytes(broken))
        except ValueError:
            continue
        assert all(isinstance(item, np.ndarray) for item in found.values())


def test_a_bomb_is_refused(monkeypatch):
    monkeypatch.setattr("reverie.arrays.LARGEST", 1000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.npy", bytes_of(np.zeros(10000)))
    with pytest.raises(ValueError, match="unpacks to too much"):
        stored_arrays(buffer.getvalue())
