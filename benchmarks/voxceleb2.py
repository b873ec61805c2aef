"""From what was measured to VoxCeleb2, by arithmetic and stated assumptions."""

import torch
from emoclust_lobes.protocol.markdown import table
from torch.utils.flop_counter import FlopCounterMode

from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN

# The development set, as its authors count it
SPEAKERS, UTTERANCES, HOURS = 5_994, 1_092_009, 2_400
EPOCHS, BATCH, CROP = 10, 64, 2.0  # stage 1, each utterance once an epoch
# Assumed of a GPU. An A100's data sheet has 19.5 TFLOP/s in float32, 156 in TF32
GPU_FLOPS = 10e12
FRAMES = 100  # a second
DIM, N_MELS = 192, 80
NEEDED = ("extraction", "clustering", "sampler", "stage1_step", "crops")


def voxceleb2(measured):
    """Write the table of how long each step takes, here and on GPUs."""
    missing = [part for part in NEEDED if part not in set(measured["part"])]
    if missing:
        return f"To be measured first: {', '.join(missing)}."
    seconds = HOURS * 3600
    steps = EPOCHS * UTTERANCES // BATCH
    speech, embedding, _ = _largest(measured, "extraction")
    n_speakers, clustering, cores = _largest(measured, "clustering")
    n_planned, planning, _ = _largest(measured, "sampler")
    n_steps, training, _ = _largest(measured, "stage1_step")
    n_crops, reading, _ = _largest(measured, "crops")
    pretraining = 3 * _flops(256) * CROP * BATCH * steps  # backward is twice
    on_gpu = pretraining / GPU_FLOPS / steps
    loaders = reading / n_crops * BATCH / on_gpu
    lines = [
        _line(
            "embeddings, ECAPA-TDNN 1024",
            f"{HOURS:,} h of speech",
            embedding / speech * seconds,
            _flops(1024) * seconds,
        ),
        _line(
            "k-means, 10 starts, k = 8",
            f"{SPEAKERS:,} speakers",
            clustering / n_speakers * SPEAKERS,
        ),
        _line(
            "plan of an epoch",
            f"{UTTERANCES:,} utterances",
            planning / n_planned * UTTERANCES,
        ),
        _line(
            f"stage 1, ECAPA-TDNN 256, {EPOCHS} epochs",
            f"{steps:,} steps of {BATCH} crops of {CROP:.0f} s",
            training / n_steps * steps,
            pretraining,
        ),
    ]
    return table(
        lines,
        "Here: the largest measurement above, times what VoxCeleb2 is larger; "
        f"k-means on {cores} cores, the rest on one. GPUs: {GPU_FLOPS / 1e12:.0f} TFLOP/s each in these networks, "
        "which is assumed, not measured; their FLOP are counted, backward as "
        "twice forward. The processor's steps do not become faster with GPUs. "
        f"A GPU then takes a step of stage 1 in {on_gpu * 1000:.0f} ms, and "
        f"reading its crops keeps {loaders:.1f} cores like this one busy, with "
        "files as short as above: give it that many `--num_workers`.",
    )


def _largest(measured, part):
    """Our largest task of a part: size, seconds, threads (the fewest)."""
    rows = measured[measured["part"] == part]
    rows = rows[rows["side"] == rows["side"].iloc[0]]
    rows = rows[rows["threads"] == rows["threads"].min()]
    row = rows.loc[rows["size"].idxmax()]
    return row["size"], row["seconds"], row["threads"]


def _flops(channels):
    """FLOP of ECAPA-TDNN for a second of speech, forward."""
    wide = [channels] * 4 + [3 * channels]
    model = ECAPA_TDNN(N_MELS, channels=wide, lin_neurons=DIM).eval()
    frames = torch.zeros(1, FRAMES, N_MELS)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(frames)
    return counter.get_total_flops()


def _line(step, work, core, flops=None):
    """A row; without ``flops`` no GPU helps."""
    return {
        "step": step,
        "work": work,
        "here": _duration(core),
        **{
            f"{n} GPU{'s' * (n > 1)}": _duration(
                core if flops is None else flops / GPU_FLOPS / n
            )
            for n in (1, 8)
        },
    }


def _duration(seconds):
    """So long, in the unit that suits."""
    for unit, length in {"days": 86400, "h": 3600, "min": 60}.items():
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.2g} s"
