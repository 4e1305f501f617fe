"""Config files under their real parsers: does a file parse, and which keys are nested in which."""

from collections.abc import Iterator
from typing import Any

from sparseq.domains.config_lines import mark_subject
from sparseq.domains.extras import lab_extra
from sparseq.errors import InputError

Keys = frozenset[tuple[str, ...]]


def hierarchy(text: str, language: str, subject: str | None = None) -> Keys:
    """Return every nesting of keys in a file, from the top down, ``[]`` for a list.

    Parameters
    ----------
    text : str
        The file.
    language : str
        "yaml" (PyYAML) or "hcl" (python-hcl2). The kind of a Kubernetes object stands first in its nestings, as do the
        first two labels of a block.
    subject : str, optional
        A name that is replaced by its mark in every key.

    Raises
    ------
    InputError
        If it does not parse.
    """
    documents = _yaml_documents(text) if language == "yaml" else [("", _hcl_document(text))]
    paths = {path for kind, document in documents for path in _paths(document, (kind,))}
    return frozenset(tuple(mark_subject(key, subject) for key in path) for path in paths)


def _yaml_documents(text: str) -> list[tuple[str, Any]]:
    with lab_extra("checking YAML"):
        import yaml
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise InputError(f"the YAML does not parse: {' '.join(str(error).split())}") from error
    return [(str(document.get("kind", "")) if isinstance(document, dict) else "", document) for document in documents]


def _hcl_document(text: str) -> Any:
    with lab_extra("checking HCL"):
        import hcl2
        from lark.exceptions import LarkError
    try:
        return hcl2.loads(text)
    except LarkError as error:
        raise InputError(f"the HCL does not parse: {' '.join(str(error).split())[:200]}") from error


def _paths(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, str(key))
            yield from _paths(inner, (*path, str(key)))
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, (*path, "[]"))
