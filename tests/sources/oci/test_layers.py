"""What the files of a manifest are called."""

import pytest

from downloads_app.sources.oci.layers import name_layers
from downloads_app.sources.oci.manifests import EMPTY_TYPE, Descriptor, Manifest

OLLAMA, DOCKER = "application/vnd.ollama.image.", "application/vnd.docker.ai."
TITLE = "org.opencontainers.image.title"


def layer(media_type: str, number: int = 0, title: str | None = None, **annotations: str) -> Descriptor:
    notes = {name.replace("_", "."): value for name, value in annotations.items()}
    return Descriptor(media_type, f"{number:064x}", 5, notes | ({TITLE: title} if title else {}))


def name(*layers: Descriptor, config: Descriptor | None = None) -> list[str]:
    return [path for path, _ in name_layers(Manifest("0" * 64, layers, config), "m-1b")]


def test_an_ollama_model_is_a_gguf_with_its_template_and_parameters_beside_it() -> None:
    kinds = ["model", "projector", "adapter", "template", "system", "params", "messages", "license", "license"]
    layers = [layer(f"{OLLAMA}{kind}", number) for number, kind in enumerate(kinds)]
    config = layer("application/vnd.docker.container.image.v1+json", 99)
    assert name(*layers, config=config) == [
        "m-1b.gguf",
        "m-1b-projector.gguf",
        "m-1b-adapter.gguf",
        "template",
        "system",
        "params.json",
        "messages.json",
        "license",
        "license-2",
        "config.json",
    ]


def test_a_model_of_docker_is_named_by_its_media_types_and_its_parts_are_numbered() -> None:
    parts = [layer(f"{DOCKER}gguf.v3", number) for number in range(3)]
    assert name(*parts, layer(f"{DOCKER}mmproj", 7), layer(f"{DOCKER}chat.template.jinja", 8)) == [
        "m-1b-00001-of-00003.gguf",
        "m-1b-00002-of-00003.gguf",
        "m-1b-00003-of-00003.gguf",
        "m-1b-mmproj.gguf",
        "template.jinja",
    ]


def test_a_title_or_a_path_of_its_own_counts_before_the_media_type() -> None:
    titled = layer(f"{DOCKER}gguf.v3", 1, "weights/a.gguf")
    modelpack = layer("application/vnd.docker.ai.model.file", 2, org_cncf_model_filepath="text_encoder/model.bin")
    folder = layer("application/vnd.oci.image.layer.v1.tar+gzip", 3, "data/", io_deis_oras_content_unpack="true")
    assert name(titled, modelpack, folder) == ["weights/a.gguf", "text_encoder/model.bin", "data.tar.gz"]


def test_the_configuration_gives_way_to_a_file_of_its_name_and_an_empty_one_is_none() -> None:
    config = layer("application/vnd.oci.image.config.v1+json", 9)
    assert name(layer("text/plain", 1, "config.json"), config=config) == ["config.json", "oci-config.json"]
    assert name(layer("text/plain", 1, "a"), config=layer(EMPTY_TYPE, 9)) == ["a"]


@pytest.mark.parametrize(
    ("media_type", "suffix"),
    [
        ("application/vnd.oci.image.layer.v1.tar+gzip", ".tar.gz"),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", ".tar.gz"),
        ("application/vnd.oci.image.layer.v1.tar+zstd", ".tar.zst"),
        ("application/vnd.oci.image.layer.v1.tar", ".tar"),
        ("application/something", ""),
        ("", ""),
    ],
)
def test_what_nobody_names_is_named_for_its_digest(media_type: str, suffix: str) -> None:
    assert name(layer(media_type, 15)) == ["000000000000" + suffix]


def test_the_same_file_twice_is_one_and_one_blob_may_be_two_files() -> None:
    twice = layer("text/plain", 1, "a")
    assert name(twice, twice, layer("text/plain", 1, "b")) == ["a", "b"]
