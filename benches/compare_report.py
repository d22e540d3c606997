# SPDX-License-Identifier: MPL-2.0
"""The table and the plot of benches/compare."""

import pathlib
import platform
from typing import NamedTuple

BAR, GAP, LEFT, WIDTH = 16, 6, 280, 520
COLOURS = {"playreadyenc": "#1f77b4", "playready-packager": "#17becf"}
OTHER = "#9aa0a6"


def machine():
    """The processor's model and its caches, as the kernel tells them."""
    facts = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    value = lambda name: next((line.split(":")[1].strip() for line in facts if line.startswith(name)), "unknown")
    flags = value("flags").split()
    has = [flag for flag in ("aes", "vaes", "avx2", "avx512f") if flag in flags]
    caches = []
    for index in sorted(pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        read = lambda name: (index / name).read_text().strip()
        caches.append(f"L{read('level')} {read('type').lower()} {read('size')}")
    count = sum(line.startswith("processor") for line in facts)
    return (f"{value('model name')} (family {value('cpu family')}, model {value('model')}), {count} CPUs, {' '.join(has)}; "
            f"{', '.join(caches)}; Linux {platform.release()}")


class Report(NamedTuple):
    """What the tables and plots of all cases say."""
    base: str
    size: int
    rounds: int

    def write(self, rows, folder):
        """Prints the table, and puts it with the plot into `folder` when there is one."""
        text = table(rows, self)
        print(text)
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            name = "compare" if self.base == "cp" else "package"
            (folder / f"{name}.md").write_text(text)
            (folder / f"{name}.svg").write_text(plot(rows, self.base))


def table(rows, report):
    lines = [f"{report.size / 1e9:.2f} GB, {report.rounds} rounds; {machine()}", "",
             f"| | scheme | CPU seconds | user | system | x `{report.base}` | elapsed | peak memory |", "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        lines.append(f"| {row.name} | {row.scheme} | {row.cpu:.2f} | {row.user:.2f} | {row.system:.2f} | {row.ratio:.2f} | "
                     f"{row.elapsed:.2f} | {row.rss / 1e6:.0f} MB |")
    return "\n".join(lines) + "\n"


def plot(rows, base):
    """Bars of the ratio to the base, as SVG."""
    most = max(row.ratio for row in rows)
    scale = WIDTH / most
    height = len(rows) * (BAR + GAP) + 40
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 70}" height="{height}" '
             'font-family="sans-serif" font-size="12">', '<rect width="100%" height="100%" fill="white"/>',
             f'<text x="{LEFT}" y="18">CPU time of the whole process, x {base}</text>']
    for number, row in enumerate(rows):
        y = 30 + number * (BAR + GAP)
        text = f"{row.name} {row.scheme}".strip().replace("&", "&amp;").replace("<", "&lt;")
        parts.append(f'<text x="{LEFT - 8}" y="{y + BAR - 4}" text-anchor="end">{text}</text>')
        parts.append(f'<rect x="{LEFT}" y="{y}" width="{row.ratio * scale:.1f}" height="{BAR}" '
                     f'fill="{COLOURS.get(row.name, OTHER)}"/>')
        parts.append(f'<text x="{LEFT + row.ratio * scale + 6:.1f}" y="{y + BAR - 4}">{row.ratio:.2f}</text>')
    parts.append(f'<line x1="{LEFT + scale:.1f}" y1="26" x2="{LEFT + scale:.1f}" y2="{height - 8}" stroke="black" '
                 'stroke-dasharray="3 3"/></svg>')
    return "\n".join(parts) + "\n"

