"""The sound of any media file, in blocks, through FFmpeg (PyAV brings it along).

What phones, browsers and cameras record, and libsndfile does not read: m4a, webm, 3gp, amr, wma,
videos. A file flows in, blocks of samples flow out; memory does not grow with its length. Only
containers that hold their own sound are opened: a playlist or a script, which would have FFmpeg
open other files and addresses, is none.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream, Packet
    from av.container import InputContainer

# FFmpeg's names of what people have. Not all but the dangerous ones: FFmpeg also knows formats
# that any text or noise is taken for, and formats that name other files.
FORMATS = (
    *("mov", "matroska", "aac", "amr", "asf", "avi", "flv", "mp3", "mpegts", "mpeg", "ogg"),
    *("wav", "caf", "aiff", "flac", "dss", "ac3", "eac3", "ape", "mpc", "mpc8", "tta", "wv"),
)
OPTIONS = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "none"}
COUNTED = frozenset({"mov", "ape", "caf", "tta", "wv"})  # a track's header counts its samples
# FFmpeg's own decoders of AMR do not know the noise that stands for a pause.
DECODERS = {"amrnb": "libopencore_amrnb", "amrwb": "libopencore_amrwb"}
SAMPLE_RATES_HZ = (1_000, 768_000)  # accepted; a wrong header may say anything
COMPLETE = 0.95  # of the sound promised; with less a file is cut off or damaged,
LEAST_MISSING_SECONDS = 0.1  # if that is more than a decoder keeps to itself
# Timestamps are rounded, to milliseconds mostly; a step of more than half a packet is a gap.
LEAST_GAP_SECONDS = 0.01


class MediaError(Exception):
    """Why a file gives no sound: words to go behind its name, and what to do."""


class UnknownFormatError(MediaError):
    """The file is of no kind that is opened."""


class MediaSound:
    """The sound of a media file, which can be read from its beginning any number of times.

    Parameters
    ----------
    path
        An existing file. Of several tracks of sound it is the one that a player would play.

    Attributes
    ----------
    reader
        What reads it.
    sample_rate_hz
        Rate of the decoded sound.
    duration_seconds
        By the timestamps of all packets, which need not be decoded for it, unless they lack them:
        many a header does not know, or guesses. Where the recorder paused nothing is counted, as
        nothing is put in.

    Raises
    ------
    UnknownFormatError
        If the file is of no kind that is opened.
    MediaError
        If it holds no sound, none that can be decoded, or is cut off; or if PyAV is missing.
    OSError
        If it cannot be opened.
    """

    reader = "FFmpeg"

    def __init__(self, path: Path) -> None:
        self.path = path
        with _opened(path) as (container, track):
            self.sample_rate_hz, seconds, self._n_packets = _measured(container, track)
        self.duration_seconds = seconds
        if not seconds:
            n_samples = sum(map(len, self.blocks(self.sample_rate_hz)))
            self.duration_seconds = n_samples / self.sample_rate_hz

    def blocks(
        self, n_samples: int, *, start_seconds: float = 0.0
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the sound in blocks of `n_samples`, or less where it changes or ends.

        A packet that cannot be decoded is left out.

        Parameters
        ----------
        n_samples
            Of each channel, in a block.
        start_seconds
            Where to begin, about; in a file that cannot be searched, that is the beginning.

        Yields
        ------
        ndarray
            Shape (n, n_channels), at `sample_rate_hz`, in -1..1.

        Raises
        ------
        MediaError
            If less than `COMPLETE` of the packets can be decoded, of those from the beginning.
        """
        import av

        with _opened(self.path) as (container, track):
            if start_seconds:
                with suppress(av.FFmpegError):
                    container.seek(int(start_seconds * av.time_base))
            decoder = _Decoder(track)
            frames = _frames(container, track, decoder)
            yield from _at_one_rate(frames, self.sample_rate_hz, n_samples)
        if start_seconds:
            return
        seconds = self.duration_seconds
        lost_seconds = seconds * (1 - decoder.n_decoded / self._n_packets)
        if _too_much(lost_seconds, seconds):
            raise MediaError(
                f"the file is damaged: {lost_seconds:.2f} s of its {seconds:.2f} s cannot be "
                "decoded; copy or export the recording again"
            )


