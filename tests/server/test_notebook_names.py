"""A notebook has one name in the hub, from whichever server it is opened."""

from __future__ import annotations

from pathlib import Path

from pfnb.server.notebook_names import NotebookNames


def test_names_are_below_the_first_servers_folder(tmp_path: Path) -> None:
    home, project, other = tmp_path / "home", tmp_path / "home" / "project", tmp_path / "other"
    project.mkdir(parents=True)
    other.mkdir()
    data = tmp_path / "data"
    assert NotebookNames(data, str(home)).name_of("a.ipynb") == "a.ipynb"
    assert NotebookNames(data, str(project)).name_of("/a.ipynb") == "project/a.ipynb"
    assert NotebookNames(data, str(home)).name_of("project/a.ipynb") == "project/a.ipynb"
    assert NotebookNames(data, str(other)).name_of("a.ipynb") == f"{other}/a.ipynb"
