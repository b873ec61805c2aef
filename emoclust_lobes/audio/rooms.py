"""Impulse responses of simulated rooms."""

import functools
import math

import torch

SOUND = 343.0  # meters per second


def room_response(size, talker, microphone, reverberation, rate):
    """Simulate the impulse response [time] of a box-shaped room, in meters.

    The image method (Allen and Berkley, JASA 65, 1979), until 40 of the 60 dB
    of the ``reverberation`` (seconds) are gone. All walls reflect as much as
    that takes, which the formulas of Sabine and Eyring do not tell.
    """
    seconds = reverberation * 40 / 60
    axes = []
    for side, source, ear in zip(size, talker, microphone, strict=True):
        farthest = math.ceil(seconds * SOUND / 2 / side) + 1
        n = torch.arange(-farthest, farthest + 1)
        offsets = [2 * n * side + source - ear, 2 * n * side - source - ear]
        bounces = [2 * n.abs(), (n - 1).abs() + n.abs()]
        axes.append((torch.cat(offsets), torch.cat(bounces)))
    (x, i), (y, j), (z, k) = axes
    distance = (x[:, None, None] ** 2 + y[:, None] ** 2 + z**2).sqrt()
    n_bounces = i[:, None, None] + j[:, None] + k
    near = distance < seconds * SOUND
    distance, n_bounces = distance[near], n_bounces[near]
    arrivals = (distance * rate / SOUND).round().long()
    spherical = 1 / (4 * math.pi * distance)

    def response(reflection):
        pressure = spherical * reflection**n_bounces
        empty = torch.zeros(int(arrivals.max()) + 1)
        return empty.index_add(0, arrivals, pressure)

    least, most = 0.0, 1.0
    for _ in range(12):
        middle = (least + most) / 2
        if decay_time(response(middle), rate) < reverberation:
            least = middle
        else:
            most = middle
    return response(least)


def decay_time(response, rate):
    """Measure the reverberation time of a response, in seconds.

    Four times what the energy that is left takes from -5 to -20 dB (Schroeder,
    "New method of measuring reverberation time", JASA 37, 1965).
    """
    left = response.square().flip(0).cumsum(0).flip(0)
    start, stop = (int((left > left[0] * x).sum()) for x in (0.316, 0.01))
    return 4 * (stop - start) / rate


@functools.lru_cache(maxsize=64)
def random_room(number, reverberation, distance, rate):
    """Draw the room of this number; the same number gives the same room.

    ``reverberation``, in seconds, and ``distance`` of the microphone, in
    meters, are tuples, (least, most).
    """
    generator = torch.Generator().manual_seed(number)

    def between(least, most):
        return (
            least + (most - least) * torch.rand((), generator=generator).item()
        )

    size = [between(4, 8), between(3.5, 6), between(2.5, 3.5)]
    talker = [between(0.5, 0.5 * side) for side in size[:2]] + [1.5]
    # Toward the far corner, where there is room
    angle = between(0.1, math.pi / 2 - 0.1)
    far = between(*distance)
    steps = [far * math.cos(angle), far * math.sin(angle)]
    ear = [min(t + s, side - 0.3) for t, s, side in zip(talker, steps, size)]
    return room_response(
        size, talker, [*ear, 1.2], between(*reverberation), rate
    )
