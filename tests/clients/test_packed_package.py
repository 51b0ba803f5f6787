"""What `npm pack` makes works where it is installed fresh."""

import json
import re
import tarfile
from pathlib import Path

import pytest

from tests.clients import npm

USE = """
import { subscribeToDownloads, SubscriptionError, type DownloadInstance } from '@downloads-app/client';

const seen: DownloadInstance[] = [];
const { state } = subscribeToDownloads({
  url: 'http://127.0.0.1/',
  onUpdate: ({ downloads }) => seen.push(...downloads),
  signal: AbortSignal.abort(),
});
console.log(state, typeof SubscriptionError, seen.length);
"""


def test_the_package_holds_the_built_code_its_types_and_the_readme_alone(client_package: Path) -> None:
    with tarfile.open(client_package) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}
    entries = {f"dist/{entry}.{kind}" for entry in ("index", "react") for kind in ("js", "d.ts")}
    assert entries | {"package.json", "README.md"} <= names
    assert all(re.fullmatch(r"package\.json|README\.md|dist/\w+\.(js|d\.ts)", name) for name in names)


def test_a_fresh_node_project_installs_compiles_and_imports_it_without_react(
    client_package: Path, client_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    npm.run(tmp_path, "npm", "install", *npm.INSTALL, str(client_package))
    installed = {path.name for path in (tmp_path / "node_modules").iterdir() if not path.name.startswith(".")}
    assert installed == {"@downloads-app", "eventsource", "eventsource-parser"}

    (tmp_path / "use.ts").write_text(USE)
    compiler = client_folder / "node_modules" / ".bin" / "tsc"
    npm.run(tmp_path, str(compiler), "--strict", "--target", "es2022", "--module", "nodenext", "use.ts")
    assert npm.run(tmp_path, "node", "use.js") == "closed function 0\n"


def test_a_fresh_vite_react_project_installs_type_checks_and_builds_it(client_package: Path, tmp_path: Path) -> None:
    page = npm.build_vite_page(client_package, tmp_path / "app")
    (script,) = page.glob("assets/*.js")
    assert f'src="./assets/{script.name}"' in (page / "index.html").read_text()
    assert "/api/downloads/subscribe" in script.read_text()
    lock = json.loads((tmp_path / "app" / "node_modules" / ".package-lock.json").read_text())
    react = [name for name in lock["packages"] if name.endswith("node_modules/react")]
    assert react == ["node_modules/react"], "the hook must use the page's own React"


@pytest.mark.parametrize("folder", [npm.CLIENT, npm.VITE_APP])
def test_no_lock_file_names_a_registry(folder: Path) -> None:
    lock = json.loads((folder / "package-lock.json").read_text())
    assert len(lock["packages"]) > 3
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
