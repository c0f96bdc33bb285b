#!python -IS
print("X-A: b\n" * 1000 + "\nbody")
