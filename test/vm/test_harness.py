# SPDX-License-Identifier: LGPL-2.1-or-later
"""The harness itself: QEMU's options, stages and timeouts, and that the checks see what is wrong.

Alone: python3 -m unittest discover test/vm
"""
import gzip
import json
import os
import select
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import corpus
import guest
import qemu
import scenarios

ODD = ("a,b", ",", ",,", ",a", "a,", "a b", " ", "k=v", "=", "a,k=v", "one\ntwo", "\n", "a,\nb", "é", '"', "\\", "id=x,file=y")


def parse(option):
    """An option as QEMU's util/qemu-option.c and util/keyval.c split it."""
    fields, at = [""], 0
    while at < len(option):
        if option[at] != ",":
            fields[-1] += option[at]
        elif option[at:at + 2] == ",,":
            fields[-1] += ","
            at += 1
        else:
            fields.append("")
        at += 1
    return [tuple(field.split("=", 1)) if "=" in field else field for field in fields]


class Options(unittest.TestCase):
    def test_values_come_back(self):
        for value in ODD:
            self.assertEqual(parse(qemu.option("socket", id="x", path=value, server="on")),
                             ["socket", ("id", "x"), ("path", value), ("server", "on")])

    def test_setting_names(self):
        self.assertEqual(qemu.option(if_="none", disable_legacy="on"), "if=none,disable-legacy=on")

    def test_every_argument_of_a_machine(self):
        odd = "/a, b=c\nd"
        machine = qemu.Machine(disks=(odd,), firmware=odd, kernel=odd, append="a,b c=d", debug_port=odd)
        args = machine.arguments(3, 4, 5)
        drives = [dict(parse(a)) for o, a in zip(args, args[1:]) if o == "-drive"]
        self.assertEqual([d["file"] for d in drives], [machine.arch.firmware, odd, odd])
        self.assertIn(("path", odd), parse(next(a for a in args if a.startswith("file,id=debug"))))
        # These QEMU takes as they are.
        self.assertEqual(args[args.index("-kernel") + 1], odd)
        self.assertEqual(args[args.index("-append") + 1], "a,b c=d")

    def test_qemu_opens_what_was_meant(self):
        with tempfile.TemporaryDirectory() as folder:
            for number, value in enumerate(v for v in ODD if v != "é"):
                path = os.path.join(folder, f"{number}{value}")
                with open(path, "wb") as f:
                    f.truncate(1 << 20)
                command = [qemu.ARCHITECTURES["amd64"].qemu, "-nodefaults", "-display", "none", "-machine", "none", "-S", "-qmp", "stdio", "-drive",
                           qemu.option(if_="none", id="d", format="raw", file=path)]
                ask = b'{"execute": "qmp_capabilities"}\n{"execute": "query-block"}\n{"execute": "quit"}\n'
                out = subprocess.run(command, input=ask, stdout=subprocess.PIPE, timeout=60, check=True).stdout
                blocks = [reply["return"] for reply in map(json.loads, out.splitlines()) if reply.get("return")]
                self.assertEqual(blocks[0][0]["inserted"]["file"], path)


class Fake:
    """In a machine's place: a program that gets the descriptors of the three channels."""
    def __init__(self, text):
        self.program = [sys.executable, "-c", "import os, sys, time\nserial, port, qmp = map(int, sys.argv[1:])\n" + text]

    def run(self, timeout, dialogue=(), presses=None, watch=None, **machine):
        return qemu.run(qemu.Machine(**machine), timeout if callable(timeout) else lambda: timeout, dialogue, presses, self.program, watch)


