"""Images of the user's own, as files in a folder."""

from collections.abc import Iterator

from lowd.sources.image_settings import FolderSource
from lowd.sources.own import Images, read_folder


def read(settings: FolderSource) -> Iterator[tuple[str, Images]]:
    """The name and pixels of every image, as `read_folder`."""
    return read_folder(settings)
