"""Times ascribe beside torch, zennit and captum, in turns, and says how far their results agree. `compare`, beside this
folder, sets up what it needs and runs it; README.md there says how it measures."""
import argparse
import csv
import math
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from json import loads
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
NETWORKS = ("mlp", "vgg16", "resnet50", "efficientnet_lite0")
BATCHES = {"mlp": (1, 256)}
IMAGE_BATCHES = (1, 8)
SERIES = (2, 4, 8, 16, 32, 64)

# Each measure of ours, and the peers' ways to it, of which the fastest counts.
MEASURES = {
    "forward": ("torch.forward", "torch.forward/channels-last"),
    "gradient": ("torch.gradient", "torch.gradient/channels-last"),
    "lrp_q": (),
    "deep_lift_cached": (),
    "lrp": ("captum.LRP",),
    "deep_lift": ("captum.DeepLift",),
    "epsilon_plus": ("zennit.EpsilonPlus",),
    "epsilon_gamma_box": ("zennit.EpsilonGammaBox",),
    "epsilon_alpha2_beta1": ("zennit.EpsilonAlpha2Beta1",),
}
# A network without convolutions and images has no use for these.
NOT_ON_MLP = ("epsilon_gamma_box", "epsilon_alpha2_beta1", "torch.forward/channels-last", "torch.gradient/channels-last")

# What is asked: ours ÷ the peer's, by network, or by network and batch.
ASKED_OF_PEERS = {
    "forward": {"vgg16": 1.0, "resnet50": 1.0, "efficientnet_lite0": 1.0, "mlp": 0.8},
    "gradient": {"vgg16": 0.85, "resnet50": 0.65, ("mlp", 1): 0.5},
    "epsilon_plus": {("vgg16", 1): 0.5, ("vgg16", 8): 0.35, "resnet50": 0.3, ("mlp", 1): 0.15},
    "epsilon_gamma_box": {"vgg16": 0.3, "resnet50": 0.2},
    "deep_lift": {"vgg16": 0.5},
}
# Ours ÷ our own forward pass.
ASKED_OF_OURSELVES = {
    "lrp_q": 2.1,
    "deep_lift_cached": 2.1,
    "lrp": 2.3,
    "epsilon_plus": 3.2,
    "epsilon_gamma_box": {"vgg16": 3.3, "resnet50": 3.7},
    "epsilon_alpha2_beta1": 4.3,
}
ASKED_OF_THREADS, ASKED_OF_BATCHES = 0.56, 1.0
ASKED_OF_MEMORY = (1.6, 1.2)  # × weights, × activations
IN_SERIES = ("forward", "gradient", "epsilon_plus")
IN_MEMORY = {"ascribe": ("forward", "gradient", "lrp", "epsilon_plus", "epsilon_gamma_box", "deep_lift"),
             "peers": ("torch.forward", "torch.gradient", "zennit.EpsilonPlus", "zennit.EpsilonGammaBox", "captum.LRP",
                       "captum.DeepLift")}

# In double, results agree where they differ by no more than this part of the largest value. In float, an input of a ReLU
# or a maximum that is within rounding of its kink may fall on either side, and what passes there is then all or nothing.
TOLERANCE = 1e-6


def asked(table, network, batch):
    if isinstance(table, dict):
        return table.get((network, batch), table.get(network))
    return table


class Failure(Exception):
    """What a party could not do, in its words."""


class Party:
    """A process that answers one line with one line."""

    def __init__(self, name, command, threads):
        self.name = name
        # A thread of OpenMP that waits for work spins some milliseconds and then sleeps. That is left as it is: to sleep at
        # once (OMP_WAIT_POLICY=passive) makes every parallel region pay for waking its threads. So that no party spins
        # while the other works, Turns pauses between requests, and checks that those who wait use no processor time.
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
                                        env=environment)
        self.answer()

    def answer(self):
        line = self.process.stdout.readline().strip()
        kind, _, rest = line.partition(" ")
        if kind == "error":
            raise Failure(rest)
        if not line:
            raise Failure(f"{self.name} ended: exit code {self.process.wait()}")
        return rest

    def ask(self, *words):
        try:
            print(*words, file=self.process.stdin)
        except BrokenPipeError:
            pass  # answer() says so
        return self.answer()

    def times(self, *words):
        return [float(word) for word in self.ask(*words).split()]

    def processor_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_bytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


