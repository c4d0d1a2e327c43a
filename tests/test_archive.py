"""What `lowd archive` hands on: a stranger checks it and draws a figure again from it alone."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest
import small_study
import zarr
from huggingface_hub import ModelCard
from repositories import REPOSITORY, Repository
from validators import crate_issues, run

from lowd.exports.archive import stands_on, statements_of
from lowd.exports.citation import read_citation, zenodo
from lowd.exports.zipped import EPOCH, write_zip
from lowd.provenance.repository import read_repository

CITATION = """cff-version: 1.2.0
message: Cite it.
title: Tiny pictures
type: dataset
version: 1.0.0
license: CC-BY-4.0
authors:
  - {family-names: Noether, given-names: Emmy, orcid: "https://orcid.org/0000-0002-1825-0097"}
  - name: The others
keywords: [pictures]
"""
FIGURES = [f"figures/pictures/errors.{suffix}" for suffix in ("svg", "png", "txt", "csv")]


@pytest.fixture(scope="module")
def repository(pictures, tmp_path_factory):
    """A copy of the study of images, with a citation and a licence."""
    place = tmp_path_factory.mktemp("authors") / "repository"
    shutil.copytree(pictures.path, place)
    (place / "CITATION.cff").write_text(CITATION)
    (place / "LICENSE").write_text("As you like.\n")
    return Repository(place)


@pytest.fixture(scope="module")
def archives(repository):
    """By whether data are in it, a zip."""
    said = repository.run("lowd", "archive", "pictures")
    assert "note: licence of the images in data/pictures/images.zarr: not stated" in said
    repository.run("lowd", "archive", "pictures", "--no-data", "--output", "digests.zip")
    return {True: repository.path / "pictures.zip", False: repository.path / "digests.zip"}


@pytest.fixture(params=[True, False], ids=["data", "digests alone"])
def has_data(request):
    return request.param


@pytest.fixture
def archive(archives, has_data):
    return archives[has_data]


@pytest.fixture
def unpacked(archive, tmp_path, monkeypatch):
    """The current folder: what a stranger has of it, with no git around, and files new as made."""
    ZipFile(archive).extractall(tmp_path / "unpacked")
    monkeypatch.chdir(tmp_path / "unpacked")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    return Repository(tmp_path / "unpacked")


def draw_again(unpacked, archive):
    """Do as README.md says, word for word: one figure is drawn again, as it was; all verifies."""
    page = (unpacked.path / "README.md").read_text()
    (commands,) = re.findall(r"^```sh\n(.*?)^```", page, re.M | re.S)
    statements = {path: path.read_bytes() for path in unpacked.path.glob("provenance/*/*.json")}
    said = unpacked.run("sh", "-ec", f"{commands}lowd audit")
    assert said.count("\npassed") == 2 and "fault" not in said
    members = ZipFile(archive)
    for name in FIGURES:
        assert (unpacked.path / name).read_bytes() == members.read(name)
    changed = {path.name for path, text in statements.items() if path.read_bytes() != text}
    assert changed == {"figure-errors.json"}
    return commands


@pytest.mark.campaign
def test_a_stranger_draws_a_figure_again(unpacked, has_data, archive):
    """By the code that is in the archive."""
    assert ("lowd restore" in draw_again(unpacked, archive)) == has_data


@pytest.mark.campaign
def test_a_stranger_draws_a_figure_again_by_an_installed_lowd(repository, tmp_path, monkeypatch):
    """Of a repository as `lowd init` writes it, which has no code of its own; as `unzip` has it."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    authors = Repository(tmp_path / "authors", code=repository.path)
    code = shutil.ignore_patterns("lowd", "workflow", ".git", "*.zip")
    shutil.copytree(repository.path, authors.path, ignore=code)
    for name in ("Snakefile", "dvc.yaml"):
        shutil.copy(REPOSITORY / f"lowd/cli/template/{name}.in", authors.path / name)
    authors.run("lowd", "archive", "pictures")
    archive = shutil.move(authors.path / "pictures.zip", tmp_path)
    shutil.rmtree(authors.path)
    stranger = Repository(tmp_path / "unpacked", code=repository.path)
    with ZipFile(archive) as members:
        members.extractall(stranger.path)
        assert {"software/lowd/__init__.py", "software/workflow/Snakefile"} <= set(
            members.namelist()
        )
    for path in stranger.path.rglob("*"):
        os.utime(path, (315532800, 315532800))
    draw_again(stranger, archive)


