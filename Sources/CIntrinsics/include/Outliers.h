// Outliers of keys in blocks of 16 tokens, an entry for each channel of a block that has any: channel << 16 | a bit a
// token. Outliers of values in runs of tokens, four of a channel together.
#pragma once
// Every function is inlined, so no vector crosses a call whose convention depends on the instruction set.
#pragma clang diagnostic ignored "-Wpsabi"
#include "Rearrange.h"

// Lanes of `mask` take the next halves in turn, the others `rest`. 16 halves are read.
KV_INLINE kv_f32x16 kv_expand_half16(const uint16_t *halves, unsigned mask, float rest) {
  kv_f32x16 x = kv_load_half16(halves);
#if defined(__AVX512F__)
  return (kv_f32x16)_mm512_mask_expand_ps(_mm512_set1_ps(rest), (__mmask16)mask, (__m512)x);
#else
  float next[16], lanes[16];
  memcpy(next, &x, 64);
  for (int i = 0; i < 16; i++) lanes[i] = rest;
  for (int i = 0; mask; mask &= mask - 1) lanes[__builtin_ctz(mask)] = next[i++];
  memcpy(&x, lanes, 64);
  return x;
#endif
}

// The lanes of `mask` in order, one behind the other; the rest is unspecified.
KV_INLINE kv_f32x16 kv_compress_lanes(const float *lanes, unsigned mask) {
  kv_f32x16 x;
#if defined(__AVX512F__)
  x = (kv_f32x16)_mm512_maskz_compress_ps((__mmask16)mask, _mm512_loadu_ps(lanes));
#else
  float next[16] = {0};
  for (int i = 0; mask; mask &= mask - 1) next[i++] = lanes[__builtin_ctz(mask)];
  memcpy(&x, next, 64);
#endif
  return x;
}

// Orders outliers, whose places token * width + channel ascend, by blocks of 16 tokens, within them by channel, then by
// token. Writes an entry for each channel of a block that has any, and the first entry and outlier of each block and of
// the one behind the last; returns how many entries there are. 16 places and values behind the last may be written.
KV_INLINE long kv_mask_outliers(const uint32_t *places, const float *numbers, long count, int width, long blocks,
                                uint32_t *outPlaces, uint16_t *outValues, uint32_t *entries, uint32_t *starts,
                                uint64_t *scratch) {
  const kv_u32x16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  long words = ((long)width + 63) / 64, entry = 0, i = 0;
  uint64_t *used = scratch;
  float *table = (float *)(used + words);  // [width, 16]
  uint16_t *masks = (uint16_t *)(table + (long)width * 16);
  uint64_t wide = (uint64_t)width, inverse = ((1ull << 32) + wide - 1) / wide;
  memset(used, 0, (size_t)words * 8);
  memset(masks, 0, (size_t)width * 2);
  kv_u32x16 steps = lanes * (uint32_t)width;
  for (long block = 0; block < blocks; block++) {
    long out = i;
    starts[2 * block] = (uint32_t)entry;
    starts[2 * block + 1] = (uint32_t)out;
    uint64_t first = (uint64_t)block * 16 * wide, end = first + 16 * wide;
    for (; i < count && places[i] < end; i++) {
      uint64_t place = places[i] - first, token = place * inverse >> 32, channel = place - token * wide;
      masks[channel] |= (uint16_t)(1u << token);
      table[channel * 16 + token] = numbers[i];
      used[channel >> 6] |= 1ull << (channel & 63);
    }
    for (long word = 0; word < words; word++) {
      uint64_t bits = used[word];
      used[word] = 0;
      for (; bits; bits &= bits - 1) {
        uint32_t channel = (uint32_t)(word * 64 + __builtin_ctzll(bits)), mask = masks[channel];
        masks[channel] = 0;
        entries[entry++] = channel << 16 | mask;
        kv_store_half16(outValues + out, kv_compress_lanes(table + channel * 16, mask));
        float from[16];
        memcpy(from, &steps, 64);
        kv_f32x16 next = kv_compress_lanes(from, mask);
        kv_u32x16 place;
        memcpy(&place, &next, 64);
        place += (uint32_t)first + channel;
        memcpy(outPlaces + out, &place, 64);
        out += __builtin_popcount(mask);
      }
    }
  }
  starts[2 * blocks] = (uint32_t)entry;
  starts[2 * blocks + 1] = (uint32_t)i;
  return entry;
}

// Orders outliers, whose places token * width + channel ascend, by runs of `tokens` tokens, within them by channel, so that
// each channel of a run begins at a multiple of four; `pad` fills what is missing, at the run's first place. Writes where
// each of `runs` runs and the one behind the last begin; returns how many places there are, fillers included. 16 behind
// the last may be written. `counts` has a number a channel.
KV_INLINE long kv_group_outliers(const uint32_t *places, const uint16_t *values, long count, int width, int tokens,
                                 long runs, uint16_t pad, uint32_t *outPlaces, uint16_t *outValues, uint32_t *starts,
                                 uint32_t *counts) {
  uint64_t wide = (uint64_t)width, inverse = ((1ull << 32) + wide - 1) / wide;
  const uint16_t pads[4] = {pad, pad, pad, pad};
  long i = 0, out = 0;
  for (long run = 0; run < runs; run++) {
    uint64_t first = (uint64_t)run * (uint64_t)tokens * wide, end = first + (uint64_t)tokens * wide;
    const uint32_t rest[4] = {(uint32_t)first, (uint32_t)first, (uint32_t)first, (uint32_t)first};
    starts[run] = (uint32_t)out;
    memset(counts, 0, (size_t)width * 4);
    long from = i;
    for (; i < count && places[i] < end; i++) {
      uint64_t place = places[i] - first;
      counts[place - (place * inverse >> 32) * wide]++;
    }
    long next = out;
    for (int channel = 0; channel < width; channel++) {
      uint32_t has = counts[channel];
      counts[channel] = (uint32_t)next;
      next += (has + 3) & ~3u;
      // A channel without any fills what its neighbour's last four fill too.
      long last = next - 4 < out ? out : next - 4;
      memcpy(outPlaces + last, rest, 16);
      memcpy(outValues + last, pads, 8);
    }
    for (long k = from; k < i; k++) {
      uint64_t place = places[k] - first;
      uint32_t to = counts[place - (place * inverse >> 32) * wide]++;
      outPlaces[to] = places[k];
      outValues[to] = values[k];
    }
    out = next;
  }
  starts[runs] = (uint32_t)out;
  return out;
}

