// Single instructions that Swift's SIMD types do not reach, as inline functions over clang vector types.
// Each has one body per instruction set, chosen by the -march of the importing kernel target, and a plain C fallback;
// all bodies of one function give the same bits.
#pragma once
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(__linux__)
#include <malloc.h>
#endif

#define KV_INLINE static inline __attribute__((always_inline, unused))

typedef float kv_f32x16 __attribute__((ext_vector_type(16)));
typedef int32_t kv_i32x16 __attribute__((ext_vector_type(16)));
typedef uint32_t kv_u32x16 __attribute__((ext_vector_type(16)));
typedef uint8_t kv_u8x64 __attribute__((ext_vector_type(64)));
typedef uint16_t kv_u16x16 __attribute__((ext_vector_type(16)));

// The instruction set this header was compiled for: 4 = AVX-512 + VNNI, 3 = AVX2 + FMA + F16C, 0 = any.
KV_INLINE int kv_compiled_level(void) {
#if defined(__AVX512VNNI__)
  return 4;
#elif defined(__AVX2__)
  return 3;
#else
  return 0;
#endif
}

// The highest level this processor runs, in the numbering of kv_compiled_level.
KV_INLINE int kv_processor_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni"))
    return 4;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) return 3;
#endif
  return 0;
}

// Hands freed memory back to the system, where the C library can.
KV_INLINE void kv_trim_heap(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

KV_INLINE void kv_spin_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// ---------------------------------------------------------------------------------------------- integer dot products

// acc[i] += sum of w[4i+j] * x[j], j < 4: w unsigned 0..255, x the four signed bytes of one 32-bit word.
KV_INLINE kv_i32x16 kv_dot4(kv_i32x16 acc, kv_u8x64 w, int32_t x) {
#if defined(__AVX512VNNI__)
  return (kv_i32x16)_mm512_dpbusd_epi32((__m512i)acc, (__m512i)w, _mm512_set1_epi32(x));
#elif defined(__AVX2__)
  // vpmaddubsw saturates for bytes over 127, so the two nibbles are multiplied apart: both sums are exact.
  __m256i part[2], sum[2], broadcast = _mm256_set1_epi32(x), low = _mm256_set1_epi8(15);
  memcpy(part, &w, 64);
  memcpy(sum, &acc, 64);
  for (int h = 0; h < 2; h++) {
    __m256i lo = _mm256_maddubs_epi16(_mm256_and_si256(part[h], low), broadcast);
    __m256i hi = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(part[h], 4), low), broadcast);
    sum[h] = _mm256_add_epi32(sum[h], _mm256_madd_epi16(lo, _mm256_set1_epi16(1)));
    sum[h] = _mm256_add_epi32(sum[h], _mm256_madd_epi16(hi, _mm256_set1_epi16(16)));
  }
  memcpy(&acc, sum, 64);
  return acc;
#elif defined(__SSE2__)
  // Bytes widened to 16 bits: pmaddwd adds pairs without loss, a shuffle brings the pairs of one output together.
  __m128i part[4], sum[4], zero = _mm_setzero_si128(), word = _mm_cvtsi32_si128(x);
  __m128i half = _mm_srai_epi16(_mm_unpacklo_epi8(word, word), 8), both = _mm_unpacklo_epi64(half, half);
  memcpy(part, &w, 64);
  memcpy(sum, &acc, 64);
  for (int q = 0; q < 4; q++) {
    __m128 lo = _mm_castsi128_ps(_mm_madd_epi16(_mm_unpacklo_epi8(part[q], zero), both));
    __m128 hi = _mm_castsi128_ps(_mm_madd_epi16(_mm_unpackhi_epi8(part[q], zero), both));
    __m128i even = _mm_castps_si128(_mm_shuffle_ps(lo, hi, 0x88));
    __m128i odd = _mm_castps_si128(_mm_shuffle_ps(lo, hi, 0xdd));
    sum[q] = _mm_add_epi32(sum[q], _mm_add_epi32(even, odd));
  }
  memcpy(&acc, sum, 64);
  return acc;
#else
  int8_t s[4];
  memcpy(s, &x, 4);
  for (int i = 0; i < 16; i++)
    acc[i] += w[4 * i] * s[0] + w[4 * i + 1] * s[1] + w[4 * i + 2] * s[2] + w[4 * i + 3] * s[3];
  return acc;
#endif
}