class Running(unittest.TestCase):
    def test_a_timeout_names_the_last_stage(self):
        run = Fake("os.write(serial, b'[ 0.0] Linux version 6\\nvmtest: ini'); time.sleep(.2); os.write(serial, b'trd\\n')\n"
                   "time.sleep(60)").run(3)
        self.assertEqual((run.ended, run.stage), ("timeout", "initrd"))
        problems = scenarios.check(scenarios.SCENARIOS[0], run, [])
        self.assertIn("ended with timeout instead of poweroff; the last stage was initrd", problems[0])

    def test_a_busy_computer_gets_more_time(self):
        patience = iter([1, 5, 5])
        run = Fake("time.sleep(2); os.write(serial, b'late')").run(lambda: next(patience, 5))
        self.assertNotEqual(run.ended, "timeout")
        self.assertIn(b"late", run.serial)

    def test_a_killed_harness_leaves_no_machine(self):
        code = (f"import sys\nsys.path.insert(0, {os.path.dirname(qemu.__file__)!r})\nimport qemu\n"
                "qemu.run(qemu.Machine(), lambda: 60, program=['sh', '-c', 'echo $$ >$0; exec sleep 60', sys.argv[1]])")
        with tempfile.TemporaryDirectory() as folder:
            fifo = os.path.join(folder, "fifo")
            os.mkfifo(fifo)
            harness = subprocess.Popen([sys.executable, "-c", code, fifo])
            with open(fifo) as f:
                machine = os.pidfd_open(int(f.readline()))
            harness.kill()
            harness.wait()
            self.assertTrue(select.select([machine], [], [], 30)[0], "it runs on")
            os.close(machine)

    def test_ends(self):
        for reason, ended in (("guest-shutdown", "poweroff"), ("guest-reset", "reboot")):
            event = json.dumps({"event": "SHUTDOWN", "data": {"guest": True, "reason": reason}})
            run = Fake(f"os.write(qmp, b'''{event}\\n''')").run(10)
            self.assertEqual((run.ended, run.stage), (ended, "powered off"))
        self.assertEqual(Fake("sys.exit(3)").run(10).ended, "QEMU exited with 3")
        halted = Fake("os.write(serial, b'reboot: System halted\\n')\nwhile b'quit' not in os.read(qmp, 99): pass")
        self.assertEqual(halted.run(20).ended, "halt")

    def test_what_is_not_signed_is_refused(self):
        said = "os.write(serial, b'Error loading EFI binary: Access denied\\n')\nwhile b'quit' not in os.read(qmp, 99): pass"
        self.assertEqual(Fake(said).run(20, secure=True).ended, "refused")
        control = next(s for s in scenarios.SCENARIOS if s.ends == "refused")
        for serial, ended, bad in ((b"", "refused", 0), (b"[ 0.0] Linux version 6", "refused", 1), (b"", "poweroff", 1)):
            self.assertEqual(len(scenarios.check(control, qemu.Run(serial=bytearray(serial), ended=ended), [])), bad)

    def test_keys(self):
        # Each alone, and none after it was enough.
        run = Fake("os.write(serial, b'ready\\n')\nfor i in range(3):\n"
                   "    got = b''\n    while b'send-key' not in got: got = os.read(qmp, 999)\n"
                   "    assert got.count(b'send-key') == 1\n    time.sleep(.3); os.write(serial, b'taken\\n')\n"
                   "os.write(serial, b'enough'); time.sleep(.3); os.set_blocking(qmp, False)\n"
                   "try: os.read(qmp, 999)\nexcept BlockingIOError: os.write(serial, b'all three')").run(
                       20, presses=(rb"ready", rb"taken", rb"enough"))
        self.assertIn(b"all three", run.serial, run.errors)

    def test_a_watcher_decodes_strictly(self):
        # A character that two looks see half of is no error, and one that never comes to its end is one.
        for said, error in ((r"b'\xe2\x80'); time.sleep(.5); os.write(serial, b'\xa6'", None), (r"b'a\xffb'", "invalid start byte"),
                            (r"b'a\xe2'", "unexpected end of data")):
            watcher = Fake(f"os.write(serial, {said}); time.sleep(.3)").run(10, watch=0.1).watcher
            self.assertGreater(watcher.polls, 1)
            self.assertTrue(error in watcher.error if error else watcher.error is None, watcher.error)

    def test_dialogue(self):
        run = Fake("os.write(serial, b'login: '); got = os.read(serial, 99); os.write(serial, b'hello ' + got)").run(
            10, ((rb"login: ", b"me\n"),))
        self.assertIn(b"hello me\n", run.serial)

    def test_port(self):
        run = Fake("os.write(port, b'last left=x\\nlast left=\\npivoted\\n')").run(10)
        self.assertEqual((run.said("last"), run.said("pivoted"), run.said("nothing")), ("left=", "", None))


