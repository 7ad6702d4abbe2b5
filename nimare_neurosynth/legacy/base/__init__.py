"""Data: :mod:`dataset`, :mod:`mask`, :mod:`imageutils`, :mod:`transformations`, ..."""

__all__ = ["dataset", "imageutils", "lexparser", "mask", "transformations"]