// target[channel] += factors[token] * (number - offset) for groups of four outliers of a channel in a run of tokens that
// begins at `first`: factors [token, 4], target [channel, 4 outliers of the group, 4].
KV_INLINE void kv_add_outlier_groups(const uint32_t *places, const uint16_t *values, long count, uint32_t first,
                                     int width, float offset, const float *factors, float *target) {
  float inverse = 1 / (float)width;
  for (long i = 0; i < count; i += 16) {
    kv_u32x16 place;
    memcpy(&place, places + i, 64);
    place -= first;
    // Exact: places of a run are below 2^22, and half of one is further from a multiple than the product is off.
    kv_u32x16 token = (kv_u32x16)__builtin_convertvector(
        (__builtin_convertvector((kv_i32x16)place, kv_f32x16) + 0.5f) * inverse, kv_i32x16);
    kv_u32x16 channel = place - token * (uint32_t)width;
    kv_f32x16 number = kv_load_half16(values + i) - offset;
    uint32_t from[16], to[16];
    token <<= 2;
    channel <<= 4;
    memcpy(from, &token, 64);
    memcpy(to, &channel, 64);
#define KV_GROUP(g)                                                                                                  \
  if (i + 4 * (g) < count) {                                                                                         \
    kv_f32x4 w[4];                                                                                                   \
    for (int k = 0; k < 4; k++) memcpy(&w[k], factors + from[4 * (g) + k], 16);                                      \
    kv_f32x16 weights, sum, four = __builtin_shufflevector(number, number, 4 * (g), 4 * (g), 4 * (g), 4 * (g),       \
                                                           4 * (g) + 1, 4 * (g) + 1, 4 * (g) + 1, 4 * (g) + 1,       \
                                                           4 * (g) + 2, 4 * (g) + 2, 4 * (g) + 2, 4 * (g) + 2,       \
                                                           4 * (g) + 3, 4 * (g) + 3, 4 * (g) + 3, 4 * (g) + 3);      \
    weights = __builtin_shufflevector(__builtin_shufflevector(w[0], w[1], 0, 1, 2, 3, 4, 5, 6, 7),                   \
                                      __builtin_shufflevector(w[2], w[3], 0, 1, 2, 3, 4, 5, 6, 7), 0, 1, 2, 3, 4, 5, \
                                      6, 7, 8, 9, 10, 11, 12, 13, 14, 15);                                           \
    memcpy(&sum, target + to[4 * (g)], 64);                                                                          \
    sum += weights * four;                                                                                           \
    memcpy(target + to[4 * (g)], &sum, 64);                                                                          \
  }
    KV_GROUP(0)
    KV_GROUP(1)
    KV_GROUP(2)
    KV_GROUP(3)
#undef KV_GROUP
  }
}

// The sums of each four of [count, 4, 4] as [count, 4], in place.
KV_INLINE void kv_fold_groups(float *x, long count) {
  for (long i = 0; i < count; i++) {
    kv_f32x4 part[4];
    memcpy(part, x + 16 * i, 64);
    kv_f32x4 sum = (part[0] + part[1]) + (part[2] + part[3]);
    memcpy(x + 4 * i, &sum, 16);
  }
}

// Outliers of runs, in groups, as a list for each of up to four parts of a run one behind the other, fillers left out: those
// whose value is `pad` say no more than the codes of their places do. Writes where each part and the one behind the last
// begin; there is room for all places and one more.
KV_INLINE void kv_unfold_groups(const uint32_t *places, const uint16_t *values, const uint32_t *starts, long runs,
                                int width, int tokens, int parts, uint16_t pad, uint32_t *outPlaces,
                                uint16_t *outValues, uint32_t *outStarts) {
  uint32_t size = (uint32_t)(tokens / parts * width), out = 0, rest = starts[runs];
  for (long run = 0; run < runs; run++) {
    uint32_t first = (uint32_t)(run * tokens * width), next[4] = {0, 0, 0, 0};
    for (uint32_t i = starts[run]; i < starts[run + 1]; i++) {
      uint32_t place = places[i] - first;
      next[(place >= size) + (place >= 2 * size) + (place >= 3 * size)] += values[i] != pad;
    }
    for (int part = 0; part < parts; part++) {
      outStarts[run * parts + part] = out;
      out += next[part];
      next[part] = outStarts[run * parts + part];
    }
    for (uint32_t i = starts[run]; i < starts[run + 1]; i++) {
      uint32_t place = places[i] - first, part = (place >= size) + (place >= 2 * size) + (place >= 3 * size);
      uint32_t isReal = values[i] != pad, to = isReal ? next[part] : rest;
      outPlaces[to] = places[i];
      outValues[to] = values[i];
      next[part] += isReal;
    }
  }
  outStarts[runs * parts] = out;
}
