// Counts what a process asks of the heap and how often it counts references; for tests, which stand in front of the
// functions of the C library and of Swift's runtime that do it.
#pragma once

// Whether there is anything to stand in front of: on Linux with glibc, without a sanitizer that does the same.
int kv_can_count(void);
// Counts are of all threads, from here to `kv_stop_counts`.
void kv_start_counts(void);
void kv_stop_counts(void);
long kv_allocations(void);
// References to objects that were taken or let go.
long kv_reference_counts(void);
