# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was measured, as text, as a chart, and against what was hoped for and what was measured before."""
import operator
import os
import statistics
import subprocess

from contenders import ALONE, OURS, XZ_THREADS

HERE = os.path.dirname(os.path.realpath(__file__))

# What a restore may take, as a share of the decoder alone by so many threads, as its libraries have them.
AT_MOST = {"lz4": 1.15, "zstd": 1.06, "gzip": 1.04, "xz": 1.08}
THREADS = {"plain": 2, "xz": 2}

# How far ahead of the fastest peer. XZ_THREADS is no peer: nothing that restores calls xz like that.
AHEAD = {"plain": 2.2, "lz4": 2.2, "zstd": 1.3, "gzip": 2.0, "xz": 1.8, "lzma": 1.1}

MEMORY_MIB = {"zstd": 12, "gzip": 8, "plain": 8, "lz4": 40, "xz": 64}
MEMORY_MANY_MIB = 256


def alone_name(threads):
    return "%s, %d thread%s" % (ALONE, threads, "s"[:threads - 1])


def find(lines, **fields):
    return next((line for line in lines if all(line.get(k) == v for k, v in fields.items())), None)


def pair(times, format, mode="warm"):
    """The lines of ours and of the decoder alone that it is measured by."""
    alone = [find(times, format=format, mode=mode, who=alone_name(n)) for n in (THREADS.get(format, 1), 1)]
    return find(times, format=format, mode=mode, who=OURS), alone[0] or alone[1]


def score(times, format):
    """(ours as a share of the decoder alone, ours in ms, that decoder in ms): the median of the rounds' shares."""
    ours, alone = pair(times, format)
    return statistics.median(a / b for a, b in zip(ours["walls"], alone["walls"])), ours["median"], alone["median"]


def table(head, rows):
    out = ["| " + " | ".join(head) + " |", "|" + "---|" + "---:|" * (len(head) - 1)]
    return "\n".join(out + ["| " + " | ".join(str(c) for c in row) + " |" for row in rows]) + "\n"


def ms(value):
    return "%.0f" % value if value >= 100 else "%.1f" % value


def matrix(result, mode):
    """Medians: a row a format, a column a contender."""
    lines = [line for line in result["times"] if line["mode"] == mode]
    formats = list(dict.fromkeys(line["format"] for line in lines))
    names = sorted(dict.fromkeys(line["who"] for line in lines), key=lambda n: (ALONE not in n, n != OURS))
    rows = []
    for f in formats:
        cells = []
        for n in names:
            line = find(lines, format=f, who=n)
            cells.append("" if not line else "cannot" if "median" not in line else
                         ("**%s**" if n == OURS else "%s") % ms(line["median"]))
        rows.append([f] + cells)
    return table(["ms, median"] + names, rows)


def peers_of(lines, format, mode="warm"):
    return [line for line in lines if line["format"] == format and line["mode"] == mode and "median" in line and
            ALONE not in line["who"] and line["who"] not in (OURS, XZ_THREADS)]


def verdict(value, wanted, better):
    """Three cells: what is, what was wanted, whether it is met."""
    if wanted is None:
        return ["%.2f" % value, "", ""]
    return ["%.2f" % value, "%.2f" % wanted, "yes" if better(value, wanted) else "**no**"]


def verdicts(result):
    rows = []
    for format in dict.fromkeys(line["format"] for line in result["times"]):
        ratio, ours, alone = score(result["times"], format)
        threads = THREADS.get(format, 1)
        row = [format, ms(alone) + (" (%d threads)" % threads if threads > 1 else ""), ms(ours),
               *verdict(ratio, AT_MOST.get(format), operator.le)]
        peers = peers_of(result["times"], format)
        if peers:
            best = min(peers, key=lambda line: line["median"])
            row += ["%s, %s" % (best["who"], ms(best["median"])),
                    *verdict(best["median"] / ours, AHEAD.get(format), operator.ge)]
        else:
            row += [""] * 4
        rows.append(row)
    return table(["warm", "decoder alone", OURS, "share", "at most", "met", "best peer", "ahead by", "at least", "met"], rows)


def details(result):
    rows = []
    for line in result["times"]:
        if "median" not in line:
            rows.append([line["format"], line["mode"], line["who"], "cannot: " + line["cannot"].replace("|", "/"),
                         "", "", "", "", ""])
            continue
        m = find(result["memory"], format=line["format"], who=line["who"], cpus=result["cpus_used"]) or {}
        rows.append([line["format"], line["mode"], line["who"], ms(line["median"]), ms(line["min"]), ms(line["max"]),
                     len(line["walls"]), ms(line["cpu"]), "%.1f" % (m["pss"] / 1024) if m else ""])
    return table(["format", "mode", "who", "median", "min", "max", "runs", "CPU", "peak MiB"], rows)


def memory(result):
    rows = []
    for line in result["memory"]:
        if line["who"] != OURS:
            continue
        limit = MEMORY_MIB.get(line["format"]) if line["cpus"] <= 2 else MEMORY_MANY_MIB
        rows.append([line["format"], line["cpus"], "64 MiB" if line.get("available") else "as it is",
                     "%.1f" % (line["pss"] / 1024), "%.1f" % (line["hwm"] / 1024), limit or "",
                     "**fails**" if line.get("status") else "" if not limit else
                     "yes" if line["pss"] / 1024 <= limit else "**no**"])
    return table(["ours, peak MiB", "CPUs", "MemAvailable", "shared pages once", "sum of processes", "limit", "met"],
                 rows)


