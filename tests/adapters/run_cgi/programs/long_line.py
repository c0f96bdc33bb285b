#!python -IS
print("X-Long: " + "x" * 8192 + "\nContent-Type: text/plain\n\nbody")
