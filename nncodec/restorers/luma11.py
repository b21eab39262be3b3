"""The published network of eleven layers, shared by all pictures; luma only, in NumPy whatever the device.

Parameters as those of ``luma``.
"""

from nncodec.nets.luma11 import Luma11
from nncodec.restorers.luma import Shared

RESTORER = Shared(3, "luma11", lambda _, arrays: Luma11(arrays))