def test_nothing_in_it_tells_of_where_it_was_made(archive, repository, pictures):
    with ZipFile(archive) as members:
        for name in members.namelist():
            content = members.read(name)
            for place in (repository.path, pictures.path):
                assert str(place).encode() not in content, name


def test_the_same_studies_give_the_same_bytes(repository, archives):
    for path in repository.path.rglob("*"):
        if path.is_file() and ".git" not in path.parts:
            os.utime(path, (1e9, 1e9))
    repository.run("lowd", "archive", "pictures", "--output", "again.zip")
    assert (repository.path / "again.zip").read_bytes() == archives[True].read_bytes()


def test_it_holds_all_that_statements_name_or_its_digest(archive, has_data):
    members = ZipFile(archive)
    names = set(members.namelist())
    assert any(name.startswith("data/") for name in names) == has_data
    assert "inputs/images.npz" in names
    entities = json.loads(members.read("ro-crate-metadata.json"))["@graph"]
    by_name = {one["name"]: one for one in entities if "sha256" in one}
    for name in names:
        if re.fullmatch(r"provenance/pictures/.*\.json", name):
            for output in json.loads(members.read(name))["subject"]:
                entity = by_name[output["name"]]
                assert entity["@id"].startswith("#") == (
                    not has_data and output["name"].startswith("data/")
                )
                assert entity["sha256"] in output["digest"].values()
    assert "url" not in members.read(".dvc/config").decode()


@pytest.mark.parametrize("profile", ["ro-crate-1.1", "provenance-run-crate"])
def test_the_crate_is_valid(archive, profile):
    assert crate_issues(archive, profile) == ""


def test_pool_and_images_are_described_to_the_row(unpacked, has_data):
    described = json.loads(Path("croissant.json").read_text())
    files = {one["@id"]: one for one in described["distribution"] if "sha256" in one}
    stores = [Path("data/pictures", name) for name in ("images.zarr", "pool.zarr")]
    found = {str(path) for store in stores for path in store.rglob("*") if path.is_file()}
    assert files.keys() == found and bool(found) == has_data
    for name, one in files.items():
        assert one["sha256"] == hashlib.sha256(Path(name).read_bytes()).hexdigest()
    for one in described["recordSet"]:
        (field,) = one["field"]
        store, _, array = one["@id"].rpartition("/")
        rows = zarr.open_array(f"{store}.zarr/{array}", mode="r")
        assert field["arrayShape"] == ",".join(map(str, rows.shape[1:]))
        assert field["dataType"].lower() == f"cr:{rows.dtype}"
    described_rows = {one["@id"] for one in described["recordSet"]}
    expected = {"data/pictures/images/images", "data/pictures/pool/samples"}
    assert expected <= described_rows if has_data else not described_rows


def test_croissant_is_valid(unpacked):
    code, said = run("mlcroissant", "validate", "--jsonld", "croissant.json")
    assert code == 0 and "error" not in said.lower() and "WARNING" not in said, said


def test_the_model_card_names_every_checkpoint_and_its_use_works(unpacked, has_data):
    card = ModelCard.load("MODEL_CARD.md")
    assert card.data.license == "cc-by-4.0" and card.data.library_name == "lowd"
    rows = dict(re.findall(r"^\| (data/\S+) \|.*\| ([0-9a-f]{64}) \|$", card.text, re.M))
    assert set(rows) == {
        "data/pictures/teacher",
        "data/pictures/students/unet-4/weights.safetensors",
    }
    assert re.search(r"^\| pictures \| unet-4 \| \d+ \| 8 \| [01]\.\d\d \|", card.text, re.M)
    (use,) = re.findall(r"^```python\n(.*?)^```", card.text, re.M | re.S)
    if has_data:
        weights = Path("data/pictures/students/unet-4/weights.safetensors")
        assert rows[str(weights)] == hashlib.sha256(weights.read_bytes()).hexdigest()
        scope = {}
        exec(compile(use, "MODEL_CARD.md", "exec"), scope)
        assert scope["clean"].shape == (1, 4, 1, 4, 4)


