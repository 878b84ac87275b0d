"""The States Language: model, reading, writing, checking, paths, intrinsics."""