class Checks(unittest.TestCase):
    SERIAL = (b"[ 1.0] systemd[1]: Stopping dracut-shutdown.service - x\n[ 1.1] dracut-initramfs-restore[9]: restored\n"
              b"[ 1.5] systemd[1]: Stopped dracut-shutdown.service - x\n"
              b"systemd-shutdown[1]: Successfully changed into root pivot.\n")
    TREE = "./shutdown f 0755 0:0 0 1 5,abc -"

    def problems(self, scenario="poweroff", serial=SERIAL, tree=TREE, expected=TREE, hook="left= mounts=0", ended="poweroff"):
        run = qemu.Run(serial=bytearray(serial), ended=ended, stages={"firmware": 0.0})
        run.port += f"restored-tree begin\n{tree}\nend\nrestored-tree end\npivoted fs=tmpfs\nlast {hook}\n".encode()
        return scenarios.check(next(s for s in scenarios.SCENARIOS if s.name == scenario), run, [expected, "end"])

    def assert_says(self, problems, text):
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(text, problems[0])

    def test_good(self):
        self.assertEqual(self.problems(), [])
        run = qemu.Run(serial=bytearray(self.SERIAL))
        self.assertAlmostEqual(scenarios.service_time(run), 0.5)

    def test_bad(self):
        self.assert_says(self.problems(ended="reboot"), "ended with reboot instead of poweroff")
        self.assert_says(self.problems(serial=self.SERIAL + b"\xff"), "not UTF-8")
        self.assert_says(self.problems(serial=self.SERIAL + b"[ 2.0] cpio[3]: premature end\n"), "somebody speaks: cpio[3]")
        self.assert_says(self.problems(serial=self.SERIAL + b"/bin/sh: line 1: x\n"[5:]), "somebody speaks: sh: line 1")
        self.assert_says(self.problems(serial=self.SERIAL.replace(b"dracut-initramfs", b"x")), "said 0 lines")
        self.assert_says(self.problems(serial=self.SERIAL + b"dracut-initramfs-restore[9]: again\n"), "said 2 lines")
        self.assert_says(self.problems(serial=self.SERIAL.replace(b"Successfully", b"")), "did not pivot")
        self.assert_says(self.problems(hook="left=dm-0 mounts=0"), "something left")
        self.assert_says(self.problems(expected="./other f 0644 0:0 0 1 5,abc -", tree="."), "./other is missing")
        self.assert_says(self.problems(tree=self.TREE + "\n./x f 0644 0:0 0 1 5,abc -"), "./x is too much")
        self.assert_says(self.problems(tree=self.TREE.replace("abc", "abd")), "./shutdown is")

    def test_what_a_scenario_says(self):
        said = self.SERIAL + b"[ 0.9] vmtest: root is overlay ro boot= esp=\n"
        self.assertEqual(self.problems("composefs", said), [])
        self.assert_says(self.problems("composefs", said.replace(b"overlay", b"ext4")), "the console does not show")

    def test_control_must_differ(self):
        serial = b"systemd-shutdown[1]: Powering off.\n"
        self.assert_says(self.problems("md-control", serial, hook="x", tree=".")[1:], "the control shows no difference")


class Scenarios(unittest.TestCase):
    def test_a_field_is_changed(self):
        poweroff = scenarios.SCENARIOS[0]
        for field, value in (("signed=False", False), ("restore=half", "half"), ("presses=('x', 'y', 'z')", ("x", "y", "z")), ("memory=512", 512)):
            changed = scenarios.but(poweroff, [field])
            self.assertEqual(getattr(changed, field.split("=")[0]), value)
            self.assertEqual(changed.script, poweroff.script)
        self.assertRaises(SystemExit, scenarios.but, poweroff, ["colour=red"])

    def test_table(self):
        self.assertEqual(len({s.name for s in scenarios.SCENARIOS}), len(scenarios.SCENARIOS))
        self.assertEqual({s.group for s in scenarios.SCENARIOS}, set(scenarios.GROUPS))
        self.assertEqual({s.name for s in scenarios.SCENARIOS if s.group == "core"},
                         {"poweroff", "uki", "loop", "noexec", "small-memory", "corrupt"})


class Images(unittest.TestCase):
    def test_repacked(self):
        early, modules, tree = (corpus.archive(corpus.entry(name)) for name in ("early_cpio", "modules", "shutdown"))
        with tempfile.NamedTemporaryFile() as f:
            for plain in (b"", modules):
                f.seek(0)
                f.truncate()
                f.write(early + bytes(-len(early) % 512) + plain + guest.run("zstd", "-qc", stdin=None, input=tree))
                f.flush()
                self.assertEqual(guest.repacked(f.name, "plain"), plain + tree)
                self.assertEqual(gzip.decompress(guest.repacked(f.name, "gzip")[len(plain):]), tree)


class Corpus(unittest.TestCase):
    def test_cases(self):
        self.assertGreaterEqual(sum(not c.wanted and not c.fails for c in corpus.CASES), 60)
        self.assertEqual(len({c.name for c in corpus.CASES}), len(corpus.CASES))
        for c in corpus.CASES:
            self.assertTrue(c.wanted or (c.fails == c.kernel_fails and not c.not_compared), c.name)


if __name__ == "__main__":
    unittest.main()