class Turns:
    """Times calls of several parties in turns: round by round, in an order drawn anew for each."""

    def __init__(self, parties, rounds, pause):
        self.parties, self.rounds, self.pause = parties, rounds, pause
        self.waited = self.used = 0.0

    def run(self, calls):
        """`calls`: key -> (party, measure, batch, milliseconds it takes, what to ask before). All times, by key. What takes
        less than 50 ms is repeated for so long, behind a call that does not count: caches are another party's by then."""
        times = defaultdict(list)
        for number in range(self.rounds):
            keys = list(calls)
            random.Random(number).shuffle(keys)
            for key in keys:
                party, measure, batch, estimate, before = calls[key]
                if before:
                    party.ask(*before)
                brief = estimate < 50
                repeats = min(math.ceil(50 / max(estimate, 1e-3)), 500) if brief else 1
                times[key] += self.turn(party, "run", measure, batch, int(brief), repeats)
        return times

    def turn(self, party, *request):
        time.sleep(self.pause)
        waiting = [other for other in self.parties if other is not party]
        before, start = sum(other.processor_seconds() for other in waiting), time.perf_counter()
        times = party.times(*request)
        self.waited += time.perf_counter() - start
        self.used += sum(other.processor_seconds() for other in waiting) - before
        return times


class Report:
    """Tables as text, on the screen and in a file, and one CSV file of all rows."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.text = open(folder / "comparison.txt", "w")
        # By lines: what is interrupted leaves the rows that it had.
        self.csv = csv.writer(open(folder / "comparison.csv", "w", newline="", buffering=1))
        self.csv.writerow(("table", "network", "batch", "threads", "measure", "ours median ms", "ours minimum ms", "peer",
                           "peer median ms", "peer minimum ms", "ratio", "ratio of minima", "asked", "difference",
                           "difference in double", "bytes"))

    def say(self, line=""):
        print(line, flush=True)
        print(line, file=self.text, flush=True)

    def table(self, title, head, rows):
        self.say(f"\n{title}\n")
        rows = [[str(cell) for cell in row] for row in (head, *rows)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        for k, row in enumerate(rows):
            self.say("| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths)) + " |")
            if k == 0:
                self.say("|" + "|".join("-" * (w + 2) for w in widths) + "|")


def shown(number, digits=3):
    """To three digits, without an exponent where that is short."""
    if number is None:
        return ""
    return f"{number:.0f}" if abs(number) >= 10**digits else f"{number:.{digits}g}"


def verdict(ratio, limit):
    if limit is None:
        return ""
    return f"{limit:g} {'yes' if ratio <= limit else 'NO'}"


def progress(*words):
    print(*words, file=sys.stderr, flush=True)


class Comparison:
    def __init__(self, options):
        self.options = options
        self.report = Report(options.out)
        self.idle = [0.0, 0.0]

    def ours(self, network=None, *arguments):
        party = Party("ascribe", [self.options.ascribe, *arguments], self.options.threads)
        if network:
            party.ask("load", *self.files("ascribe", network))
        return party

    def peers(self, network=None, *arguments):
        party = Party("peers", [sys.executable, HERE / "party.py", *arguments], self.options.threads)
        party.ask("threads", self.options.threads)
        if network:
            party.ask("load", *self.files("peers", network))
        return party

    def files(self, name, network, inputs=""):
        """What a party loads."""
        folder = self.options.folder
        first = (folder / f"{network}.onnx",) if name == "ascribe" else (folder, network)
        return *first, folder / f"{network}{inputs}.npy"

    def measures(self, network):
        found = [m for m in MEASURES if m in self.options.measures and not (network == "mlp" and m in NOT_ON_MLP)]
        return {m: [p for p in MEASURES[m] if not (network == "mlp" and p in NOT_ON_MLP)] for m in found}

    def batches(self, network):
        return self.options.batches or BATCHES.get(network, IMAGE_BATCHES)

    def turns(self, parties):
        return Turns(parties, self.options.rounds, self.options.pause)

    # --- The tables ---------------------------------------------------------------------------------------

    def head(self):
        with self.ours() as ours, self.peers() as peers:
            texts = ours.ask("describe"), peers.ask("describe")
        cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        commit = subprocess.run(["git", "-C", HERE, "describe", "--always", "--dirty"], capture_output=True, text=True)
        for line in (f"{cpu[1] if cpu else platform.processor()}, {os.cpu_count()} cores; {self.options.threads} threads; "
                     f"{self.options.rounds} rounds; load average {os.getloadavg()[0]:.2f} at the start; "
                     f"{time.strftime('%Y-%m-%d')}", f"{texts[0]}; commit {commit.stdout.strip() or 'unknown'}", texts[1]):
            self.report.say(line)

    def times(self):
        """Our times and the peers', and our own against our forward pass."""
        beside, own = [], []
        for network in self.options.networks:
            progress(network, "in double")
            with self.ours(network, "double") as ours, self.peers(network, "double") as peers:
                _, _, exact = self.first_calls(network, 1, ours, peers, timed=False)
            for batch in self.batches(network):
                self.block(network, batch, exact, beside, own)
        self.report.table(
            "Beside the peers, in milliseconds; an explanation's time includes its forward pass. The difference of the results "
            "is the largest, divided by the largest value; in double at batch 1.",
            ("network", "batch", "measure", "ours median", "minimum", "peer", "median", "minimum", "ratio", "of minima",
             "asked", "difference", "in double"), beside)
        self.report.table("Ours, divided by our forward pass",
                          ("network", "batch", "measure", "median", "minimum", "ratio", "of minima", "asked"), own)

    def first_calls(self, network, batch, ours, peers, timed=True):
        """What can be timed, as Turns takes it, what fails and why, and by how much the peers' results differ from ours."""
        calls, failures, difference = {}, {}, {}
        with tempfile.TemporaryDirectory(dir=self.options.folder) as results:
            def result(what):
                return Path(results) / (what.replace("/", "-") + ".npy")

            for measure, ways in self.measures(network).items():
                for party, what in [(ours, measure), *((peers, way) for way in ways)]:
                    try:
                        estimate, = party.times("write", what, batch, result(what))
                        if timed:
                            # The first call touched the memory; the second says how long it takes.
                            estimate, = party.times("run", what, batch, 0, 1)
                        calls[what] = (party, what, batch, estimate, None)
                    except Failure as failure:
                        failures[what] = str(failure)
                        continue
                    if party is peers and measure in calls:
                        mine, other = (np.load(result(one)).astype(np.float64) for one in (measure, what))
                        difference[what] = np.abs(mine - other).max() / np.abs(other).max()
        return calls, failures, difference

    def block(self, network, batch, exact, beside, own):
        progress(network, "batch", batch)
        with self.ours(network) as ours, self.peers(network) as peers:
            calls, failures, difference = self.first_calls(network, batch, ours, peers)
            turns = self.turns([ours, peers])
            times = turns.run(calls)
            self.idle[0] += turns.waited
            self.idle[1] += turns.used

        median = {what: statistics.median(found) for what, found in times.items()}
        least = {what: min(found) for what, found in times.items()}
        for measure, ways in self.measures(network).items():
            if measure in failures:
                beside.append((network, batch, measure, f"fails: {failures[measure]}", *[""] * 9))
                continue
            if measure != "forward" and "forward" in median:
                ratio, of_minima = median[measure] / median["forward"], least[measure] / least["forward"]
                limit = asked(ASKED_OF_OURSELVES.get(measure), network, batch)
                own.append((network, batch, measure, shown(median[measure]), shown(least[measure]), f"{ratio:.2f}",
                            f"{of_minima:.2f}", verdict(ratio, limit)))
                self.row("own", network, batch, measure, median[measure], least[measure], "forward", median["forward"],
                         least["forward"], ratio, of_minima, limit)
            ran = [way for way in ways if way in median]
            if ways and not ran:
                beside.append((network, batch, measure, shown(median[measure]), shown(least[measure]), ways[0],
                               f"fails: {failures[ways[0]][:60]}", *[""] * 6))
                self.row("peers", network, batch, measure, median[measure], least[measure], ways[0])
            if not ran:
                continue
            way = min(ran, key=median.get)
            ratio, of_minima = median[measure] / median[way], least[measure] / least[way]
            limit = asked(ASKED_OF_PEERS.get(measure), network, batch)
            in_double = exact.get(way, math.nan)
            beside.append((network, batch, measure, shown(median[measure]), shown(least[measure]), way, shown(median[way]),
                           shown(least[way]), f"{ratio:.2f}", f"{of_minima:.2f}", verdict(ratio, limit),
                           f"{difference[way]:.0e}", f"{in_double:.0e}" + ("" if in_double <= TOLERANCE else " DIFFERS")))
            self.row("peers", network, batch, measure, median[measure], least[measure], way, median[way], least[way],
                     ratio, of_minima, limit, difference[way], in_double)

    def row(self, table, network, batch, measure, median, least, peer="", peer_median="", peer_least="", ratio="",
            of_minima="", limit="", difference="", in_double="", peak="", threads=None):
        self.report.csv.writerow((table, network, batch, threads or self.options.threads, measure, median, least, peer,
                                  peer_median, peer_least, ratio, of_minima, "" if limit is None else limit, difference,
                                  in_double, peak))

    def against(self, title, head, table, limit, blocks):
        """A table of ours against ours. `blocks`: (network, batch of the row, threads, pairs of measure and its two calls as
        (batch, what to ask before), divisor) by network."""
        rows = []
        for network in self.options.networks:
            with self.ours(network) as ours:
                for batch, threads, (first, second), scale in blocks(network, ours):
                    progress(network, table, batch)
                    calls = {}
                    for measure in self.measures(network):
                        if measure in IN_SERIES:
                            for key, (size, before) in (("first", first), ("second", second)):
                                if before:
                                    ours.ask(*before)
                                ours.times("run", measure, size, 0, 1)
                                estimate = ours.times("run", measure, size, 0, 1)[0]
                                calls[measure, key] = (ours, measure, size, estimate, before)
                    times = self.turns([ours]).run(calls)
                    ours.ask("forget")
                    for measure in dict.fromkeys(measure for measure, _ in calls):
                        a, b = times[measure, "first"], times[measure, "second"]
                        medians, minima = (statistics.median(a), statistics.median(b)), (min(a), min(b))
                        ratio, of_minima = medians[0] / medians[1] / scale, minima[0] / minima[1] / scale
                        rows.append((network, batch, measure, shown(medians[0]), shown(minima[0]), shown(medians[1]),
                                     shown(minima[1]), f"{ratio:.2f}", f"{of_minima:.2f}", verdict(ratio, limit)))
                        self.row(table, network, batch, measure, medians[0], minima[0], "ascribe", medians[1], minima[1],
                                 ratio, of_minima, limit, threads=threads)
        self.report.table(title, ("network", "batch", "measure", *head, "ratio", "of minima", "asked"), rows)

    def threads(self):
        def blocks(network, _ours):
            for batch in self.batches(network):
                yield batch, self.options.threads, ((batch, ("threads", self.options.threads)), (batch, ("threads", 1))), 1

        number = self.options.threads
        self.against(f"Ours on {number} threads, and on one",
                     (f"median on {number}", "minimum", "median on 1", "minimum"), "threads", ASKED_OF_THREADS, blocks)

    def series(self):
        def blocks(network, ours):
            bytes_each = int(ours.ask("activations"))
            samples = loads((self.options.folder / f"{network}.json").read_text())["samples"]
            available = int(re.search(r"MemAvailable:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) * 1024
            for batch in SERIES:
                # The trace, and at most as much again of what is carried back.
                if batch > samples or 2 * batch * bytes_each > available:
                    progress(network, "batch", batch, "is left out: memory")
                    continue
                yield batch, self.options.threads, ((batch, None), (1, None)), batch

        self.against("Ours by batch: the cost of n against n × the cost of 1",
                     ("median of n", "minimum", "median of 1", "minimum"), "batches", ASKED_OF_BATCHES, blocks)

    def memory(self):
        """The peak of a fresh process each: start, load, one call at batch 1."""
        rows = []
        for network in self.options.networks:
            weights = loads((self.options.folder / f"{network}.json").read_text())["weight_bytes"]
            for name, start in (("ascribe", self.ours), ("peers", self.peers)):
                for measure in IN_MEMORY[name]:
                    if network == "mlp" and measure.endswith(("amma_box", "GammaBox")):
                        continue
                    with start() as party:
                        at_start = party.peak_bytes()
                        party.ask("load", *self.files(name, network, ".first"))
                        # The peers load their weights with the first call.
                        loaded = party.peak_bytes() if name == "ascribe" else None
                        try:
                            party.times("run", measure, 1, 0, 1)
                        except Failure as failure:
                            rows.append((network, name, measure, f"fails: {str(failure)[:60]}", *[""] * 4))
                            continue
                        peak = party.peak_bytes()
                        limit = None
                        if name == "ascribe":
                            activations = int(party.ask("activations"))
                            limit = ASKED_OF_MEMORY[0] * weights + ASKED_OF_MEMORY[1] * activations
                    mega = ["" if number is None else f"{number / 1e6:.0f}" for number in (at_start, loaded, peak)]
                    rows.append((network, name, measure, *mega, f"{(peak - at_start) / 1e6:.0f}",
                                 "" if limit is None else f"{limit / 1e6:.0f} {'yes' if peak <= limit else 'NO'}"))
                    self.row("memory", network, 1, measure, "", "", name, limit="" if limit is None else limit, peak=peak)
        self.report.table("Peak resident memory at batch 1, in MB; ours is asked to keep within "
                          f"{ASKED_OF_MEMORY[0]} x the weights + {ASKED_OF_MEMORY[1]} x the activations",
                          ("network", "party", "measure", "at start", "loaded", "peak", "above start", "asked"), rows)

    def foot(self):
        waited, used = self.idle
        if waited:
            self.report.say(f"\nWhile a party worked, the others used {100 * used / waited:.1f} % of a core. "
                            f"Load average {os.getloadavg()[0]:.2f} at the end.")


def main():
    parser = argparse.ArgumentParser(prog="compare", description=__doc__)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=NETWORKS)
    parser.add_argument("--measures", nargs="+", default=list(MEASURES), choices=MEASURES)
    parser.add_argument("--batches", nargs="+", type=int, help="in place of 1 and 8, for the MLP of 1 and 256")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--parts", nargs="+", default=["times", "threads", "series", "memory"],
                        choices=["times", "threads", "series", "memory"])
    parser.add_argument("--pause", type=float, default=0.02, help="seconds before each call, for the others' threads to sleep")
    parser.add_argument("--folder", type=Path, required=True, help="of the exported networks")
    parser.add_argument("--ascribe", type=Path, required=True, help="the program compare_ascribe")
    parser.add_argument("--out", type=Path, required=True, help="the folder for comparison.txt and comparison.csv")
    options = parser.parse_args()
    for network in options.networks:
        progress("exporting", network)
        subprocess.run([sys.executable, HERE / "networks.py", options.folder, network], check=True)
    comparison = Comparison(options)
    comparison.head()
    for part in options.parts:
        getattr(comparison, part)()
    comparison.foot()


if __name__ == "__main__":
    main()
