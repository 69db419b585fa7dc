#include "Scratch.h"

static _Thread_local _Alignas(64) unsigned char area[KV_SCRATCH_BYTES];
static _Thread_local long used;

void *kv_take_scratch(long bytes) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  // What is written beyond one piece would be found only in memory of its own.
  return 0;
#endif
#endif
  if (bytes > KV_SCRATCH_BYTES - used) return 0;
  void *piece = area + used;
  used += bytes;
  return piece;
}

void kv_give_scratch(long bytes) { used -= bytes; }
