"""`climcomp doctor`: does everything work here?"""

from __future__ import annotations

from climcomp_workflows.cli.answer import DONE, REFUSED, Answer
from climcomp_workflows.cli.command import Adder, Options

_EXAMPLES = """\
  climcomp doctor           versions, codecs, disk, cluster, GPU
  climcomp doctor --json    the same, to send along with a report of a bug

Exit code 1 if something is broken, with what to do about it.
"""


def add(adder: Adder) -> None:
    """Add the command."""
    parser = adder.command("doctor", "check this installation and this machine", _EXAMPLES)
    parser.set_defaults(run=run)


def run(options: Options) -> Answer:
    """Examine everything."""
    from climcomp_workflows.doctor import examine

    findings = examine()
    width = max(len(finding.what) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:<6} {finding.what:<{width}}  {finding.detail}")
        if finding.advice:
            lines.append(f"{'':<6} {'':<{width}}  -> {finding.advice}")
    broken = [finding for finding in findings if finding.state == "BROKEN"]
    names = ", ".join(finding.what for finding in broken)
    lines.append("")
    lines.append(f"{len(broken)} broken: {names}" if broken else "Everything that is needed works.")
    document = {"ok": not broken, "findings": [finding.to_dict() for finding in findings]}
    return Answer("\n".join(lines) + "\n", document, REFUSED if broken else DONE)
