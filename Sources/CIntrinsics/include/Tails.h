// Order statistics of keys, and codes of numbers with one scale.
#pragma once
// Every function is inlined, so no vector crosses a call whose convention depends on the instruction set.
#pragma clang diagnostic ignored "-Wpsabi"
#include "Rearrange.h"

KV_INLINE uint32_t kv_order_key(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

KV_INLINE void kv_order_keys(const float *x, long count, uint32_t *keys) {
  long i = 0;
  for (; i + 16 <= count; i += 16) {
    kv_i32x16 bits;
    memcpy(&bits, x + i, 64);
    // All bits of negative numbers, the sign of the others.
    bits ^= (bits >> 31) | INT32_MIN;
    memcpy(keys + i, &bits, 64);
  }
  for (; i < count; i++) keys[i] = kv_order_key(x[i]);
}

KV_INLINE long kv_count_at_most(const uint32_t *keys, long count, uint32_t limit) {
  kv_i32x16 sum = 0, other = 0;
  long i = 0;
  for (; i + 32 <= count; i += 32) {
    kv_u32x16 a, b;
    memcpy(&a, keys + i, 64);
    memcpy(&b, keys + i + 16, 64);
    sum -= a <= limit;
    other -= b <= limit;
  }
  sum += other;
  long total = 0;
  for (int lane = 0; lane < 16; lane++) total += sum[lane];
  for (; i < count; i++) total += keys[i] <= limit;
  return total;
}

// Halves the range of keys until one is left.
KV_INLINE uint32_t kv_order_statistic(const uint32_t *keys, long count, long rank) {
  uint32_t low = 0, high = UINT32_MAX;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (kv_count_at_most(keys, count, middle) > rank)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

// The smallest key above `low` and the largest below `high`; UINT32_MAX and 0 if there are none.
KV_INLINE void kv_keys_between(const uint32_t *keys, long count, uint32_t low, uint32_t high, uint32_t *first,
                               uint32_t *last) {
  kv_u32x16 firsts = UINT32_MAX, lasts = 0;
  long i = 0;
  for (; i + 16 <= count; i += 16) {
    kv_u32x16 key;
    memcpy(&key, keys + i, 64);
    kv_u32x16 above = (kv_u32x16)(key > low), below = (kv_u32x16)(key < high);
    kv_u32x16 a = key | ~above, b = key & below;
    firsts = a < firsts ? a : firsts;
    lasts = b > lasts ? b : lasts;
  }
  uint32_t f = UINT32_MAX, l = 0;
  for (int lane = 0; lane < 16; lane++) {
    if (firsts[lane] < f) f = firsts[lane];
    if (lasts[lane] > l) l = lasts[lane];
  }
  for (; i < count; i++) {
    if (keys[i] > low && keys[i] < f) f = keys[i];
    if (keys[i] < high && keys[i] > l) l = keys[i];
  }
  *first = f;
  *last = l;
}

// Lowers *low and raises *high to the extremes of x; NaN is left out.
KV_INLINE void kv_extremes(const float *x, long count, float *low, float *high) {
  kv_f32x16 least = *low, largest = *high;
  long i = 0;
  for (; i + 16 <= count; i += 16) {
    kv_f32x16 v;
    memcpy(&v, x + i, 64);
    least = v < least ? v : least;
    largest = v > largest ? v : largest;
  }
  for (int lane = 0; lane < 16; lane++) {
    if (least[lane] < *low) *low = least[lane];
    if (largest[lane] > *high) *high = largest[lane];
  }
  for (; i < count; i++) {
    if (x[i] < *low) *low = x[i];
    if (x[i] > *high) *high = x[i];
  }
}

// Moves values and places of the tails, in order, to the front of `outValues` and `outPlaces`; returns how many.
KV_INLINE long kv_choose_tails(const uint32_t *keys, const float *values, const uint32_t *places, long count,
                               uint32_t low, uint32_t high, long *lowTies, long *highSkipped, float *outValues,
                               uint32_t *outPlaces) {
  long found = 0, i = 0;
  for (; i + 16 <= count; i += 16) {
    kv_u32x16 key, place;
    kv_f32x16 value;
    memcpy(&key, keys + i, 64);
    memcpy(&place, places + i, 64);
    memcpy(&value, values + i, 64);
    unsigned chosen = kv_tail_lanes(key, low, high, lowTies, highSkipped);
    found += kv_append_chosen(chosen, value, place, outValues + found, outPlaces + found);
  }
  for (; i < count; i++) {
    int isChosen = keys[i] < low || keys[i] > high;
    if (keys[i] == low && *lowTies > 0) {
      --*lowTies;
      isChosen = 1;
    }
    if (keys[i] == high) {
      if (*highSkipped > 0)
        --*highSkipped;
      else
        isChosen = 1;
    }
    if (isChosen) {
      outValues[found] = values[i];
      outPlaces[found++] = places[i];
    }
  }
  return found;
}

// Within 0...top; NaN is 0.
KV_INLINE kv_f32x16 kv_clamp_level(kv_f32x16 x, float top) {
  kv_f32x16 zero = 0, limit = top;
  x = x > zero ? x : zero;
  return x < limit ? x : limit;
}

// Codes of numbers with one scale and minimum, and what they miss; NaN has code 0 and error 0. Nothing is fused, so that
// every instruction set gives the same bits.
KV_INLINE void kv_quantise_uniform(const float *x, long count, float scale, float minimum, float top, uint8_t *codes,
                                   uint16_t *errors) {
#pragma clang fp contract(off)
  const float magic = 12582912;
  // The quotient by multiplication may miss the exact one by a few units in the last place, which matters beside the
  // middle of two codes only.
  float inverse = scale > 0 ? 1 / scale : 0;
  int isInverse = scale > 0 && inverse < __builtin_inff();
  for (long i = 0; i < count; i += 16) {
    kv_f32x16 number;
    memcpy(&number, x + i, 64);
    kv_f32x16 distance = number - minimum, level = kv_clamp_level(distance * inverse, top);
    // Adding 1.5 * 2^23 leaves round half even in the low bits.
    kv_f32x16 shifted = level + magic, rest = level - (shifted - magic);
    unsigned doubtful = kv_lane_bits((rest > 0.4999f) | (rest < -0.4999f));
    if (__builtin_expect(doubtful != 0 || !isInverse, 0)) {
      level = scale > 0 ? kv_clamp_level(distance / scale, top) : (kv_f32x16)0;
      shifted = level + magic;
    }
    kv_store_low_bytes(codes + i, (kv_i32x16)shifted);
    kv_f32x16 error = number - ((shifted - magic) * scale + minimum);
    kv_i32x16 isNumber = number == number;
    error = (kv_f32x16)((kv_i32x16)error & isNumber);
    kv_store_half16(errors + i, error);
  }
}
