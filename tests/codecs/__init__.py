"""Tests of the codecs. The checks of the battery explain their failures, as tests do."""

import pytest

pytest.register_assert_rewrite("tests.codecs.battery")
