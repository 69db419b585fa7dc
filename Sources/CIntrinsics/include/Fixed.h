// Products of matrices in fixed point, sixteen bits a number. Integers are summed exactly and nothing is fused, so that
// every instruction set gives the same bits.
#pragma once
#pragma clang diagnostic ignored "-Wpsabi"
#include "Rearrange.h"

typedef int16_t kv_i16x16 __attribute__((ext_vector_type(16)));
typedef int16_t kv_i16x32 __attribute__((ext_vector_type(32)));

// acc[i] += a[2i] * b[2i] + a[2i + 1] * b[2i + 1].
KV_INLINE kv_i32x16 kv_dot2(kv_i32x16 acc, kv_i16x32 a, kv_i16x32 b) {
#if defined(__AVX512VNNI__)
  return (kv_i32x16)_mm512_dpwssd_epi32((__m512i)acc, (__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  __m256i x[2], y[2], sum[2];
  memcpy(x, &a, 64);
  memcpy(y, &b, 64);
  memcpy(sum, &acc, 64);
  for (int h = 0; h < 2; h++) sum[h] = _mm256_add_epi32(sum[h], _mm256_madd_epi16(x[h], y[h]));
  memcpy(&acc, sum, 64);
  return acc;
#elif defined(__SSE2__)
  __m128i x[4], y[4], sum[4];
  memcpy(x, &a, 64);
  memcpy(y, &b, 64);
  memcpy(sum, &acc, 64);
  for (int h = 0; h < 4; h++) sum[h] = _mm_add_epi32(sum[h], _mm_madd_epi16(x[h], y[h]));
  memcpy(&acc, sum, 64);
  return acc;
#else
  for (int i = 0; i < 16; i++) acc[i] += a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1];
  return acc;
#endif
}

// 32 numbers, or 16 and zeros behind them; `count` is a constant.
KV_INLINE kv_i16x32 kv_load_i16(const int16_t *p, int count) {
  kv_i16x32 x;
  if (count == 32) {
    memcpy(&x, p, 64);
  } else {
    kv_i16x16 half, zero = 0;
    memcpy(&half, p, 32);
    x = __builtin_shufflevector(half, zero, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
  }
  return x;
}

// Rounds numbers below 2^15.
KV_INLINE void kv_store_near16(int16_t *p, kv_f32x16 x) {
  // Adding 1.5 * 2^23 leaves round half even in the low bits.
  kv_i16x16 low = __builtin_convertvector((kv_i32x16)(x + 12582912.0f), kv_i16x16);
  memcpy(p, &low, 32);
}

// Rounds numbers within -most...most, an integer below 2^15; not a number is 0.
KV_INLINE void kv_store_fixed16(int16_t *p, kv_f32x16 x, float most) {
  kv_f32x16 limit = most;
  x = (kv_f32x16)((kv_i32x16)x & (x == x));
  x = x < limit ? x : limit;
  x = x > -limit ? x : -limit;
  kv_store_near16(p, x);
}

// Numbers in units of which the largest is `most`, zeros up to the next multiple of 16. Returns the unit; not a number,
// and all zero, unless all are finite.
KV_INLINE float kv_fix(const float *x, long count, float most, int16_t *out) {
#pragma clang fp contract(off)
  int32_t largest = 0;
  for (long i = 0; i < count; i++) {
    int32_t bits;
    memcpy(&bits, x + i, 4);
    bits &= INT32_MAX;
    if (bits > largest) largest = bits;
  }
  float size;
  memcpy(&size, &largest, 4);
  // What is smaller than that would have no inverse.
  int isFixed = largest < 0x7f800000 && size > 1e-30f;
  kv_f32x16 inverse = isFixed ? most / size : 0;
  for (long i = 0; i < count; i += 16) {
    kv_f32x16 part = 0;
    if (isFixed) memcpy(&part, x + i, count - i < 16 ? (size_t)(count - i) * 4 : 64);
    kv_store_fixed16(out + i, part * inverse, most);
  }
  return largest < 0x7f800000 ? (isFixed ? size / most : 0) : __builtin_nanf("");
}

// `rows` (4 or 1) and `vectors` (3 or 1) are constants.
KV_INLINE void kv_project_tile(const int16_t *matrix, long columns, const int16_t *p, const float *units, float *q,
                               long stride, int rows, int vectors) {
#pragma clang fp contract(off)
  kv_i32x16 sums[3][4] = {{0}};
  long i = 0;
#define KV_PROJECT(COUNT)                                                                                            \
  {                                                                                                                  \
    kv_i16x32 direction[3];                                                                                          \
    _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) direction[j] =                              \
        kv_load_i16(p + j * columns + i, COUNT);                                                                     \
    _Pragma("clang loop unroll(full)") for (int row = 0; row < rows; row++) {                                        \
      kv_i16x32 x = kv_load_i16(matrix + row * columns + i, COUNT);                                                  \
      _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++) sums[j][row] =                            \
          kv_dot2(sums[j][row], x, direction[j]);                                                                    \
    }                                                                                                                \
  }
  for (; i + 32 <= columns; i += 32) KV_PROJECT(32)
  if (i < columns) KV_PROJECT(16)
#undef KV_PROJECT
#pragma clang loop unroll(full)
  for (int j = 0; j < vectors; j++) {
    kv_f32x4 total = kv_lane_sums(kv_float_from_int(sums[j][0]), kv_float_from_int(sums[j][1]),
                                  kv_float_from_int(sums[j][2]), kv_float_from_int(sums[j][3]));
    total *= units[j];
    if (rows == 4)
      memcpy(q + j * stride, &total, 16);
    else
      q[j * stride] = total[0];
  }
}