// What the indices of IQ4_NL stand for, 128 added (ggml-common.h, kvalues_iq4nl).
static const uint8_t kv_non_linear_codes[16] __attribute__((aligned(16), unused)) = {
    1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241};

// The code of one index below 16.
KV_INLINE uint8_t kv_non_linear_code(int index) { return kv_non_linear_codes[index & 15]; }

// The codes of 64 indices, each below 16.
KV_INLINE kv_u8x64 kv_non_linear64(kv_u8x64 index) {
#if defined(__AVX512BW__)
  __m512i table = _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)kv_non_linear_codes));
  return (kv_u8x64)_mm512_shuffle_epi8(table, (__m512i)index);
#elif defined(__AVX2__)
  __m256i part[2], table = _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)kv_non_linear_codes));
  memcpy(part, &index, 64);
  for (int h = 0; h < 2; h++) part[h] = _mm256_shuffle_epi8(table, part[h]);
  memcpy(&index, part, 64);
  return index;
#else
  uint8_t places[64];
  memcpy(places, &index, 64);
  for (int i = 0; i < 64; i++) places[i] = kv_non_linear_codes[places[i] & 15];
  memcpy(&index, places, 64);
  return index;
#endif
}

// Sixteen signed bytes as floats.
KV_INLINE kv_f32x16 kv_float_from_int8(const int8_t *p) {
  typedef int8_t i8x16 __attribute__((ext_vector_type(16)));
  i8x16 bytes;
  memcpy(&bytes, p, 16);
  return __builtin_convertvector(__builtin_convertvector(bytes, kv_i32x16), kv_f32x16);
}

KV_INLINE kv_f32x16 kv_float_from_int(kv_i32x16 x) { return __builtin_convertvector(x, kv_f32x16); }

// ---------------------------------------------------------------------------------------------- half precision

KV_INLINE float kv_half_to_float_scalar(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, rest = h & 0x7fff, bits;
  if (rest >= 0x7c00) {
    bits = sign | 0x7f800000 | ((rest & 0x3ff) << 13) | ((rest & 0x3ff) ? 0x400000 : 0);
  } else if (rest >= 0x400) {
    bits = sign | ((rest << 13) + 0x38000000);
  } else {
    float magnitude = (float)rest * 5.9604644775390625e-8f;
    memcpy(&bits, &magnitude, 4);
    bits |= sign;
  }
  float f;
  memcpy(&f, &bits, 4);
  return f;
}

// Round to nearest, ties to even; overflow to infinity; NaN stays NaN.
KV_INLINE uint16_t kv_float_to_half_scalar(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  uint32_t sign = (bits >> 16) & 0x8000, rest = bits & 0x7fffffff;
  if (rest > 0x7f800000) return (uint16_t)(sign | 0x7e00 | ((rest >> 13) & 0x3ff));
  if (rest >= 0x477ff000) return (uint16_t)(sign | 0x7c00);
  if (rest < 0x38800000) {
    float magnitude;
    memcpy(&magnitude, &rest, 4);
    magnitude += 0.5f;  // aligns the last half-precision subnormal bit with the last bit of the float
    uint32_t rounded;
    memcpy(&rounded, &magnitude, 4);
    return (uint16_t)(sign | (rounded - 0x3f000000));
  }
  uint32_t odd = (rest >> 13) & 1;
  return (uint16_t)(sign | ((rest - 0x38000000 + 0xfff + odd) >> 13));
}

KV_INLINE kv_f32x16 kv_load_half16(const uint16_t *p) {
#if defined(__AVX512F__)
  return (kv_f32x16)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
#elif defined(__F16C__)
  __m256 part[2] = {_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)),
                    _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p + 8)))};
  kv_f32x16 r;
  memcpy(&r, part, 64);
  return r;
#else
  // The half's exponent and fraction as a float 2^112 too small: the product is exact, subnormals included.
  kv_u16x16 half;
  memcpy(&half, p, 32);
  kv_i32x16 wide = __builtin_convertvector(half, kv_i32x16), rest = wide & 0x7fff;
  kv_i32x16 finite = (kv_i32x16)((kv_f32x16)(rest << 13) * 0x1p112f);
  kv_i32x16 special = (rest << 13) | 0x7f800000 | ((rest > 0x7c00) & 0x400000);
  kv_i32x16 isSpecial = rest > 0x7bff;
  kv_u32x16 sign = ((kv_u32x16)wide & 0x8000) << 16;
  return (kv_f32x16)((kv_u32x16)((finite & ~isSpecial) | (special & isSpecial)) | sign);
