// LAPACK is a system library; this target is its declarations.
