"""What repositories and revisions mean at a registry."""

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources.oci.references import Reference, read_reference

DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("repository", "revision", "name", "asked", "label"),
    [
        ("org/model", None, "org/model", "latest", "model-latest"),
        ("org/model", "v1.5-q4_K_M", "org/model", "v1.5-q4_K_M", "model-v1.5-q4_K_M"),
        ("org/model", f"sha256:{DIGEST}", "org/model", f"sha256:{DIGEST}", "model-0123456789ab"),
        ("org/model", DIGEST, "org/model", f"sha256:{DIGEST}", "model-0123456789ab"),
        ("llama3.2:1b", None, "llama3.2", "1b", "llama3.2-1b"),
        (f"a/b__c/d@sha256:{DIGEST}", None, "a/b__c/d", f"sha256:{DIGEST}", "d-0123456789ab"),
        ("hf.co/Org/Model-GGUF", "Q8_0", "hf.co/Org/Model-GGUF", "Q8_0", "Model-GGUF-Q8_0"),
    ],
)
def test_a_tag_or_a_digest_is_asked_for(
    repository: str, revision: str | None, name: str, asked: str, label: str
) -> None:
    reference = read_reference(repository, revision)
    assert reference == Reference(name, asked)
    assert reference.label == label


@pytest.mark.parametrize(
    ("repository", "revision"),
    [
        ("a/../b", None),
        ("a//b", None),
        ("/a", None),
        ("a?n=1", None),
        ("a b", None),
        ("a\n", None),
        ("", None),
        ("a", "../../manifests/x"),
        ("a", "tag/with/slash"),
        ("a", "tag?x"),
        ("a", "x" * 129),
        ("a", "sha512:" + "0" * 128),
        ("a", "sha256:abc"),
        ("a:1", "2"),
        ("a@latest/x", None),
    ],
)
def test_what_could_be_another_address_is_refused(repository: str, revision: str | None) -> None:
    with pytest.raises(SourceError) as caught:
        read_reference(repository, revision)
    assert caught.value.permanent
    assert caught.value.message.isprintable()
