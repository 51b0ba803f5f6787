"""Each kind of provider has its source."""

import pytest

from downloads_app.errors import InvalidInput
from downloads_app.sources import Access
from downloads_app.sources.http_folder.source import HttpSource
from downloads_app.sources.hub.source import HuggingFaceSource
from downloads_app.sources.registry import KINDS, load, open_source


def test_each_kind_opens_its_source() -> None:
    access = Access("https://provider.example")
    assert isinstance(open_source("http", access), HttpSource)
    assert isinstance(open_source("huggingface", access), HuggingFaceSource)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_loads_and_opens(kind: str) -> None:
    load(kind)
    source = open_source(kind, Access("https://provider.example"))
    assert callable(source.list_files)
    assert callable(source.check)


def test_an_unknown_kind_is_invalid_input() -> None:
    with pytest.raises(InvalidInput, match="no kind of provider 'ftp'; there are "):
        open_source("ftp", Access("https://provider.example"))
