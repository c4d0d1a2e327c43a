"""A model card for the checkpoints of studies, in the form that the Hugging Face Hub reads."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCard, ModelCardData

from lowd.exports.citation import Citation
from lowd.exports.croissant import image_licences
from lowd.provenance.in_toto import Subject
from lowd.provenance.statement import Statement
from lowd.store.results import open_results

CARD = "MODEL_CARD.md"
TEXT = Path(__file__).with_name("model_card.md")


def model_card(
    statements: Mapping[Path, Statement], citation: Citation, title: str, is_here: bool
) -> str:
    """The card.

    Args:
        statements: of studies.
        citation: of their repository.
        title: what the card is about.
        is_here: whether the checkpoints are beside it, and not their digests alone.
    """
    made = list(_checkpoints(statements.values()))
    trained = [output.name for stated, output in made if stated.step == "train"]
    studies = sorted({path.parent.name for path in statements})
    data = ModelCardData(
        license=citation.licence.lower(),
        library_name="lowd",
        tags=["diffusion", "memorisation", "generalisation"],
        model_name=title,
    )
    text = TEXT.read_text().format(
        title=title,
        whereabouts="The files are beside this card."
        if is_here
        else "The files themselves are not in here; their digests are.",
        rows="\n".join(_row(stated, output) for stated, output in made),
        example=next(iter(trained), "data/STUDY/students/MODEL/weights.safetensors"),
        scores="\n".join(_scores(studies)),
        licences="\n".join(_licences(statements.values(), citation)),
    )
    return str(ModelCard(f"---\n{data.to_yaml()}\n---\n\n{text}"))


def _checkpoints(statements: Iterable[Statement]) -> Iterator[tuple[Statement, Subject]]:
    for stated in statements:
        for output in stated.subject:
            if output.path.suffix == ".safetensors" or stated.step == "teacher":
                yield stated, output


def _row(stated: Statement, output: Subject) -> str:
    settings = stated.settings
    teacher = settings.get("teacher", {})
    network = settings.get("model") or settings.get("descriptor") or teacher.get("model") or teacher
    sets = "N = {samples}; {replicates} replicates".format_map(_Known(settings))
    learned = sets if stated.step == "train" else ", ".join(stated.inputs) or "nothing"
    return f"| {output.name} | {_words(network)} | {learned} | {output.digests.sha256} |"


class _Known(dict[str, Any]):
    """Settings, of which kinds of study have not all the same."""

    def __missing__(self, key: str) -> str:
        return "?"


def _words(network: Mapping[str, Any]) -> str:
    told = (f"{key} {value}" for key, value in network.items() if value is not None)
    return ", ".join(told).replace("|", "\\|")


def _scores(studies: Iterable[str]) -> Iterator[str]:
    """Of every model of a study of the transition, at both ends of the grid."""
    yield "| study | model | parameters | N | GL | E_gen |"
    yield "|---|---|---|---|---|---|"
    for study in studies:
        if not Path("results", f"{study}.zarr").exists():
            continue
        results = open_results(study)
        if not {"gl", "e_gen", "parameters"} <= set(results.variables):
            continue
        means = results[["gl", "e_gen"]].mean("replicate")
        for model in results.model.values:
            size = int(results.parameters.sel(model=model))
            for n in dict.fromkeys((int(results.N[0]), int(results.N[-1]))):
                cell = means.sel(model=model, N=n)
                yield (
                    f"| {study} | {model} | {size} | {n} | {float(cell.gl):.2f} "
                    f"| {float(cell.e_gen):.3f} |"
                )


def _licences(statements: Iterable[Statement], citation: Citation) -> Iterator[str]:
    statements = list(statements)
    yield f"{citation.licence}, in `LICENSE`. What they learned from has its own:"
    yield ""
    for path, licence in image_licences(statements).items():
        yield f"- `{path.as_posix()}`: {licence}"
    for stated in statements:
        teacher = stated.settings.get("teacher", {}) if stated.step == "teacher" else {}
        if teacher.get("repository"):
            yield f"- {teacher['repository']} at {teacher['revision']}: see there"
        elif stated.step == "teacher" and "images" not in teacher:
            yield f"- `{stated.subject[0].name}`: a law of lowd's or of the authors' own"
