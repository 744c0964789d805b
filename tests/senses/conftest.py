"""A check that fails shows its values, as a test does."""

import pytest

pytest.register_assert_rewrite("tests.senses.checks")