#endif
}

KV_INLINE void kv_store_half16(uint16_t *p, kv_f32x16 x) {
#if defined(__AVX512F__)
  _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT));
#elif defined(__F16C__)
  __m256 part[2];
  memcpy(part, &x, 64);
  _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph(part[0], _MM_FROUND_TO_NEAREST_INT));
  _mm_storeu_si128((__m128i *)(p + 8), _mm256_cvtps_ph(part[1], _MM_FROUND_TO_NEAREST_INT));
#else
  // The four cases of kv_float_to_half_scalar, chosen by masks.
  kv_i32x16 bits = (kv_i32x16)x, rest = bits & 0x7fffffff;
  kv_i32x16 normal = (rest - 0x38000000 + 0xfff + ((rest >> 13) & 1)) >> 13;
  kv_i32x16 small = (kv_i32x16)((kv_f32x16)rest + 0.5f) - 0x3f000000;
  kv_i32x16 isNaN = rest > 0x7f800000, isBig = (rest > 0x477fefff) & ~isNaN, isSmall = rest < 0x38800000;
  kv_i32x16 magnitude = (normal & ~(isNaN | isBig | isSmall)) | (small & isSmall) | (isBig & 0x7c00) |
                        (isNaN & (0x7e00 | ((rest >> 13) & 0x3ff)));
  kv_u16x16 half = __builtin_convertvector((kv_u32x16)(magnitude | (((kv_u32x16)bits >> 16) & 0x8000)), kv_u16x16);
  memcpy(p, &half, 32);
#endif
}

KV_INLINE kv_f32x16 kv_load_bfloat16(const uint16_t *p) {
  kv_u16x16 half;
  memcpy(&half, p, 32);
  kv_u32x16 wide = __builtin_convertvector(half, kv_u32x16) << 16;
  return (kv_f32x16)wide;
}

// ---------------------------------------------------------------------------------------------- memory

// Loads and stores of any alignment. In C, since Swift's are generic functions that a large kernel may end up calling.
#define KV_LOAD(name, type)                   \
  KV_INLINE type name(const void *p) {        \
    type x;                                   \
    memcpy(&x, p, sizeof x);                  \
    return x;                                 \
  }
KV_LOAD(kv_load_f32x16, kv_f32x16)
KV_LOAD(kv_load_u32x16, kv_u32x16)
KV_LOAD(kv_load_u8x64, kv_u8x64)
KV_LOAD(kv_load_i32, int32_t)
KV_LOAD(kv_load_f32, float)

KV_INLINE void kv_store_f32x16(void *p, kv_f32x16 x) { memcpy(p, &x, sizeof x); }

// Asks for the cache lines of a range, which is read soon; no promise is kept or broken by it.
KV_INLINE void kv_prefetch(const void *p, long bytes) {
  for (long i = 0; i < bytes; i += 64) __builtin_prefetch((const char *)p + i, 0, 3);
}

// Asks for a cache line that is read later, into the second-level cache; any address will do.
KV_INLINE void kv_prefetch_far(const void *p) { __builtin_prefetch(p, 0, 2); }

// ---------------------------------------------------------------------------------------------- across lanes

// The largest lane of numbers that are not NaN.
KV_INLINE float kv_lane_maximum(kv_f32x16 x) {
#if defined(__AVX512F__)
  return _mm512_reduce_max_ps((__m512)x);
#else
  typedef float f32x8 __attribute__((ext_vector_type(8)));
  typedef float f32x4 __attribute__((ext_vector_type(4)));
  f32x8 a = x.lo > x.hi ? x.lo : x.hi;
  f32x4 b = a.lo > a.hi ? a.lo : a.hi;
  float c = b[0] > b[1] ? b[0] : b[1], d = b[2] > b[3] ? b[2] : b[3];
  return c > d ? c : d;
#endif
}

KV_INLINE int32_t kv_lane_maximum_i32(kv_i32x16 x) {
#if defined(__AVX512F__)
  return _mm512_reduce_max_epi32((__m512i)x);
#else
  int32_t best = x[0];
  for (int i = 1; i < 16; i++) best = x[i] > best ? x[i] : best;
  return best;
#endif
}

