"""Select the cells of a record for a chart. Pure."""

from collections.abc import Sequence

from gateways.compare.judge.analysis import Section
from gateways.compare.record import Cell, Record


def valid(record: Record, section: Section) -> list[Cell]:
    """Return the cells of a section, best contender first. In a long scenario, only cells with the section's number of
    connections are valid.
    """
    order = {row.figures.entrant.id: place for place, row in enumerate(section.rows)}
    found = [
        cell
        for cell in record.cells
        if cell.scenario == section.question.name
        and not cell.measured.stepped
        and cell.contender in order
        and (section.quick or cell.connections == section.connections)
    ]
    return sorted(found, key=lambda cell: order[cell.contender])


def of_rounds(record: Record, section: Section) -> dict[str, list[Cell]]:
    """Return the slices from which the throughput of each contender is computed."""
    found = {}
    for name, cells in by_contender(valid(record, section)).items():
        row = section.row(name)
        own = [c for c in cells if c.phase == "capacity" and row and c.connections == row.figures.connections]
        if own:
            found[name] = own
    return found


def by_contender(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell.contender, []).append(cell)
    return found