// q[j * stride + row] = units[j] * matrix row . p[j, :]; the columns are a multiple of 16.
KV_INLINE void kv_project_fixed(const int16_t *matrix, long rows, long columns, const int16_t *p, const float *units,
                                long rank, float *q, long stride) {
  for (long j = 0; j < rank;) {
    int vectors = rank - j >= 3 ? 3 : 1;
    const int16_t *direction = p + j * columns;
    for (long row = 0; row < rows;) {
      const int16_t *from = matrix + row * columns;
      float *target = q + j * stride + row;
      int isTile = rows - row >= 4;
      if (isTile && vectors == 3)
        kv_project_tile(from, columns, direction, units + j, target, stride, 4, 3);
      else if (isTile)
        kv_project_tile(from, columns, direction, units + j, target, stride, 4, 1);
      else if (vectors == 3)
        kv_project_tile(from, columns, direction, units + j, target, stride, 1, 3);
      else
        kv_project_tile(from, columns, direction, units + j, target, stride, 1, 1);
      row += isTile ? 4 : 1;
    }
    j += vectors;
  }
}

// `width` (64, 32 or 16 columns) and `vectors` (3 or 1) are constants; q holds 32 a vector.
KV_INLINE void kv_add_tile(const int16_t *matrix, long rows, long columns, const int16_t *q, const float *units, float *p,
                           int width, int vectors) {
#pragma clang fp contract(off)
  const int parts = width == 64 ? 2 : 1, count = width == 16 ? 16 : 32;
  kv_i32x16 low[3][2] = {{0}}, high[3][2] = {{0}};
  for (long row = 0; row < rows; row += 2) {
    const int16_t *from = matrix + row * columns;
    kv_i16x32 factor[3];
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) {
      int32_t pair;
      memcpy(&pair, q + j * 32 + row, 4);
      factor[j] = (kv_i16x32)(kv_i32x16)pair;
    }
#pragma clang loop unroll(full)
    for (int k = 0; k < parts; k++) {
      kv_i16x32 a = kv_load_i16(from + 32 * k, count);
      // A row that is missing has the factor 0.
      kv_i16x32 b = row + 1 < rows ? kv_load_i16(from + columns + 32 * k, count) : a;
      kv_i16x32 first = __builtin_shufflevector(a, b, 0, 32, 1, 33, 2, 34, 3, 35, 8, 40, 9, 41, 10, 42, 11, 43, 16, 48, 17,
                                                49, 18, 50, 19, 51, 24, 56, 25, 57, 26, 58, 27, 59);
      kv_i16x32 last = __builtin_shufflevector(a, b, 4, 36, 5, 37, 6, 38, 7, 39, 12, 44, 13, 45, 14, 46, 15, 47, 20, 52,
                                               21, 53, 22, 54, 23, 55, 28, 60, 29, 61, 30, 62, 31, 63);
#pragma clang loop unroll(full)
      for (int j = 0; j < vectors; j++) {
        low[j][k] = kv_dot2(low[j][k], first, factor[j]);
        high[j][k] = kv_dot2(high[j][k], last, factor[j]);
      }
    }
  }
#pragma clang loop unroll(full)
  for (int j = 0; j < vectors; j++) {
#pragma clang loop unroll(full)
    for (int k = 0; k < parts; k++) {
      kv_i32x16 a = low[j][k], b = high[j][k];
      kv_i32x16 sums[2] = {__builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23),
                           __builtin_shufflevector(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)};
#pragma clang loop unroll(full)
      for (int half = 0; half < count / 16; half++) {
        float *target = p + j * columns + 32 * k + 16 * half;
        kv_f32x16 x;
        memcpy(&x, target, 64);
        x += kv_float_from_int(sums[half]) * units[j];
        memcpy(target, &x, 64);
      }
    }
  }
}

// p[j, :] += unit * sum over up to 32 rows of q[j * stride + row] * matrix row, q rounded to units of which its largest is
// `most`; the columns are a multiple of 16.
KV_INLINE void kv_add_fixed(const int16_t *matrix, long rows, long columns, float unit, const float *q, long stride,
                            long rank, float most, float *p) {
  for (long j = 0; j < rank;) {
    int vectors = rank - j >= 3 ? 3 : 1;
    int16_t fixed[3 * 32] = {0};
    float units[3];
    for (int k = 0; k < vectors; k++) units[k] = kv_fix(q + (j + k) * stride, rows, most, fixed + 32 * k) * unit;
    for (long i = 0; i < columns;) {
      const int16_t *from = matrix + i;
      float *target = p + j * columns + i;
      long left = columns - i;
      if (left >= 64 && vectors == 3)
        kv_add_tile(from, rows, columns, fixed, units, target, 64, 3);
      else if (left >= 64)
        kv_add_tile(from, rows, columns, fixed, units, target, 64, 1);
      else if (left >= 32)
        kv_add_tile(from, rows, columns, fixed, units, target, 32, vectors == 3 ? 3 : 1);
      else
        kv_add_tile(from, rows, columns, fixed, units, target, 16, vectors == 3 ? 3 : 1);
      i += left >= 64 ? 64 : left >= 32 ? 32 : 16;
    }
    j += vectors;
  }
}