def test_zenodo_is_told_what_the_citation_says(unpacked):
    told = json.loads(Path(".zenodo.json").read_text())
    assert told["creators"] == [
        {"name": "Noether, Emmy", "orcid": "0000-0002-1825-0097"},
        {"name": "The others"},
    ]
    assert told["license"] == "cc-by-4.0" and told["title"] == "Tiny pictures: pictures"
    assert told == zenodo(
        read_citation(), told["title"], told["description"], told["publication_date"]
    )


def test_what_does_not_verify_or_is_out_of_date_is_refused(repository, tmp_path):
    def refusal():
        return copy.run("lowd", "archive", "pictures", "--output", "new.zip", code=1)

    copy = Repository(tmp_path / "copy")
    shutil.copytree(repository.path, copy.path)
    yardstick = copy.path / "results/pictures.yardstick.json"
    content = yardstick.read_bytes()
    yardstick.write_bytes(content + b" ")
    assert "results/pictures.yardstick.json: changed" in refusal()
    yardstick.write_bytes(content)
    params = copy.path / "params.yaml"
    params.write_text(params.read_text().replace("centred", "identity"))
    assert "descriptor was centred, is identity" in refusal()
    (copy.path / "CITATION.cff").unlink()
    assert "there is no CITATION.cff beside params.yaml" in refusal()
    assert not list(copy.path.glob("*new*"))


def test_a_zip_has_one_order_no_times_and_keeps_who_may_run_what(tmp_path):
    for name, mode in (("b", 0o755), ("a", 0o600)):
        (tmp_path / name).write_bytes(b"x" * 5000)
        (tmp_path / name).chmod(mode)
    write_zip(tmp_path / "z.zip", {"b": tmp_path / "b", "c/d": "text", "a": tmp_path / "a"})
    members = ZipFile(tmp_path / "z.zip").infolist()
    assert [one.filename for one in members] == ["a", "b", "c/d"]
    assert {(one.date_time, one.compress_type) for one in members} == {(EPOCH, ZIP_STORED)}
    assert [oct(one.external_attr >> 16)[-3:] for one in members] == ["644", "755", "644"]


def test_a_zip_is_written_whole_or_not_at_all(tmp_path):
    (tmp_path / "z.zip").write_text("earlier")
    with pytest.raises(FileNotFoundError):
        write_zip(tmp_path / "z.zip", {"a": "text", "b": tmp_path / "gone"})
    assert (tmp_path / "z.zip").read_text() == "earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["z.zip"]


def test_a_study_brings_those_that_it_stands_on_and_what_compares_them_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for study, reads in (("base", []), ("above", ["results/base.zarr"]), ("other", [])):
        made = {f"results/{study}.zarr": study}
        small_study.run("collect", {}, {"read": reads}, made, study=study)
    for name, studies in (("both", ("base", "above")), ("all", ("base", "above", "other"))):
        read = {"results": [f"results/{study}.zarr" for study in studies]}
        made = {f"figures/across/{name}.txt": "told"}
        small_study.run("figure", {"name": name}, read, made, f"figure-{name}", study="across")
    repository = read_repository()
    assert stands_on(repository, ["above"]) == ("above", "base")
    assert stands_on(repository, ["base"]) == ("base",)
    assert set(map(str, statements_of(repository, ["above", "base"]))) == {
        "provenance/above/collect.json",
        "provenance/base/collect.json",
        "provenance/across/figure-both.json",
    }
    with pytest.raises(ValueError, match=r"^no statements in provenance/nowhere"):
        stands_on(repository, ["nowhere"])


# What the repository itself hands on


def test_the_citation_is_valid(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    assert read_citation().licence == "MIT"
    code, said = run("cffconvert", "--validate", "-i", "CITATION.cff")
    assert code == 0 and "are valid" in said


def test_the_containerfile_is_sound_and_copies_what_an_installation_needs(tmp_path):
    code, said = run("hadolint", str(REPOSITORY / "Containerfile"))
    assert code == 0, said
    sources = re.findall(r"^COPY (.+) \S+$", (REPOSITORY / "Containerfile").read_text(), re.M)
    taken = [name for words in sources for name in words.split()]
    ignored = (REPOSITORY / ".dockerignore").read_text().split()
    assert {f"!{name}" for name in taken} <= set(ignored)
    for name in taken:
        place = tmp_path / "copied" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy
        copy(REPOSITORY / name, place)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)]
    subprocess.run([*build, str(tmp_path / "copied")], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert "lowd/workflow/Snakefile" in ZipFile(wheel).namelist()
