"""Result: what a run made, with the record that repeats it."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from reverie.errors import InvalidSetting, OutputFailed, RecordRefused
from reverie.figures.contact_sheet import Layout, sheet
from reverie.figures.naming import file_names, listed_files, pictures_beside, sheet_folder
from reverie.figures.trace_file import Trace
from reverie.files import replacing, save, together, write_whole
from reverie.image import to_pil, to_uint8
from reverie.paths import check_output, path_named
from reverie.record import Record


@dataclass(frozen=True, eq=False)
class Finding:
    """What was measured of a finished picture.

    Attributes:
        note: one line for under the picture.
        values: plain numbers and texts, for the record.
        beside: pictures [C,H,W] of the same size with their captions, which a sheet shows before this one.
    """

    note: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    beside: tuple[tuple[str, Tensor], ...] = ()


@dataclass(frozen=True, eq=False)
class Result:
    """Pictures and their records; shows itself in a notebook.

    Attributes:
        images: [N,C,H,W] in [0,1], on the CPU.
        records: one for each picture.
        labels: what stands under each picture of a sheet.
        traces: one for each picture, where the run was traced.
        findings: what was measured of each, where the recipe measures.
        arrays: for an attribution, what each picture was drawn from: signed, [C,H,W] or [H,W].
        alpha: whether the last channel is the opacity.
        lead: pictures [C,H,W] of the same size with their captions, with which a sheet of several begins.
        layout: how they stand on a sheet.
        whole: the record that repeats all of them together, where one does.
        names: of their files, where they are others than the labels.
        about: what they were made with, for the line that says where they were written.
        notes: what else there is to say of them, in lines.
    """

    images: Tensor
    records: tuple[Record, ...] = ()
    labels: tuple[str, ...] = ()
    traces: tuple[Trace, ...] = ()
    findings: tuple[Finding, ...] = ()
    arrays: tuple[Tensor, ...] = ()
    alpha: bool = False
    lead: tuple[tuple[str, Tensor], ...] = ()
    layout: Layout = field(default_factory=Layout)
    whole: Record | None = None
    names: tuple[str, ...] = ()
    about: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def joined(cls, results: Sequence["Result"]) -> "Result":
        """The pictures of several results, all of one size, with their number before their labels."""
        labels = [f"{number + 1}: {label}" for number, each in enumerate(results) for label in each.labels]

        def chained(name: str) -> tuple[Any, ...]:
            return tuple(item for each in results for item in getattr(each, name))

        return cls(
            torch.cat([each.images for each in results]),
            chained("records"),
            tuple(labels),
            chained("traces"),
            chained("findings"),
            chained("arrays"),
            results[0].alpha,
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> "Result":
        """One picture of several."""
        row = range(len(self))[index]
        one = slice(row, row + 1)
        parts = self.records[one], self.labels[one], self.traces[one], self.findings[one], self.arrays[one]
        return Result(self.images[one], *parts, self.alpha)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """uint8 [H,W,C] for one picture, [N,H,W,C] for several."""
        del copy
        arrays = [to_uint8(image) for image in self.images]
        out = arrays[0] if len(arrays) == 1 else np.stack(arrays)
        return out if dtype is None else out.astype(dtype)

    @property
    def raw(self) -> Tensor:
        """An attribution's numbers before they were drawn: signed, [N,C,H,W] of gradients, [N,H,W] of maps.

        Raises:
            InvalidSetting: none, or those of gradients and maps together; `result[0].raw` is one's own.
        """
        if not self.arrays:
            raise InvalidSetting("these pictures were not drawn from arrays; `images` holds all there is")
        if len({array.shape for array in self.arrays}) > 1:
            raise InvalidSetting("gradients and maps do not stack; take them one by one, as in result[0].raw")
        return torch.stack(self.arrays)

    @property
    def record(self) -> Record:
        """The first picture's record."""
        return self.records[0]

    @property
    def silent(self) -> tuple[str, ...]:
        """Labels of the pictures that show nothing, since their unit never fired."""
        return tuple(label for label, mute in zip(self._captions, self._mute, strict=True) if mute)

    @property
    def _mute(self) -> tuple[bool, ...]:
        if not self.records:
            return (False,) * len(self)
        return tuple(record.index in record.automatic.get("silent", ()) for record in self.records)

    @property
    def opaque(self) -> Tensor:
        """The pictures without an opacity, transparent parts before white."""
        if not self.alpha:
            return self.images
        return torch.lerp(torch.ones(()), self.images[:, :-1], self.images[:, -1:])

    @property
    def pictures(self) -> list[Image.Image]:
        """All pictures as Pillow's."""
        return [to_pil(image, alpha=self.alpha) for image in self.images]

    @property
    def picture(self) -> Image.Image:
        """The picture, or the captioned sheet of several and of what is shown beside them, as Pillow's."""
        cells = self._cells
        if len(cells) == 1:
            return cells[0][1]
        groups = {1 + len(finding.beside) for finding in self.findings} if not self.lead else {1}
        together = groups.pop() if len(groups) == 1 else 1
        pictures, captions = [cell[1] for cell in cells], [cell[0] for cell in cells]
        return sheet(pictures, captions, replace(self.layout, together=together))

    @property
    def _cells(self) -> list[tuple[str, Image.Image]]:
        """Captions and pictures of the sheet."""
        findings = self.findings or (Finding(),) * len(self)
        cells = [(text, to_pil(image)) for text, image in self.lead if len(self) > 1]
        for picture, caption, finding in zip(self.pictures, self._told, findings, strict=True):
            cells += [(text, to_pil(image)) for text, image in finding.beside]
            cells.append((f"{caption}\n{finding.note}" if finding.note else caption, picture))
        return cells

    @property
    def _captions(self) -> tuple[str, ...]:
        return self.labels or tuple(str(number) for number in range(len(self)))

    @property
    def _told(self) -> tuple[str, ...]:
        """The captions, with a word where nothing is to be seen."""
        return tuple(
            f"{label}\nnever fired" if mute else label for label, mute in zip(self._captions, self._mute, strict=True)
        )

    def told(self, written: Sequence[Path]) -> list[str]:
        """What there is to say of the pictures, in lines, first where they were written to."""
        notes = [line for note in self.notes for line in note.splitlines()]
        return [f"wrote {listed_files(written)}{self.about and f': {self.about}'}", *notes]

    def __repr__(self) -> str:
        """Short: what pictures they are, and of what."""
        height, width = self.images.shape[-2:]
        what = "a picture" if len(self) == 1 else f"{len(self)} pictures"
        shown = ", ".join(self.labels[:3]) + (f" and {len(self.labels) - 3} more" if len(self.labels) > 3 else "")
        return f"<Result: {what} of {width}x{height}{shown and f', {shown}'}>"

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.picture.save(buffer, "PNG")
        return buffer.getvalue()

    def save(self, path: str | Path, *, singles: bool = False, raw: bool = False) -> list[Path]:
        """Writes the picture with its record; of several the captioned sheet, whose record repeats all of them.

        What is shown beside a single picture goes with it into a second file, `NAME-sheet`. Several are also written
        one by one into the folder of the sheet's name where that is wished for, where a trace or array lies beside
        each, and where no one record repeats them all. Without records (a picture on its way) nothing but the picture
        or the sheet is written. A trace goes beside its picture as `<name>.npz`.

        Args:
            singles: write each of several pictures too.
            raw: write the arrays that the pictures were drawn from too, each beside its picture as `.npy`.

        Returns:
            What was written, the picture or sheet first.

        Raises:
            OutputFailed: an ending that is not known, or a folder that cannot be written; nothing half is left.
        """
        path = check_output(path_named(path))
        if not len(self):
            raise OutputFailed(f"nothing to write to {path}: no picture was finished")
        if not self.records:
            return save(self.picture, path)
        if len(self) == 1:
            sheets = [path.with_stem(f"{path.stem}-sheet")] if len(self._cells) > 1 else []
            with together([path, *sheets, *pictures_beside(path)]):
                written = self._written(0, path, raw)
                for place in sheets:
                    save(self.picture, place)
            return [path, *sheets, *written[1:]]
        text = self._whole_text
        if text is not None and not (singles or raw or self.traces):
            return save(self.picture, path, text)
        folder = sheet_folder(path)
        places = [folder / f"{name}{path.suffix}" for name in file_names(self.names or self._captions)]
        made = [self._written(index, place, raw) for index, place in enumerate(places)]
        first, *beside = save(self.picture, path, text)
        return [first, *places, *beside, *(file for each in made for file in each[1:])]

    @property
    def _whole_text(self) -> str | None:
        """The record of all, unless there is none, or so many pictures that a file does not carry it."""
        try:
            return None if self.whole is None else str(self.whole)
        except RecordRefused:
            return None

    def _written(self, index: int, place: Path, raw: bool) -> list[Path]:
        """Writes a picture with its trace, and its array by choice, all or none; the files, the picture first."""
        traces = [place.with_suffix(".npz")] if self.traces else []
        arrays = [place.with_suffix(".npy")] if raw and self.arrays else []
        with together([place, *pictures_beside(place)]):
            for trace in traces:
                write_whole(trace, bytes(self.traces[index]))
            written = save(to_pil(self.images[index], alpha=self.alpha), place, str(self.records[index]))
            for array in arrays:
                with replacing(array) as file:
                    np.save(file, self.arrays[index].numpy())
        return [*written, *traces, *arrays]
