"""The two computations of the layout that are about numbers only."""

from __future__ import annotations


def inversions(values: list[int]) -> int:
    """Pairs in the wrong order, by merging: n log n."""
    if len(values) < 2:
        return 0
    total, step = 0, 1
    values = list(values)
    while step < len(values):
        merged: list[int] = []
        for low in range(0, len(values), 2 * step):
            left, right = values[low : low + step], values[low + step : low + 2 * step]
            i = j = 0
            while i < len(left) and j < len(right):
                if left[i] <= right[j]:
                    merged.append(left[i])
                    i += 1
                else:
                    merged.append(right[j])
                    j += 1
                    total += len(left) - i
            merged += left[i:]
            merged += right[j:]
        values = merged
        step *= 2
    return total


def spread(wanted: list[float], weights: list[float], gaps: list[float]) -> list[float]:
    """The positions nearest to `wanted` (weighted squares) that keep `gaps` between neighbours.

    With the gaps taken off this is isotonic regression, solved exactly by pooling adjacent violators.
    """
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    blocks: list[tuple[float, float, int]] = []  # weighted sum, weight, count
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        total, heavy, count = (want - offset) * weight, weight, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / heavy:
            before = blocks.pop()
            total, heavy, count = total + before[0], heavy + before[1], count + before[2]
        blocks.append((total, heavy, count))
    result: list[float] = []
    for total, heavy, count in blocks:
        result += [total / heavy] * count
    return [position + offset for position, offset in zip(result, offsets, strict=True)]
