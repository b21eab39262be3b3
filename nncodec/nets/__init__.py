"""Torch modules. Imported inside functions of the floors above, never when the package starts."""
