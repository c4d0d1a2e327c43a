"""Pools and images as a Croissant data set (docs.mlcommons.org/croissant, version 1.1).

Croissant knows no zarr: it names every file with its digest, and of every array what a row is. A
reader opens the store itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import zarr
from pydantic import TypeAdapter, ValidationError

from lowd.exports.citation import Citation
from lowd.provenance.digests import Digests, digest_files
from lowd.provenance.statement import Statement
from lowd.sources.image_settings import SourceSettings

METADATA = "croissant.json"
STEPS = ("images", "pool")
"""The steps that leave data to learn from."""
ZARR = "https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html"
NUMBERS = {
    "float16": "cr:Float16",
    "float32": "cr:Float32",
    "float64": "cr:Float64",
    "int32": "cr:Int32",
    "int64": "cr:Int64",
    "uint8": "cr:UInt8",
    "bool": "sc:Boolean",
}
_OWN = (
    *("arrayShape", "citeAs", "column", "conformsTo", "containedIn", "equivalentProperty"),
    *("extract", "field", "fileObject", "fileProperty", "fileSet", "format", "includes"),
    *("isArray", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet"),
    *("references", "regex", "repeated", "replace", "samplingRate", "separator", "source"),
    *("subField", "transform"),
)
"""Croissant's own words, all of them, as readers compare the context with the standard's."""
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    **{word: f"cr:{word}" for word in _OWN},
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "description": {"@container": "@language"},
    "name": {"@container": "@language"},
}


def stores_of(statements: Iterable[Statement]) -> dict[Path, Digests]:
    """The pools and the images among what jobs left."""
    return {
        one.path: one.digests
        for stated in statements
        if stated.step in STEPS
        for one in stated.subject
    }


def image_licences(statements: Iterable[Statement]) -> dict[Path, str]:
    """Of every store of images what is known of their licence."""
    return {
        one.path: _licence(stated.settings.get("images"))
        for stated in statements
        if stated.step == "images"
        for one in stated.subject
    }


def croissant(
    statements: Mapping[Path, Statement],
    citation: Citation,
    title: str,
    is_here: bool,
) -> dict[str, Any]:
    """The content of croissant.json.

    Args:
        statements: of studies.
        citation: of their repository.
        title: of the data set.
        is_here: whether the stores are there to be described, and not their digests alone.
    """
    finished = max(one.finished for one in statements.values())
    licences = {citation.licence_url, *image_licences(statements.values()).values()}
    files: list[dict[str, Any]] = []
    records: list[dict[str, Any]] = []
    for path, content in stores_of(statements.values()).items():
        files.append(_file_set(path, content))
        if is_here:
            files += _file_objects(path)
            records += _record_sets(path)
    return {
        "@context": CONTEXT,
        "@type": "Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": title,
        "description": (
            "Images, and pools of a teacher's samples of which training sets are cut: zarr stores, "
            "each a folder."
        ),
        "license": sorted(licences),
        "citeAs": citation.credit,
        "creator": [
            {"@type": "Organization" if one.is_group else "Person", "name": one.listed}
            for one in citation.authors
        ],
        "datePublished": finished.date().isoformat(),
        **({"version": citation.version} if citation.version else {}),
        "distribution": files,
        "recordSet": records,
    }


def _licence(images: Any) -> str:
    try:
        source: SourceSettings = TypeAdapter(SourceSettings).validate_python(images)
    except ValidationError:  # of an earlier lowd
        return "not known"
    return " ".join(filter(None, (source.licence or "not stated", source.homepage)))


def _file_set(path: Path, content: Digests) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": path.as_posix(),
        "name": path.as_posix(),
        "description": f"A zarr store. SHA-256 of `sha256sum` of its files: {content.sha256}",
        "encodingFormat": ZARR,
        "includes": f"{path.as_posix()}/**",
    }


def _file_objects(path: Path) -> Iterator[dict[str, Any]]:
    for name, content in sorted(digest_files(path).items()):
        file = f"{path.as_posix()}/{name}"
        yield {
            "@type": "cr:FileObject",
            "@id": file,
            "name": file,
            "contentUrl": file,
            "contentSize": f"{Path(file).stat().st_size} B",
            "encodingFormat": "application/json" if name.endswith(".json") else ZARR,
            "sha256": content.sha256,
        }


def _record_sets(path: Path) -> Iterator[dict[str, Any]]:
    """One for every array, whose records are its rows."""
    # Not the group's own list, which warns of every other file in the folder.
    for folder in sorted(one for one in path.iterdir() if one.is_dir()):
        name, array = folder.name, zarr.open_array(folder, mode="r")
        if not array.ndim:
            continue
        key = f"{path.with_suffix('').as_posix()}/{name}"
        shape = {"isArray": True, "arrayShape": ",".join(map(str, array.shape[1:]))}
        yield {
            "@type": "cr:RecordSet",
            "@id": key,
            "name": key,
            "description": f"{array.shape[0]} rows of the array {name}.",
            "field": [
                {
                    "@type": "cr:Field",
                    "@id": f"{key}/row",
                    "name": f"{key}/row",
                    "dataType": NUMBERS.get(str(array.dtype), "sc:Text"),
                    **(shape if array.ndim > 1 else {}),
                    "source": {
                        "fileSet": {"@id": path.as_posix()},
                        "extract": {"fileProperty": "content"},
                    },
                }
            ],
        }
