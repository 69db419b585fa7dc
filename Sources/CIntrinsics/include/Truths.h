// Truths, a byte of 0 or 1 for every lane. One body each: compilers know these patterns on every instruction set.
#pragma once
// Every function is inlined, so no vector crosses a call whose convention depends on the instruction set.
#pragma clang diagnostic ignored "-Wpsabi"
#include "CIntrinsics.h"

typedef int8_t kv_i8x16 __attribute__((ext_vector_type(16)));
typedef uint8_t kv_u8x16 __attribute__((ext_vector_type(16)));

// Lanes of a mask are 0 or -1, which narrow without loss.
KV_INLINE kv_u8x16 kv_truths_of_mask(kv_i32x16 mask) { return (kv_u8x16)(__builtin_convertvector(mask, kv_i8x16) & 1); }

// As IEEE 754 has them: beside NaN all are 0 but `unequal`.
KV_INLINE kv_u8x16 kv_less(kv_f32x16 a, kv_f32x16 b) { return kv_truths_of_mask(a < b); }
KV_INLINE kv_u8x16 kv_less_equal(kv_f32x16 a, kv_f32x16 b) { return kv_truths_of_mask(a <= b); }
KV_INLINE kv_u8x16 kv_equal(kv_f32x16 a, kv_f32x16 b) { return kv_truths_of_mask(a == b); }
KV_INLINE kv_u8x16 kv_unequal(kv_f32x16 a, kv_f32x16 b) { return kv_truths_of_mask(a != b); }

// One truth in all lanes.
KV_INLINE kv_u8x16 kv_same_truths(uint8_t truth) { return (kv_u8x16)truth; }

// The first `count` lanes, 16 at most; the others are 0 as they are read and untouched as they are written.
KV_INLINE kv_u8x16 kv_load_truths(const uint8_t *p, long count) {
  kv_u8x16 x = 0;
  memcpy(&x, p, (size_t)count);
  return x;
}

KV_INLINE void kv_store_truths(uint8_t *p, kv_u8x16 x, long count) { memcpy(p, &x, (size_t)count); }

KV_INLINE kv_f32x16 kv_floats_from_truths(kv_u8x16 x) { return __builtin_convertvector(x, kv_f32x16); }

// a where the truth is 1, else b.
KV_INLINE kv_f32x16 kv_choose(kv_u8x16 truths, kv_f32x16 a, kv_f32x16 b) {
  return __builtin_convertvector(truths != 0, kv_i32x16) ? a : b;
}

// How many of the bytes are 1: 255 of them fit a lane before it is added up.
KV_INLINE long kv_count_truths(const uint8_t *p, long count) {
  long total = 0, i = 0;
  while (i + 64 <= count) {
    long blocks = (count - i) / 64 < 255 ? (count - i) / 64 : 255;
    kv_u8x64 lanes = 0;
    for (long block = 0; block < blocks; block++, i += 64) lanes += kv_load_u8x64(p + i);
    for (int lane = 0; lane < 64; lane++) total += lanes[lane];
  }
  for (; i < count; i++) total += p[i];
  return total;
}
