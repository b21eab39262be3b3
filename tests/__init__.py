"""The tests. Run them with ``python -m pytest``; ``NNC_HYPOTHESIS=nightly`` looks harder."""
