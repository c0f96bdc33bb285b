"""`make docs`: run all pages, and regenerate the files and outputs that they show.

`python -m tests.docs README.md` does this for one page.
"""

import sys
from pathlib import Path

from tests.docs.blocks import aligned
from tests.docs.copies import renew_copies
from tests.docs.reading import PAGES, is_whole, problems, read, renewed


def main() -> int:
    """Regenerate the shown outputs. Return 1 if a block fails."""
    failed = 0
    for page in [Path(name).resolve() for name in sys.argv[1:]] or PAGES:
        renew_copies(page)
        findings = read(page)
        for each in findings:
            if each.problem or (each.shown and not is_whole(each) and aligned(each.shown, each.real) is None):
                failed = 1
                print(f"{page.name}: " + "\n".join(problems([each])), file=sys.stderr)
        old = page.read_text()
        new = renewed(old, findings)
        if new != old:
            page.write_text(new)
            print(f"{page}: outputs regenerated", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main())