// The sum of the lanes by halving: the same order whatever the instruction set.
KV_INLINE float kv_lane_sum(kv_f32x16 x) {
  typedef float f32x8 __attribute__((ext_vector_type(8)));
  typedef float f32x4 __attribute__((ext_vector_type(4)));
  f32x8 a = x.lo + x.hi;
  f32x4 b = a.lo + a.hi;
  return (b[0] + b[2]) + (b[1] + b[3]);
}

// The larger of `largest`, which is not negative, and the magnitude of each lane.
KV_INLINE kv_f32x16 kv_larger_magnitudes(kv_f32x16 largest, kv_f32x16 x) {
#if defined(__AVX512DQ__)
  return (kv_f32x16)_mm512_range_ps((__m512)largest, (__m512)x, 11);
#else
  kv_i32x16 bits;
  memcpy(&bits, &x, 64);
  bits &= INT32_MAX;
  memcpy(&x, &bits, 64);
  return x > largest ? x : largest;
#endif
}

// The first `count` lanes, 0 in the others.
KV_INLINE kv_f32x16 kv_first_lanes(kv_f32x16 x, long count) {
  kv_i32x16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return lanes < (int)count ? x : 0;
}

// `count` numbers, at most 16, and 0 in the other lanes; nothing beyond them is read.
KV_INLINE kv_f32x16 kv_load_first_floats(const float *p, long count) {
  kv_f32x16 x = 0;
  memcpy(&x, p, 4 * count);
  return x;
}

// ---------------------------------------------------------------------------------------------- fixed point

// The nearest integers, ties to even; numbers beyond int32 and NaN give INT32_MIN on x86.
KV_INLINE kv_i32x16 kv_int_from_float(kv_f32x16 x) {
#if defined(__AVX512F__)
  return (kv_i32x16)_mm512_cvtps_epi32((__m512)x);
#elif defined(__AVX2__)
  __m256 part[2];
  __m256i whole[2];
  memcpy(part, &x, 64);
  for (int h = 0; h < 2; h++) whole[h] = _mm256_cvtps_epi32(part[h]);
  kv_i32x16 r;
  memcpy(&r, whole, 64);
  return r;
#elif defined(__SSE2__)
  __m128 part[4];
  __m128i whole[4];
  memcpy(part, &x, 64);
  for (int q = 0; q < 4; q++) whole[q] = _mm_cvtps_epi32(part[q]);
  kv_i32x16 r;
  memcpy(&r, whole, 64);
  return r;
#else
  kv_i32x16 r;
  for (int i = 0; i < 16; i++) {
    float whole = __builtin_roundevenf(x[i]);
    r[i] = whole > -2147483648.0f && whole < 2147483648.0f ? (int32_t)whole : INT32_MIN;
  }
  return r;
#endif
}

// The lowest byte of each lane.
KV_INLINE void kv_store_low_bytes(uint8_t *p, kv_i32x16 x) {
  typedef uint8_t u8x16 __attribute__((ext_vector_type(16)));
  u8x16 bytes = __builtin_convertvector((kv_u32x16)x, u8x16);
  memcpy(p, &bytes, 16);
}

// 64 numbers of 16 bits as two planes of bytes: n = 256 * high + low with a signed low byte.
KV_INLINE void kv_store_planes64(kv_i32x16 a, kv_i32x16 b, kv_i32x16 c, kv_i32x16 d, uint8_t *high, uint8_t *low) {
#if defined(__AVX512BW__)
  // Packing works within lanes of 16 bytes, four channels of each number's vector in each: one permutation undoes it.
  __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  __m512i ab = _mm512_packs_epi32((__m512i)a, (__m512i)b), cd = _mm512_packs_epi32((__m512i)c, (__m512i)d);
  __m512i byte = _mm512_set1_epi16(255), half = _mm512_set1_epi16(128);
  __m512i lows = _mm512_packus_epi16(_mm512_and_si512(ab, byte), _mm512_and_si512(cd, byte));
  __m512i highs = _mm512_packs_epi16(_mm512_srai_epi16(_mm512_add_epi16(ab, half), 8),
                                     _mm512_srai_epi16(_mm512_add_epi16(cd, half), 8));
  _mm512_storeu_si512(high, _mm512_permutexvar_epi32(order, highs));
  _mm512_storeu_si512(low, _mm512_permutexvar_epi32(order, lows));
#else
  kv_i32x16 parts[4] = {a, b, c, d};
  for (int i = 0; i < 4; i++) {
    kv_store_low_bytes(high + 16 * i, (parts[i] + 128) >> 8);
    kv_store_low_bytes(low + 16 * i, parts[i]);
  }
#endif
}
