"""Sample data that a machine can run with, found from what its states read."""

from penstock.asl.samples.config import CASE, Samples, samples
from penstock.asl.samples.walk import Way

__all__ = ["CASE", "Samples", "Way", "samples"]