def tags_of(path: Path) -> dict[str, str]:
    """Return what a media file says about itself, by FFmpeg's names in lower case.

    Raises
    ------
    MediaError
        As for `MediaSound`.
    """
    with _opened(path) as (container, track):
        told = {**track.metadata, **container.metadata}
    return {str(name).casefold(): str(value) for name, value in told.items()}


def broken_off(seconds: float) -> str:
    """Say that no more of a file can be read than so many seconds."""
    return (
        f"the file is cut off or damaged after {seconds:.2f} s; copy or export the recording again"
    )


def _too_much(missing_seconds: float, of_seconds: float) -> bool:
    return missing_seconds > max((1 - COMPLETE) * of_seconds, LEAST_MISSING_SECONDS)


@contextmanager
def _opened(path: Path) -> "Iterator[tuple[InputContainer, AudioStream]]":
    """Open a file and find its track of sound."""
    try:
        import av
    except ImportError as error:
        raise MediaError(
            "needs PyAV to be read, which is missing; install it with: pip install av"
        ) from error

    with _SteadyFile(path) as file:
        file.name = ""  # FFmpeg would believe its suffix
        try:
            container = av.open(file, "r", container_options=OPTIONS, metadata_errors="replace")
        except av.FFmpegError as error:
            file.seek(0)
            raise _refusal(file.read(8)) from error
        with container:
            yield container, _track(container)


def _refusal(head: bytes) -> MediaError:
    """Return what to say of a file that cannot be opened, by its first bytes."""
    if head[4:] == b"ftyp":
        kind = "MP4 (M4A, 3GP, MOV)"
    elif head[:4] == b"\x1a\x45\xdf\xa3":
        kind = "Matroska (WebM)"
    else:
        return UnknownFormatError("is no media file that is opened")
    return MediaError(
        f"the file is cut off or damaged: it begins as {kind} and does not go on like that; "
        "copy or export the recording again"
    )


class _SteadyFile(io.FileIO):
    """A file that ends where it cannot be read: what it raises PyAV keeps for a later call."""

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            return super().read(size) or b""
        except OSError:
            return b""

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        try:
            return super().seek(offset, whence)
        except OSError:
            return -1


def _track(container: "InputContainer") -> "AudioStream":
    tracks = container.streams.audio
    if not tracks:
        raise MediaError("holds no sound; give a recording, or a video with sound")
    known = [track for track in tracks if track.codec_context is not None]
    if not known:
        raise MediaError("its sound is of a kind that cannot be decoded; export it as WAV or M4A")
    best = container.streams.best("audio")
    return next((track for track in known if track is best), known[0])


def _leave_out_others(container: "InputContainer", track: "AudioStream") -> None:
    """Have of a video only the sound read."""
    from av.stream import Discard

    for stream in container.streams:
        stream.discard = Discard.default if stream is track else Discard.all


def _packets(container: "InputContainer") -> "Iterator[Packet]":
    """Yield the packets up to the end, or to where nothing more can be made out."""
    import av

    try:
        for packet in container.demux():
            if packet.size:  # the others only say that a track ends
                yield packet
    except (av.FFmpegError, IndexError):
        return


class _Decoder:
    """Decodes a track, packet by packet, and counts those that it can."""

    def __init__(self, track: "AudioStream") -> None:
        import av

        self.n_decoded = 0
        self._track: AudioStream | None = track  # until its first packet
        self._n_left_out = 0
        self._context = track.codec_context
        better = DECODERS.get(self._context.name)
        if better is not None and better in av.codecs_available:
            self._context = cast(av.AudioCodecContext, av.CodecContext.create(better, "r"))
        self._context.thread_count = 1  # several files are read at once, not one by several

    def frames(self, packet: "Packet | None") -> "list[AudioFrame]":
        """Return what a packet adds, or at the end, without one, what was kept back."""
        import av

        if packet is not None and self._track is not None:
            self._n_left_out = int(_is_priming(self._track, packet))
            self._track = None
        try:
            frames = self._context.decode(packet)
        except av.FFmpegError:
            return []
        # Zeros and ones may be taken for an empty frame. A packet that does not say how long it is
        # may be a part of one.
        if packet is not None and (frames or not packet.duration):
            self.n_decoded += 1
        n_left_out = min(self._n_left_out, len(frames))
        self._n_left_out -= n_left_out
        return frames[n_left_out:]


