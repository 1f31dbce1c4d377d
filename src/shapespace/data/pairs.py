"""The inner loop of the search for near duplicates; apart, because numba takes a second to load."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def candidates(cells: np.ndarray, totals: np.ndarray, row: int) -> np.ndarray:
    """Return the rows after `row`, ascending int64, that may have IoU >= 0.95 with it by their counts.

    Args:
        cells: (n, cells) int32, filled voxels a cell.
        totals: (n,) int64, filled voxels a shape, ascending.
        row: The row to compare.
    """
    found = np.empty(16, np.int64)
    count = 0
    for other in range(row + 1, len(totals)):
        together = totals[row] + totals[other]
        if together < 39 * (totals[other] - totals[row]):
            break
        differ = np.int64(0)
        for cell in range(cells.shape[1]):
            differ += abs(cells[row, cell] - cells[other, cell])
            if 39 * differ > together:
                break
        if 39 * differ <= together:
            if count == len(found):
                found = np.concatenate((found, np.empty(count, np.int64)))
            found[count] = other
            count += 1
    return found[:count].copy()
