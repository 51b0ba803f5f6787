"""What the test hub holds: repositories with commits, branches and LFS objects, backed by files on disk."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

LFS_SUFFIXES = {".safetensors", ".gguf", ".bin", ".parquet"}
_BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class HubFile:
    """One file at one commit. Large formats are LFS objects, known by their SHA-256; the rest are git blobs."""

    path: str
    location: Path
    size: int
    oid: str
    sha256: str | None

    @property
    def etag(self) -> str:
        return self.sha256 or self.oid


@dataclass
class HubRepository:
    """A repository: `commits` by hash, `refs` by name. Privacy is a property of the whole."""

    id: str
    commits: dict[str, dict[str, HubFile]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    private: bool = False
    gated: bool = False
    too_large: set[str] = field(default_factory=set)
    """Paths that this hub does not give out over plain HTTP."""

    def commit(self, folder: Path, ref: str = "main") -> str:
        """Record all files below `folder` as the new head of `ref`; return the commit's hash."""
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        files = {name: _read_file(path, name) for path in paths for name in [path.relative_to(folder).as_posix()]}
        described = "\n".join([self.refs.get(ref, ""), *(f"{file.path} {file.oid}" for file in files.values())])
        commit = hashlib.sha1(described.encode()).hexdigest()
        self.commits[commit] = files
        self.refs[ref] = commit
        return commit

    def resolve(self, revision: str) -> str | None:
        """Return the commit that a branch, a tag or a commit's hash means."""
        return self.refs.get(revision) or (revision if revision in self.commits else None)


def _read_file(location: Path, name: str) -> HubFile:
    size = location.stat().st_size
    blob = hashlib.sha1(f"blob {size}\0".encode())
    sha256 = hashlib.sha256()
    with location.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            blob.update(block)
            sha256.update(block)
    is_lfs = location.suffix in LFS_SUFFIXES
    return HubFile(name, location, size, blob.hexdigest(), sha256.hexdigest() if is_lfs else None)


def describe_repository(repository: HubRepository, commit: str, *, with_blobs: bool) -> dict[str, object]:
    """The answer of `/api/models/{id}`, as the hub's own clients read it."""
    siblings: list[dict[str, object]] = []
    for file in repository.commits[commit].values():
        sibling: dict[str, object] = {"rfilename": file.path}
        if with_blobs:
            sibling |= {"size": file.size, "blobId": file.oid}
        if with_blobs and file.sha256:
            sibling["lfs"] = {"size": file.size, "sha256": file.sha256, "pointerSize": 134}
        siblings.append(sibling)
    return {
        "_id": hashlib.sha1(repository.id.encode()).hexdigest()[:24],
        "id": repository.id,
        "modelId": repository.id,
        "author": repository.id.partition("/")[0],
        "sha": commit,
        "lastModified": "2024-01-01T00:00:00.000Z",
        "createdAt": "2024-01-01T00:00:00.000Z",
        "private": repository.private,
        "gated": "manual" if repository.gated else False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": ["gguf", "license:apache-2.0"],
        "siblings": siblings,
    }


def describe_found(id: str, repository: HubRepository) -> dict[str, object]:
    """A row of the answer of `/api/models`: the description without its files."""
    described = describe_repository(repository, repository.refs["main"], with_blobs=False)
    return {"id": id, **{name: value for name, value in described.items() if name not in ("id", "siblings")}}


def describe_tree(repository: HubRepository, commit: str) -> list[dict[str, object]]:
    """The rows of `/api/models/{id}/tree/{revision}?recursive=true`."""
    files = repository.commits[commit].values()
    folders = sorted({str(parent) for file in files for parent in Path(file.path).parents} - {"."})
    rows: list[dict[str, object]] = [
        {"type": "directory", "oid": hashlib.sha1(folder.encode()).hexdigest(), "size": 0, "path": folder}
        for folder in folders
    ]
    for file in files:
        row: dict[str, object] = {"type": "file", "oid": file.oid, "size": file.size, "path": file.path}
        if file.sha256:
            row["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": 134}
        rows.append(row)
    return rows
