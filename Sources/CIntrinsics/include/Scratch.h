// Memory of the calling thread for the length of one kernel's call, aligned to 64 bytes.
#pragma once

#define KV_SCRATCH_BYTES 32768
void *kv_thread_scratch(void);
