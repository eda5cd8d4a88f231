"""The comparison of two sides on the same splits."""
import math

from scipy import stats


def compare(ours, theirs, train_rows, test_rows):
    """The mean difference and how likely one so low is by chance.

    A one-sided corrected resampled t-test (Nadeau and Bengio, 2003): the splits share rows, so the variance of their differences is
    too small by itself. `p` is 1 where nothing differs.
    """
    differences = [a - b for a, b in zip(ours, theirs, strict=True)]
    count = len(differences)
    mean = math.fsum(differences) / count
    variance = math.fsum((d - mean) ** 2 for d in differences) / (count - 1)
    if variance == 0:
        p = 0.0 if mean < 0 else 1.0
    else:
        p = float(stats.t.cdf(mean / math.sqrt((1 / count + test_rows / train_rows) * variance), count - 1))
    return {"ours": math.fsum(ours) / count, "theirs": math.fsum(theirs) / count, "difference": mean, "p": p}
