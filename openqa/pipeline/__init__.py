"""The pieces put together: Index (build, add, search) and OpenQA (retrieve, read, answer).

The modules are imported one by one, never from here, so that opening an index does not load what builds one.
"""
