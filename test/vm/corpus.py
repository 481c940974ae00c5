import os,sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import newc
SECOND = newc.archive(newc.entry("etc/vmtest-second", data=b"from the second initrd\n"))
CASES = ()