def _is_priming(track: "AudioStream", first: "Packet") -> bool:
    """Whether the first packet of a track holds what an encoder of AAC puts before the sound.

    Some containers say so, and FFmpeg leaves it out. Where none does, in ADTS, streams and what
    Safari writes, it is one frame at least: the first gives but half of what went in, since each
    overlaps with the one before it.
    """
    return track.codec_context.codec.canonical_name == "aac" and not first.has_sidedata(
        "skip_samples"
    )


def _measured(container: "InputContainer", track: "AudioStream") -> tuple[int, float, int]:
    """Return a track's rate in Hz, its seconds, 0 if its packets do not tell, and their number."""
    counted = not COUNTED.isdisjoint(container.format.name.split(","))
    if counted:
        _leave_out_others(container, track)
    tick_seconds = [float(stream.time_base or 0) for stream in container.streams]
    decoder = _Decoder(track)
    clock = _Clock()
    rate_hz = n_packets = 0
    end_seconds = 0.0  # of whatever ends last, pictures or sound
    for packet in _packets(container):
        tick = tick_seconds[packet.stream_index]
        start = None if packet.pts is None else tick * packet.pts
        seconds = tick * (packet.duration or 0)
        end_seconds = max(end_seconds, (start or 0.0) + seconds)
        if packet.stream_index != track.index:
            continue
        if n_packets or not _is_priming(track, packet):
            clock.add(start, seconds)
        n_packets += 1
        if not rate_hz:
            if packet.has_sidedata("encryption_info"):
                raise MediaError("is protected against copying (DRM): it cannot be decoded")
            rate_hz = _rate_of(decoder.frames(packet))
    rate_hz = rate_hz or _rate_of(decoder.frames(None))
    if not rate_hz:
        undecoded = "its sound cannot be decoded: it is damaged, or protected against copying (DRM)"
        raise MediaError(undecoded if n_packets else broken_off(0.0))
    read_seconds, promised_seconds = clock.seconds, clock.seconds
    if counted and track.duration is not None:
        promised_seconds = tick_seconds[track.index] * track.duration
    elif track.duration is None and container.duration is not None:  # otherwise FFmpeg guesses
        read_seconds, promised_seconds = end_seconds, container.duration / 1e6
    if _too_much(promised_seconds - read_seconds, promised_seconds):
        raise MediaError(broken_off(clock.seconds))
    return rate_hz, clock.seconds, n_packets


def _rate_of(frames: "list[AudioFrame]") -> int:
    return frames[0].sample_rate if frames else 0


class _Clock:
    """Adds up the time that packets cover, from 0 on: before it lies what a decoder drops."""

    def __init__(self) -> None:
        self._closed = 0.0  # what lies before the last gap
        self._begin = self._end = 0.0
        self._step = -1.0  # wherever the first packet is, it begins

    def add(self, start: float | None, seconds: float) -> None:
        start = self._end if start is None else start
        if abs(start - self._end) > self._step:
            self._closed = self.seconds
            self._begin = start
        self._end = start + seconds
        self._step = max(seconds / 2, LEAST_GAP_SECONDS)

    @property
    def seconds(self) -> float:
        return self._closed + max(self._end, 0.0) - max(self._begin, 0.0)


def _frames(
    container: "InputContainer", track: "AudioStream", decoder: _Decoder
) -> "Iterator[AudioFrame]":
    _leave_out_others(container, track)
    for packet in _packets(container):
        if packet.stream_index == track.index:
            yield from decoder.frames(packet)
    yield from decoder.frames(None)


def _at_one_rate(
    frames: "Iterator[AudioFrame]", rate_hz: int, n_samples: int
) -> Iterator[NDArray[np.float32]]:
    """Yield blocks of float32, (n_samples, n_channels); a block ends where the sound changes."""
    import av

    runs = groupby(frames, lambda frame: (frame.sample_rate, frame.format.name, frame.layout.name))
    for (from_hz, _, layout), run in runs:
        if not SAMPLE_RATES_HZ[0] <= from_hz <= SAMPLE_RATES_HZ[1]:
            continue
        # Not frame.to_ndarray(): with eight channels or more apart, that reads memory not its own.
        resampler = av.AudioResampler("flt", rate=rate_hz, frame_size=n_samples)
        for frame in chain(run, (None,)):
            try:
                blocks = resampler.resample(frame)
            except (av.FFmpegError, ValueError) as error:
                raise MediaError(f"holds sound that cannot be mixed ({layout})") from error
            for block in blocks:
                samples = block.to_ndarray().astype(np.float32, copy=False)
                yield samples.reshape(-1, block.layout.nb_channels)
