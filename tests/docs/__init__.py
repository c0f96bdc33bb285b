"""The pages of the documentation, run as a reader would: block by block, from the top, each page in a temporary
folder.
"""
