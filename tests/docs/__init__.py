"""The pages of the documentation, run as a reader would: block by block, from the top, in a folder of their own."""
