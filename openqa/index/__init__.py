"""The index folder on disk; in reading order: generation, store, segments, admission, writer, collect, lock, folder."""
