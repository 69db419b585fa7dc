// Moving lanes: transposes of packed codes and the gathering of chosen lanes.
#pragma once
// Every function is inlined, so no vector crosses a call whose convention depends on the instruction set.
#pragma clang diagnostic ignored "-Wpsabi"
#include "CIntrinsics.h"

// r[i][j] and r[j][i] change places.
KV_INLINE void kv_transpose16(kv_u32x16 r[16]) {
#define KV_SWAP(k, A, B)                                        \
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++) \
    if (!(i & k)) {                                             \
      kv_u32x16 a = r[i], b = r[i + k];                         \
      r[i] = __builtin_shufflevector(a, b, A);                  \
      r[i + k] = __builtin_shufflevector(a, b, B);              \
    }
#define KV_LIST(...) __VA_ARGS__
  KV_SWAP(1, KV_LIST(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
          KV_LIST(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
  KV_SWAP(2, KV_LIST(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
          KV_LIST(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
  KV_SWAP(4, KV_LIST(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
          KV_LIST(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
  KV_SWAP(8, KV_LIST(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
          KV_LIST(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#undef KV_SWAP
#undef KV_LIST
}

// Sixteen rows of `fours` * 4 codes, one a byte and `stride` bytes apart, to vectors with the rows in the lanes; 8 / bits
// fours share a vector, the first in the lowest bits. fours <= 16 is a multiple of 4, bits is 2, 4 or 8.
KV_INLINE void kv_pack_fours(const uint8_t *rows, long stride, int fours, int bits, uint8_t *out) {
  kv_u32x16 r[16];
#pragma clang loop unroll(full)
  for (int t = 0; t < 16; t++) {
    if (fours == 16) {
      memcpy(&r[t], rows + t * stride, 64);
    } else {
      r[t] = 0;
      memcpy(&r[t], rows + t * stride, 4 * fours);
    }
  }
  kv_transpose16(r);
  int together = 8 / bits;
#pragma clang loop unroll(full)
  for (int f = 0; f < 16; f += together) {
    if (f >= fours) break;
    kv_u32x16 v = r[f];
    for (int i = 1; i < together; i++) v |= r[f + i] << (unsigned)(i * bits);
    memcpy(out + f / together * 64, &v, 64);
  }
}

// The reverse.
KV_INLINE void kv_unpack_fours(const uint8_t *codes, int fours, int bits, uint8_t *rows, long stride) {
  kv_u32x16 r[16];
  int together = 8 / bits;
  uint32_t mask = bits == 8 ? 0xffffffffu : bits == 4 ? 0x0f0f0f0fu : 0x03030303u;
#pragma clang loop unroll(full)
  for (int f = 0; f < 16; f += together) {
    kv_u32x16 v = 0;
    if (f < fours) memcpy(&v, codes + f / together * 64, 64);
    for (int i = 0; i < together; i++) r[f + i] = (v >> (unsigned)(i * bits)) & mask;
  }
  kv_transpose16(r);
#pragma clang loop unroll(full)
  for (int t = 0; t < 16; t++) memcpy(rows + t * stride, &r[t], fours == 16 ? 64 : 4 * fours);
}

// Sixteen vectors [channel, 16] of floats (elementBytes 4), halves (2) or brain floats (0) as rows of floats, `stride`
// apart.
KV_INLINE void kv_transpose_elements(const void *from, int elementBytes, float *rows, long stride) {
  kv_u32x16 r[16];
#pragma clang loop unroll(full)
  for (int c = 0; c < 16; c++) {
    if (elementBytes == 4) {
      memcpy(&r[c], (const float *)from + c * 16, 64);
    } else if (elementBytes == 2) {
      r[c] = (kv_u32x16)kv_load_half16((const uint16_t *)from + c * 16);
    } else {
      r[c] = (kv_u32x16)kv_load_bfloat16((const uint16_t *)from + c * 16);
    }
  }
  kv_transpose16(r);
#pragma clang loop unroll(full)
  for (int t = 0; t < 16; t++) memcpy(rows + t * stride, &r[t], 64);
}

KV_INLINE void kv_store_i32x16(void *p, kv_i32x16 x) { memcpy(p, &x, 64); }

// Sixteen bytes as integers.
KV_INLINE kv_i32x16 kv_load_bytes(const uint8_t *p) {
  typedef uint8_t u8x16 __attribute__((ext_vector_type(16)));
  u8x16 bytes;
  memcpy(&bytes, p, 16);
  return __builtin_convertvector(bytes, kv_i32x16);
}

typedef float kv_f32x4 __attribute__((ext_vector_type(4)));
typedef float kv_f32x8 __attribute__((ext_vector_type(8)));

KV_INLINE void kv_store_f32x4(void *p, kv_f32x4 x) { memcpy(p, &x, 16); }

KV_INLINE void kv_clear(float *x, long count) { memset(x, 0, (size_t)count * 4); }

// Up to four rows of numbers, `stride` apart, as [count, 4]; rows that are missing are zero.
KV_INLINE void kv_interleave_rows(const float *rows, long stride, int count, int present, float *out) {
  int i = 0;
  for (; i + 16 <= count; i += 16) {
    kv_f32x16 r[4] = {0, 0, 0, 0};
    for (int k = 0; k < 4; k++)
      if (k < present) memcpy(&r[k], rows + k * stride + i, 64);
    kv_f32x16 ab = __builtin_shufflevector(r[0], r[1], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    kv_f32x16 cd = __builtin_shufflevector(r[2], r[3], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    kv_f32x16 AB = __builtin_shufflevector(r[0], r[1], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    kv_f32x16 CD = __builtin_shufflevector(r[2], r[3], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    kv_f32x16 o[4] = {
        __builtin_shufflevector(ab, cd, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23),
        __builtin_shufflevector(ab, cd, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31),
        __builtin_shufflevector(AB, CD, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23),
        __builtin_shufflevector(AB, CD, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31)};
    memcpy(out + 4 * i, o, 256);
  }
  for (; i < count; i++)
    for (int k = 0; k < 4; k++) out[4 * i + k] = k < present ? rows[k * stride + i] : 0;
}

// Adds [count, 4] to up to four rows of numbers.
KV_INLINE void kv_add_interleaved(const float *x, int count, int present, float *rows, long stride) {
  int i = 0;
  for (; i + 16 <= count; i += 16) {
    kv_f32x16 o[4];
    memcpy(o, x + 4 * i, 256);
#define KV_EVEN 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29
#define KV_ODD 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31
    kv_f32x16 p = __builtin_shufflevector(o[0], o[1], KV_EVEN), P = __builtin_shufflevector(o[2], o[3], KV_EVEN);
    kv_f32x16 q = __builtin_shufflevector(o[0], o[1], KV_ODD), Q = __builtin_shufflevector(o[2], o[3], KV_ODD);
#undef KV_EVEN
#undef KV_ODD
    kv_f32x16 r[4] = {
        __builtin_shufflevector(p, P, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
        __builtin_shufflevector(p, P, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31),
        __builtin_shufflevector(q, Q, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
        __builtin_shufflevector(q, Q, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)};
    for (int k = 0; k < 4; k++)
      if (k < present) {
        kv_f32x16 row;
        memcpy(&row, rows + k * stride + i, 64);
        row += r[k];
        memcpy(rows + k * stride + i, &row, 64);
      }
  }
  for (; i < count; i++)
    for (int k = 0; k < present; k++) rows[k * stride + i] += x[4 * i + k];
}

// Adds one outlier's product for four rows side by side: target[t] += source[s] * factor, where t is the outlier's token
// and s its channel if `inScores`, else the other way round. `inverse` is 2^32 / width, rounded up.
KV_INLINE void kv_add_outlier(uint64_t place, float factor, uint64_t width, uint64_t inverse, const float *source,
                              float *target, int inScores) {
  uint64_t token = place * inverse >> 32, channel = place - token * width;
  float *t = target + 4 * (inScores ? token : channel);
  kv_f32x4 sum, x;
  memcpy(&sum, t, 16);
  memcpy(&x, source + 4 * (inScores ? channel : token), 16);
  sum += x * factor;
  memcpy(t, &sum, 16);
}

// Outliers whose places lie `first` or behind it by fewer than 2^32 / width; `inScores` is a literal.
//
// They are taken from four parts of the list in turn, since neighbours often add to the same number and would wait for
// each other; `copies` is the distance of the targets of the four, 0 for one target.
KV_INLINE void kv_add_outliers(const uint32_t *places, const float *numbers, long count, uint32_t first, int width,
                               const float *source, float *target, long copies, int inScores) {
  uint64_t wide = (uint64_t)width, inverse = ((1ull << 32) + wide - 1) / wide;
  long part = count / 4, i = 0;
  if ((width & (width - 1)) == 0) {
    // Tokens and channels of 64 outliers at once; they are added in the same order.
    uint32_t shift = (uint32_t)__builtin_ctz((unsigned)width), mask = (uint32_t)width - 1;
    for (; i + 16 <= part; i += 16) {
      uint32_t to[64], from[64];
      float factors[64];
#pragma clang loop unroll(full)
      for (int k = 0; k < 4; k++) {
        kv_u32x16 place;
        kv_f32x16 number;
        memcpy(&place, places + k * part + i, 64);
        memcpy(&number, numbers + k * part + i, 64);
        place -= first;
        kv_u32x16 token = (place >> shift) << 2, channel = (place & mask) << 2;
        memcpy(to + 16 * k, inScores ? &token : &channel, 64);
        memcpy(from + 16 * k, inScores ? &channel : &token, 64);
        memcpy(factors + 16 * k, &number, 64);
      }
      for (int j = 0; j < 16; j++) {
#pragma clang loop unroll(full)
        for (int k = 0; k < 4; k++) {
          float *t = target + k * copies + to[16 * k + j];
          kv_f32x4 sum, x;
          memcpy(&sum, t, 16);
          memcpy(&x, source + from[16 * k + j], 16);
          sum += x * factors[16 * k + j];
          memcpy(t, &sum, 16);
        }
      }
    }
  }
  for (; i < part; i++) {
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++)
      kv_add_outlier(places[k * part + i] - first, numbers[k * part + i], wide, inverse, source,
                     target + k * copies, inScores);
  }
  for (long i = 4 * part; i < count; i++)
    kv_add_outlier(places[i] - first, numbers[i], wide, inverse, source, target, inScores);
}

// The sums of the lanes of four vectors, in the same order whatever the instruction set.
KV_INLINE kv_f32x4 kv_lane_sums(kv_f32x16 a, kv_f32x16 b, kv_f32x16 c, kv_f32x16 d) {
#define KV_LOW 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29
#define KV_HIGH 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31
  kv_f32x16 ac = __builtin_shufflevector(a, c, KV_LOW) + __builtin_shufflevector(a, c, KV_HIGH);
  kv_f32x16 bd = __builtin_shufflevector(b, d, KV_LOW) + __builtin_shufflevector(b, d, KV_HIGH);
  kv_f32x16 all = __builtin_shufflevector(ac, bd, KV_LOW) + __builtin_shufflevector(ac, bd, KV_HIGH);
#undef KV_LOW
#undef KV_HIGH
  kv_f32x8 half = __builtin_shufflevector(all, all, 0, 1, 2, 3, 4, 5, 6, 7) +
                  __builtin_shufflevector(all, all, 8, 9, 10, 11, 12, 13, 14, 15);
  return __builtin_shufflevector(half, half, 0, 1, 2, 3) + __builtin_shufflevector(half, half, 4, 5, 6, 7);
}

// Appends the values and places of lanes of `chosen` (a bit a lane); 16 of each are written. Returns how many there are.
KV_INLINE int kv_append_chosen(unsigned chosen, kv_f32x16 x, kv_u32x16 p, float *values, uint32_t *places) {
#if defined(__AVX512F__)
  _mm512_storeu_ps(values, _mm512_maskz_compress_ps((__mmask16)chosen, (__m512)x));
  _mm512_storeu_si512(places, _mm512_maskz_compress_epi32((__mmask16)chosen, (__m512i)p));
  return __builtin_popcount(chosen);
#else
  float lanes[16];
  uint32_t from[16];
  memcpy(lanes, &x, 64);
  memcpy(from, &p, 64);
  int count = 0;
  for (; chosen; chosen &= chosen - 1) {
    int lane = __builtin_ctz(chosen);
    values[count] = lanes[lane];
    places[count++] = from[lane];
  }
  return count;
#endif
}

// A bit a lane: which lanes of a comparison's result are true.
KV_INLINE unsigned kv_lane_bits(kv_i32x16 truth) {
  unsigned bits = 0;
#if defined(__AVX512F__)
  bits = _mm512_movepi32_mask((__m512i)truth);
#elif defined(__AVX2__)
  __m256 part[2];
  memcpy(part, &truth, 64);
  bits = (unsigned)_mm256_movemask_ps(part[0]) | (unsigned)_mm256_movemask_ps(part[1]) << 8;
#elif defined(__SSE2__)
  __m128 part[4];
  memcpy(part, &truth, 64);
  for (int q = 0; q < 4; q++) bits |= (unsigned)_mm_movemask_ps(part[q]) << (4 * q);
#else
  for (int i = 0; i < 16; i++) bits |= (unsigned)(truth[i] != 0) << i;
#endif
  return bits;
}

// Lanes of keys below `low` or above `high`, the first *lowTies that equal `low`, and those that equal `high` but the
// first *highSkipped; both counts go down as they are used.
KV_INLINE unsigned kv_tail_lanes(kv_u32x16 keys, uint32_t low, uint32_t high, long *lowTies, long *highSkipped) {
  unsigned chosen = kv_lane_bits((keys < low) | (keys > high));
  unsigned lows = kv_lane_bits(keys == low), highs = kv_lane_bits(keys == high);
  for (; lows && *lowTies > 0; lows &= lows - 1, --*lowTies) chosen |= lows & -lows;
  for (; highs; highs &= highs - 1) {
    if (*highSkipped > 0)
      --*highSkipped;
    else
      chosen |= highs & -highs;
  }
  return chosen;
}

// Writes the lanes of x that are not between low and high, and their places, the first lane's being `place`; NaN is not
// between. Returns how many there are; up to 16 of each may be overwritten.
KV_INLINE int kv_collect_outside(kv_f32x16 x, float low, float high, uint32_t place, float *values, uint32_t *places) {
#if defined(__AVX512F__)
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  __mmask16 above = _mm512_cmp_ps_mask((__m512)x, _mm512_set1_ps(low), _CMP_GT_OQ);
  __mmask16 out = (__mmask16)~_mm512_mask_cmp_ps_mask(above, (__m512)x, _mm512_set1_ps(high), _CMP_LT_OQ);
  // Compressed in registers: compressing stores are slow on some processors.
  _mm512_storeu_ps(values, _mm512_maskz_compress_ps(out, (__m512)x));
  __m512i numbers = _mm512_add_epi32(_mm512_set1_epi32((int)place), lanes);
  _mm512_storeu_si512(places, _mm512_maskz_compress_epi32(out, numbers));
  return __builtin_popcount(out);
#else
  const kv_u32x16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  kv_i32x16 between = (x > low) & (x < high);
  return kv_append_chosen(kv_lane_bits(~between), x, lanes + place, values, places);
#endif
}

// ---------------------------------------------------------------------------------------------- tables and rotations

// The entries of a table of 16 that the low four bits of each lane name.
KV_INLINE kv_f32x16 kv_lookup16(kv_f32x16 table, kv_u32x16 index) {
#if defined(__AVX512F__)
  return (kv_f32x16)_mm512_permutexvar_ps((__m512i)index, (__m512)table);
#elif defined(__AVX2__)
  __m256 part[2], half[2];
  __m256i at[2];
  memcpy(half, &table, 64);
  memcpy(at, &index, 64);
  for (int h = 0; h < 2; h++) {
    __m256 low = _mm256_permutevar8x32_ps(half[0], at[h]), high = _mm256_permutevar8x32_ps(half[1], at[h]);
    part[h] = _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(at[h], 28)));
  }
  memcpy(&table, part, 64);
  return table;
#else
  float entries[16], found[16];
  uint32_t at[16];
  memcpy(entries, &table, 64);
  memcpy(at, &index, 64);
  for (int i = 0; i < 16; i++) found[i] = entries[at[i] & 15];
  memcpy(&table, found, 64);
  return table;
#endif
}

// The entries of a table of 32 that the low five bits of each lane name.
KV_INLINE kv_f32x16 kv_lookup32(kv_f32x16 first, kv_f32x16 second, kv_u32x16 index) {
#if defined(__AVX512F__)
  return (kv_f32x16)_mm512_permutex2var_ps((__m512)first, (__m512i)index, (__m512)second);
#else
  kv_i32x16 low = (kv_i32x16)kv_lookup16(first, index), high = (kv_i32x16)kv_lookup16(second, index);
  kv_i32x16 isHigh = (kv_i32x16)(index << 27) >> 31;
  return (kv_f32x16)((low & ~isHigh) | (high & isHigh));
#endif
}

// Sums and differences of lanes that lie 1, 2, 4 and 8 apart: the Walsh-Hadamard transform of 16 numbers, not scaled.
KV_INLINE kv_f32x16 kv_hadamard16(kv_f32x16 x) {
  const kv_f32x16 s1 = {1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1};
  const kv_f32x16 s2 = {1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1};
  const kv_f32x16 s4 = {1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1, -1, -1, -1, -1};
  const kv_f32x16 s8 = {1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1};
  x = __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14) + x * s1;
  x = __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13) + x * s2;
  x = __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11) + x * s4;
  return __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7) + x * s8;
}

// The sum of signs times numbers from the planes' sums over positive signs: twice those less the sum of all numbers.
KV_INLINE kv_f32x16 kv_signed_sum(kv_i32x16 high, kv_i32x16 low, int32_t total, float step) {
  return __builtin_convertvector(((high << 8) + low) * 2 - total, kv_f32x16) * step;
}

KV_INLINE kv_f32x16 kv_splat(float x) { return (kv_f32x16)x; }

// The larger of each lane and the magnitude of another.
KV_INLINE kv_f32x16 kv_larger_magnitude(kv_f32x16 a, kv_f32x16 x) {
  kv_f32x16 b = (kv_f32x16)((kv_i32x16)x & 0x7fffffff);
  kv_i32x16 isLarger = b > a;
  return (kv_f32x16)(((kv_i32x16)b & isLarger) | ((kv_i32x16)a & ~isLarger));
}

// Writes the planes of 16 numbers as fixed point, high bytes at p and low ones at p + planeBytes; returns them whole.
KV_INLINE kv_i32x16 kv_store_planes(kv_f32x16 x, float inverse, uint8_t *p, long planeBytes) {
  kv_i32x16 whole = kv_int_from_float(x * inverse);
  kv_store_low_bytes(p, (whole + 128) >> 8);
  kv_store_low_bytes(p + planeBytes, whole);
  return whole;
}

KV_INLINE int32_t kv_lane_sum_int(kv_i32x16 x) {
  int32_t sum = 0;
  for (int i = 0; i < 16; i++) sum += x[i];
  return sum;
}

// sqrt(a^2 - b^2), 0 where that is negative: the norm of a vector without a part of it.
KV_INLINE kv_f32x16 kv_norm_without(kv_f32x16 a, kv_f32x16 b) {
  kv_f32x16 rest = a * a - b * b;
  rest = (kv_f32x16)((kv_i32x16)rest & ~(rest < 0));
  return __builtin_elementwise_sqrt(rest);
}

// A byte, 0 or 1, for bit `index` of each.
KV_INLINE kv_u8x64 kv_bits_of_bytes(kv_u32x16 x, int index) { return (kv_u8x64)((x >> (unsigned)index) & 0x01010101u); }
