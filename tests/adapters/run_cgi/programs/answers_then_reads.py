#!python -IS
import sys
import time

print("Content-Type: text/plain\n\nbegun", flush=True)
time.sleep(1.5)
print(len(sys.stdin.buffer.read()), "octets")
