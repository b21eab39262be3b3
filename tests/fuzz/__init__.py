"""The fuzzer: damaged files through decode and encode.

They may raise our own errors only, within seconds and without much memory, and the same each time.
"""
