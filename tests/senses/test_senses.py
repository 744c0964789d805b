"""Every sense passes the list of checks."""

import pytest

from tests.senses.checks import CHECKS, Bench, refused_by_the_command, refused_in_words
from tests.senses.larger_ear import LARGER_EAR
from tests.senses.speech import SPEECH
from tests.senses.text import TEXT

SENSES = (SPEECH, LARGER_EAR, TEXT)


@pytest.fixture
def bench(tmp_path, emotify):
    return Bench(tmp_path, emotify)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("sense", SENSES, ids=lambda sense: sense.name)
def test_a_sense_passes(sense, check, bench):
    check(sense, bench)


def bad_inputs(*, on_command_line):
    return [
        pytest.param(sense, bad, id=f"{sense.name}-{number}-{bad.kind}")
        for sense in SENSES
        for number, bad in enumerate(sense.bad)
        if bad.on_command_line or not on_command_line
    ]


@pytest.mark.parametrize(("sense", "bad"), bad_inputs(on_command_line=False))
def test_a_sense_refuses(sense, bad, bench):
    refused_in_words(sense, bad, bench)


@pytest.mark.parametrize(("sense", "bad"), bad_inputs(on_command_line=True))
def test_the_command_refuses(sense, bad, bench):
    refused_by_the_command(sense, bad, bench)
