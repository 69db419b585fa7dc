#include "Scratch.h"

static _Thread_local _Alignas(64) unsigned char area[KV_SCRATCH_BYTES];

void *kv_thread_scratch(void) { return area; }
