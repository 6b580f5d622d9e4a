"""The child process that reads an uploaded PDF: bytes in, one fault (or none) out.

A hostile PDF may blow up or never end, so it is read behind limits of its own.
"""

import io
import json
import resource
import sys
from collections.abc import Iterator

import pikepdf

MEMORY_MAX = 1024 * 1024 * 1024
SECONDS_MAX = 8

_ACTIVE = frozenset(
    {
        "/JavaScript",
        "/JS",
        "/Launch",
        "/EmbeddedFile",
        "/EmbeddedFiles",
        "/EF",
        "/RichMedia",
        "/XFA",
    }
)
_OBJECTS_MAX = 50_000


def fault(content: bytes, pages_max: int) -> str | None:
    """What is wrong with a PDF, in a sentence; nothing if it may be kept."""
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            return next(_faults(pdf, pages_max), None)
    except pikepdf.PasswordError:
        return "The PDF is encrypted."
    except (pikepdf.PdfError, ValueError, KeyError, RecursionError, MemoryError):
        return "The PDF is damaged."


def _faults(pdf: pikepdf.Pdf, pages_max: int) -> Iterator[str]:
    if pdf.is_encrypted:
        yield "The PDF is encrypted."
    if not 1 <= len(pdf.pages) <= pages_max:
        yield f"The PDF has no pages, or over {pages_max}."
    if "/OpenAction" in pdf.Root or "/AA" in pdf.Root:
        yield "The PDF wants to do something when opened."
    if len(pdf.objects) > _OBJECTS_MAX:
        yield "The PDF holds too many objects."
    if any(_is_active(found) for found in pdf.objects):
        yield "The PDF holds a program or a hidden file."


def _is_active(found: pikepdf.Object) -> bool:
    return any(not _ACTIVE.isdisjoint(names) for names in _names(found, depth=0))


def _names(found: object, *, depth: int) -> Iterator[set[str]]:
    """Keys and names used in one object; indirect ones come by themselves."""
    if isinstance(found, pikepdf.Dictionary | pikepdf.Stream):
        yield set(found.keys())
        for name in ("/S", "/Type", "/Subtype"):
            yield {str(found.get(name, ""))}
    if depth < 10 and isinstance(found, pikepdf.Dictionary | pikepdf.Array):  # noqa: PLR2004 - deep enough for direct nesting
        inner = found.values() if isinstance(found, pikepdf.Dictionary) else found
        for part in inner:
            if isinstance(part, pikepdf.Object) and not part.is_indirect:
                yield from _names(part, depth=depth + 1)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_MAX, SECONDS_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    found = fault(sys.stdin.buffer.read(), int(sys.argv[1]))
    sys.stdout.write(json.dumps({"fault": found}))


if __name__ == "__main__":
    main()
