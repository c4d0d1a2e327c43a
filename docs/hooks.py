"""What the documentation site shows that is no page: figures, gallery, commands, interfaces."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import latex2mathml.converter
import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from PIL import Image

from lowd.cli.app import GROUPS, app
from lowd.figures.export import DPI

sys.path.insert(0, str(Path(__file__).parent))
from pictures import flows

ROOT = Path(__file__).parents[1]
PACKAGES = ("metrics", "diffusion", "distributions", "geometry", "theory")
"""Those that take plain arrays, and need no workflow."""
FIGURES = ROOT / "figures"
SOURCE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+(?:lowd|tests|workflow|benchmarks)/[^)]+\)")
"""Links to files that the site does not have."""


def on_config(config: MkDocsConfig) -> None:
    """Have fences named math shown as formulas."""
    fences = [{"name": "math", "class": "math", "format": formula}]
    config.mdx_configs["pymdownx.superfences"] = {"custom_fences": fences}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add figures, and the pages that are made of what stands elsewhere."""
    for path in sorted(FIGURES.rglob("*.png")):
        target = path.relative_to(ROOT).as_posix()
        files.append(File.generated(config, target, abs_src_path=str(path)))
    pages = {"gallery.md": gallery(), "commands.md": commands()}
    pages |= {f"api/{package}.md": interface(package) for package in PACKAGES}
    pages["pictures/flows.svg"] = flows()
    for name, page in pages.items():
        files.append(File.generated(config, name, content=page))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Have links to figures lead into the site, and leave only the words of those to sources."""
    up = "../" * page.file.src_uri.count("/")
    return SOURCE.sub(r"\1", markdown.replace("](../figures/", f"]({up}figures/"))


def formula(source: str, *_: Any, **__: Any) -> str:
    """A displayed formula as MathML, which browsers draw by themselves."""
    return latex2mathml.converter.convert(source, display="block")


def gallery() -> str:
    """Every figure in git, a study each heading, with the sentence that says what is found."""
    lines = ["# Gallery", "", "Every committed figure. Captions with all numbers lie beside them."]
    for folder in sorted(path for path in FIGURES.iterdir() if path.is_dir()):
        lines += ["", f"## {folder.name}", ""]
        lines += [_shown(path) for path in sorted(folder.glob("*.png"))]
    return "\n".join(lines) + "\n"


def _shown(picture: Path) -> str:
    caption = picture.with_suffix(".txt").read_text().strip()
    sentence = re.split(r"(?<=[.!?])\s+(?=[A-Z])", caption, maxsplit=1)[0]
    address = picture.relative_to(ROOT).as_posix()
    with Image.open(picture) as image:
        width = round(image.width * 110 / DPI)  # as wide as in print, on a screen of 110 dpi
    return (
        f"[![{sentence}]({address}){{ loading=lazy width={width} }}]({address})\n\n"
        f"**{picture.stem}**: {sentence}\n"
    )


def interface(package: str) -> str:
    """What a package offers, module by module, from its docstrings."""
    folder = ROOT / "lowd" / package
    told = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    modules = sorted(path.stem for path in folder.glob("[!_]*.py"))
    lines = [f"# lowd.{package}", "", told, ""]
    return "\n".join(lines + [f"::: lowd.{package}.{name}\n" for name in modules])


def commands() -> str:
    """Every command that people run, with its options, from the commands themselves."""
    return "\n".join(["# Commands", "", *_commands()]) + "\n"


def _commands() -> Iterator[str]:
    group = typer.main.get_command(app)
    for heading, members in GROUPS.items():
        yield from (f"## {heading}", "")
        for function, example in members.items():
            command = group.commands[function.__name__.replace("_", "-")]  # type: ignore[attr-defined]
            context = typer.Context(command, info_name=f"lowd {command.name}")
            yield from (f"### lowd {command.name}", "", (command.help or "").strip(), "")
            yield from ("```sh", example, "```", "")
            yield from _options(command, context)


def _options(command: Any, context: typer.Context) -> Iterator[str]:
    rows = [record for each in command.params if (record := each.get_help_record(context))]
    if rows:
        yield from ("| option | meaning |", "|---|---|")
        yield from (f"| `{_cell(name)}` | {_cell(told)} |" for name, told in rows)
        yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
