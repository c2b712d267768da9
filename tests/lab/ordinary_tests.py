"""Passing tests whose names are full of failures."""
import pytest
@pytest.mark.parametrize("what", ["connection refused", "timeout", "no space left", "permission denied", "KeyError", "out of memory", "deadlock", "segfault", "404", "500"])
@pytest.mark.parametrize("times", range(20))
def test_error_is_handled_when(what, times):
    with pytest.raises(RuntimeError):
        raise RuntimeError(what)
