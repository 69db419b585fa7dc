// Memory of the calling thread for the length of a call, one call's behind that of the one it is made from.
#pragma once

#define KV_SCRATCH_BYTES 98304

// A multiple of 64 bytes, aligned to 64; null if no more is left.
void *kv_take_scratch(long bytes);
// Gives back what was taken last.
void kv_give_scratch(long bytes);