def growth(lines, unit):
    rows = []
    for format in dict.fromkeys(line["format"] for line in lines):
        mine = [line for line in lines if line["format"] == format]
        for i, line in enumerate(mine):
            more = ""
            if i > 0:
                before = mine[i - 1]
                more = "%.4f" % ((line["median"] - before["median"]) / (line["units"] - before["units"]))
            rows.append([format, line["units"], ms(line["median"]), ms(line["min"]), ms(line["max"]),
                         "%.4f" % (line["median"] / line["units"]), more, "%.1f" % (line["pss"] / 1024)])
    return table(["format", unit, "ms", "min", "max", "ms each", "ms for each more", "peak MiB"], rows)


def slow(result):
    found = result["slow_disk"]
    rows = []
    for line in found["lines"]:
        transfer = find(found["lines"], format=line["format"], who="transfer")
        rows.append([line["format"], line["who"], "%.1f" % (line["bytes"] / 1e6), ms(line["median"]), ms(line["min"]),
                     ms(line["max"]), "" if line is transfer else "%+.0f" % (line["median"] - transfer["median"])])
    return table(["cold, %d MB/s" % (found["rate"] / 1e6), "who", "image MB", "ms", "min", "max", "over the transfer"],
                 rows) + "\nLimited by " + str(found["by"]) + ".\n"


def excluded(lines):
    rows = []
    for line in lines:
        whole = find(lines, format=line["format"], options=[])
        rows.append([line["format"], " ".join(line["options"]) or "everything", ms(line["median"]),
                     "%.0f %%" % (100 * line["median"] / whole["median"]), "%.0f" % (line["used"] / 2**20)])
    return table(["format", "left out", "ms", "of the whole", "MiB of tmpfs"], rows)


def text(result):
    tree = result["tree"]
    out = ["%s, %d CPUs used; Linux %s. The tree: dracut %s --no-hostonly of Linux %s%s: %d files, %.0f MB, %d entries."
           % (result["machine"]["cpu"], result["cpus_used"], result["machine"]["linux"], tree["dracut"], tree["kernel"],
              "" if result["form"] == "short" else ", enlarged by a second copy of the modules and by files of the host",
              tree["files"], tree["file_bytes"] / 1e6, tree["entries"]), ""]
    if result["absent_peers"]:
        out += ["Not on this machine: %s." % ", ".join(result["absent_peers"]), ""]
    for mode in dict.fromkeys(line["mode"] for line in result["times"]):
        out += ["### %s" % mode.capitalize().replace("cpu", "CPU"), "", matrix(result, mode)]
    if result["times"]:
        out += ["### Against the aims", "", verdicts(result)]
    if result["memory"]:
        out += ["### Memory", "", memory(result)]
    for key, unit, title in (("size", "MB", "Size"), ("count", "files", "Number of files")):
        if result.get(key):
            out += ["### " + title, "", growth(result[key], unit)]
    if result.get("slow_disk"):
        out += ["### A slow disk", "", slow(result)]
    if result.get("exclude"):
        out += ["### Leaving out", "", excluded(result["exclude"])]
    if result["times"]:
        out += ["### All of it", "", details(result)]
    return "\n".join(out)


CHART = r"""
set terminal svg size 960,420 font "sans-serif,12" background rgb "white"
set output "%(out)s/chart.svg"
set datafile separator "\t"
set datafile missing "-"
set style data histograms
set style histogram clustered gap 1.5
set style fill solid border -1
set boxwidth 0.95
set title "Restoring %(megabytes).0f MB in %(files)d files: time, as a multiple of what the decoder alone takes; ours also in ms"
set ylabel "times the decoder alone (one thread)"
set grid ytics lc rgb "#dddddd"
set yrange [0:*]
set key outside right top vertical Left reverse samplen 1.5
set xtics scale 0 nomirror
set ytics nomirror
set bmargin 4
set xrange [-0.6:%(rows)d - 0.4]
plot 1 with lines lc rgb "black" dt 2 title "decoder alone", \
     %(bars)s
"""
COLOURS = ("#d62728", "#8c9eb5", "#b5a68c", "#9cb58c", "#b58cab", "#8cb5b3", "#c9c9c9", "#777777")


def chart(result, out):
    """out/chart.svg, of the warm runs."""
    lines = [line for line in result["times"] if line["mode"] == "warm"]
    names = [OURS] + list(dict.fromkeys(line["who"] for line in lines if ALONE not in line["who"] and
                                        line["who"] not in (OURS, XZ_THREADS) and "median" in line))
    rows = len({line["format"] for line in lines})
    with open(out + "/chart.tsv", "w", encoding="utf-8") as f:
        f.write("# " + "\t".join(["format"] + names) + "\n")
        for format in dict.fromkeys(line["format"] for line in lines):
            alone = find(lines, format=format, who=alone_name(1))["median"]
            cells = [find(lines, format=format, who=n) or {} for n in names]
            f.write("\t".join(["%s\\n%s ms" % (format, ms(cells[0]["median"]))] +
                              ["%.3f" % (c["median"] / alone) if "median" in c else "-" for c in cells]) + "\n")
    bars = ", \\\n     ".join("'%s/chart.tsv' using %d%s title '%s' lc rgb '%s'" % (
        out, i + 2, ":xtic(1)" if i == 0 else "", n, COLOURS[i % len(COLOURS)]) for i, n in enumerate(names))
    script = CHART % {"out": out, "bars": bars, "megabytes": result["tree"]["file_bytes"] / 1e6,
                      "files": result["tree"]["files"], "rows": rows}
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
