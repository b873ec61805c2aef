"""How far a command is, on standard error."""

import soundfile
from tqdm import tqdm


class Progress(tqdm):
    """Counts files, and seconds of audio once a pass, on a terminal only."""

    def __init__(self, clips, passes=1, hidden=False):
        super().__init__(
            desc="Listening",
            unit="s",
            leave=False,
            disable=True if hidden else None,  # None: unless on a terminal
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {postfix} "
            "[{elapsed}, {remaining} left]",
        )
        self.passes = passes
        self.files = self.done = 0
        self.lengths = {}
        if not self.disable:  # only who sees it waits for it
            self.lengths = {clip: _seconds(clip) for clip in clips}
            self.total = passes * sum(self.lengths.values())
        self.count = len(clips)
        self.finish()

    def advance(self, seconds):
        """So many seconds more were read."""
        self.update(seconds)

    def finish(self, clip=None):
        """Count a recording that is finished, or that nothing comes of."""
        if clip is not None:
            self.files += 1
        self.set_postfix_str(f"{self.files:,} of {self.count:,} files")


def _seconds(clip):
    """Length of a recording by its header; none where it cannot be read."""
    try:
        header = soundfile.info(clip.path)
    except (OSError, soundfile.LibsndfileError):
        return 0.0
    return header.frames / header.samplerate
