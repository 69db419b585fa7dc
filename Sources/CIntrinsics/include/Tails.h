// Order statistics of keys, and codes of numbers with one scale.
#pragma once
// Every function is inlined, so no vector crosses a call whose convention depends on the instruction set.
#pragma clang diagnostic ignored "-Wpsabi"
#include "Fixed.h"

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

// A bit for each of 64 codes that is 0 or at least `levels`, which is above 0.
KV_INLINE uint64_t kv_outermost64(const uint8_t *codes, uint8_t levels) {
#if defined(__AVX512BW__)
  __m512i below = _mm512_sub_epi8(_mm512_loadu_si512(codes), _mm512_set1_epi8(1));
  return _mm512_cmpge_epu8_mask(below, _mm512_set1_epi8((char)(levels - 1)));
#else
  typedef uint8_t u8x16 __attribute__((ext_vector_type(16)));
  uint64_t bits = 0;
  for (int part = 0; part < 4; part++) {
    u8x16 code;
    memcpy(&code, codes + 16 * part, 16);
    // What is 0 wraps to the largest.
    kv_u32x16 truth = (kv_u32x16)__builtin_convertvector((u8x16)(code - 1) >= (uint8_t)(levels - 1), kv_i32x16);
    bits |= (uint64_t)kv_lane_bits((kv_i32x16)truth) << (16 * part);
  }
  return bits;
#endif
}

// Appends those of `lanes` that are not between low and high, and their places, which `first` is added to; 16 of each are
// written. Returns how many there are.
KV_INLINE int kv_append_outside(kv_f32x16 x, float low, float high, unsigned lanes, uint32_t first,
                                const uint32_t *from, float *values, uint32_t *places) {
  kv_u32x16 place;
  memcpy(&place, from, 64);
  kv_i32x16 between = (x > low) & (x < high);
  return kv_append_chosen(kv_lane_bits(~between) & lanes, x, place + first, values, places);
}

// Lists the numbers of the bits that are set, each plus `first`; 16 behind the last may be written. Returns how many.
KV_INLINE long kv_list_bits(uint64_t bits, uint32_t first, uint32_t *out) {
  long count = 0;
#if defined(__AVX512F__)
  // A loop that ends after another number of turns each time would cost more.
  __m512i lanes = _mm512_add_epi32(_mm512_set1_epi32((int)first),
                                   _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  for (int part = 0; part < 4; part++) {
    __mmask16 mask = (__mmask16)(bits >> (16 * part));
    _mm512_storeu_si512(out + count, _mm512_maskz_compress_epi32(mask, lanes));
    count += __builtin_popcount(mask);
    lanes = _mm512_add_epi32(lanes, _mm512_set1_epi32(16));
  }
#else
  for (; bits; bits &= bits - 1) out[count++] = first + (uint32_t)__builtin_ctzll(bits);
#endif
  return count;
}

// Sixteen numbers of a run of tokens that is held as codes, one a byte, where 255 is an exact number and the highest bit
// says nothing, and of a low-rank part: q [token block, rank, 16], p [rank, width]. Nothing is fused. Four bytes are read
// of a code.
KV_INLINE kv_f32x16 kv_restore_coded(const uint32_t *places, const uint8_t *codes, const float *numbers, float scale,
                                     float minimum, const float *q, const float *p, long rank, int width) {
#pragma clang fp contract(off)
  kv_u32x16 place;
  memcpy(&place, places, 64);
  kv_u32x16 token = (kv_u32x16)__builtin_convertvector(
      (__builtin_convertvector((kv_i32x16)place, kv_f32x16) + 0.5f) * (1 / (float)width), kv_i32x16);
  kv_u32x16 channel = place - token * (uint32_t)width;
  kv_u32x16 factor = (token >> 4) * (uint32_t)rank * 16 + (token & 15);
#if defined(__AVX512F__)
  __m512i code = _mm512_and_si512(_mm512_i32gather_epi32((__m512i)place, codes, 1), _mm512_set1_epi32(255));
  __m512i level = _mm512_and_si512(code, _mm512_set1_epi32(127));
  __m512 number = _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(level), _mm512_set1_ps(scale)),
                                _mm512_set1_ps(minimum));
  __mmask16 isExact = _mm512_cmpeq_epi32_mask(code, _mm512_set1_epi32(255));
  number = _mm512_mask_i32gather_ps(number, isExact, (__m512i)place, numbers, 4);
  for (long j = 0; j < rank; j++) {
    __m512 a = _mm512_i32gather_ps((__m512i)channel, p + j * width, 4);
    __m512 b = _mm512_i32gather_ps((__m512i)factor, q + j * 16, 4);
    number = _mm512_add_ps(number, _mm512_mul_ps(a, b));
  }
  return (kv_f32x16)number;
#else
  uint32_t places16[16], channels[16], factors[16];
  memcpy(places16, &place, 64);
  memcpy(channels, &channel, 64);
  memcpy(factors, &factor, 64);
  float sums[16];
  for (int i = 0; i < 16; i++) {
    uint8_t code = codes[places16[i]];
    float number = (float)(code & 127) * scale + minimum;
    if (code == 255) number = numbers[places16[i]];
    for (long j = 0; j < rank; j++) number = number + p[j * width + channels[i]] * q[factors[i] + j * 16];
    sums[i] = number;
  }
  kv_f32x16 x;
  memcpy(&x, sums, 64);
  return x;
#endif
}

// Copies the keys from `low` to `high`, of which there is room for all; returns how many there are.
KV_INLINE long kv_keys_within(const uint32_t *keys, long count, uint32_t low, uint32_t high, uint32_t *out) {
  long found = 0, i = 0;
  for (; i + 16 <= count; i += 16) {
    kv_u32x16 key;
    memcpy(&key, keys + i, 64);
    for (unsigned within = kv_lane_bits((key >= low) & (key <= high)); within; within &= within - 1)
      out[found++] = keys[i + __builtin_ctz(within)];
  }
  for (; i < count; i++)
    if (keys[i] >= low && keys[i] <= high) out[found++] = keys[i];
  return found;
}

// Widens a range from `near` on until the key is in it, then halves it until one is left; once few keys are in it, they
// alone are counted.
KV_INLINE uint32_t kv_order_statistic(const uint32_t *keys, long count, long rank, uint32_t near) {
  uint32_t few[1024], low = 0, high = UINT32_MAX;
  long below = 0, upTo = kv_count_at_most(keys, count, near);  // keys below low, and up to high
  if (upTo > rank) {
    high = near;
    for (int shift = 14; shift < 32 && near >= 1u << shift && low == 0; shift += 4) {
      long atMost = kv_count_at_most(keys, count, near - (1u << shift));
      if (atMost > rank) {
        high = near - (1u << shift);
        upTo = atMost;
      } else {
        low = near - (1u << shift) + 1;
        below = atMost;
      }
    }
  } else {
    low = near + 1;
    below = upTo;
    upTo = count;
    for (int shift = 14; shift < 32 && near <= UINT32_MAX - (1u << shift) && high == UINT32_MAX; shift += 4) {
      long atMost = kv_count_at_most(keys, count, near + (1u << shift));
      if (atMost > rank) {
        high = near + (1u << shift);
        upTo = atMost;
      } else {
        low = near + (1u << shift) + 1;
        below = atMost;
      }
    }
  }
  while (low < high) {
    if (keys != few && upTo - below <= 1024) {
      count = kv_keys_within(keys, count, low, high, few);
      keys = few;
      rank -= below;
      below = 0;
      upTo = count;
    }
    uint32_t middle = low + (high - low) / 2;
    long atMost = kv_count_at_most(keys, count, middle);
    if (atMost > rank) {
      high = middle;
      upTo = atMost;
    } else {
      low = middle + 1;
      below = atMost;
    }
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

#if defined(__AVX512DQ__)
// 64 numbers of `kv_quantise_uniform`; false, and nothing that counts is written, if a quotient lies beside the middle of
// two codes.
KV_INLINE int kv_quantise_near64(const float *x, float scale, float inverse, float minimum, float top, uint8_t *codes,
                                 float perUnit, float most, int16_t *errors) {
#pragma clang fp contract(off)
  const __m512 zero = _mm512_setzero_ps(), magic = _mm512_set1_ps(12582912), limit = _mm512_set1_ps(top);
  const __m512 low = _mm512_set1_ps(minimum), step = _mm512_set1_ps(scale);
  __m512 rest = zero;
  __m512i shifted[4];
  for (int k = 0; k < 4; k++) {
    __m512 number = _mm512_loadu_ps(x + 16 * k);
    // The maximum takes its second operand beside NaN.
    __m512 level = _mm512_max_ps(_mm512_mul_ps(_mm512_sub_ps(number, low), _mm512_set1_ps(inverse)), zero);
    level = _mm512_min_ps(level, limit);
    __m512 sum = _mm512_add_ps(level, magic), code = _mm512_sub_ps(sum, magic);
    rest = _mm512_range_ps(rest, _mm512_sub_ps(level, code), 0xb);  // the larger by magnitude, without its sign
    shifted[k] = _mm512_castps_si512(sum);
    __m512 error = _mm512_sub_ps(number, _mm512_add_ps(_mm512_mul_ps(code, step), low));
    kv_store_fixed16(errors + 16 * k, (kv_f32x16)_mm512_mul_ps(error, _mm512_set1_ps(perUnit)), most);
  }
  if (_mm512_cmp_ps_mask(rest, _mm512_set1_ps(0.4999f), _CMP_GT_OQ)) return 0;
  const __m512i byte = _mm512_set1_epi32(255), order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7,
                                                                         11, 15);
  for (int k = 0; k < 4; k++) shifted[k] = _mm512_and_si512(shifted[k], byte);
  __m512i ab = _mm512_packus_epi32(shifted[0], shifted[1]), cd = _mm512_packus_epi32(shifted[2], shifted[3]);
  _mm512_storeu_si512(codes, _mm512_permutexvar_epi32(order, _mm512_packus_epi16(ab, cd)));
  return 1;
}
#endif

// Codes of numbers with one scale and minimum, and what they miss, `perUnit` to one and at most `most`; NaN has code 0 and
// error 0. Nothing is fused, so that every instruction set gives the same bits.
KV_INLINE void kv_quantise_uniform(const float *x, long count, float scale, float minimum, float top, uint8_t *codes,
                                   float perUnit, float most, int16_t *errors) {
#pragma clang fp contract(off)
  const float magic = 12582912;
  // The quotient by multiplication may miss the exact one by a few units in the last place, which matters beside the
  // middle of two codes only.
  float inverse = scale > 0 ? 1 / scale : 0;
  int isInverse = scale > 0 && inverse < __builtin_inff();
  long i = 0;
#if defined(__AVX512DQ__)
  for (; isInverse && i + 64 <= count && kv_quantise_near64(x + i, scale, inverse, minimum, top, codes + i, perUnit, most,
                                                    errors + i);)
    i += 64;
#endif
  for (; i < count; i += 16) {
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
    kv_store_fixed16(errors + i, error * perUnit, most);
  }
}

// Stores 16 numbers for each of `parts` rounded to integers, 0 where a byte is 255. Returns a bit for each that is beyond
// `most`, which is below 2^15, once it is rounded, or not a number; what is stored of those may be anything.
KV_INLINE uint64_t kv_store_rounded(int16_t *out, const kv_f32x16 *x, const uint8_t *codes, int parts, int most) {
#if defined(__AVX512BW__)
  if (parts == 4) {
    // Not a number becomes the lowest of all.
    __m512i ab = _mm512_packs_epi32(_mm512_cvtps_epi32((__m512)x[0]), _mm512_cvtps_epi32((__m512)x[1]));
    __m512i cd = _mm512_packs_epi32(_mm512_cvtps_epi32((__m512)x[2]), _mm512_cvtps_epi32((__m512)x[3]));
    const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), limit = _mm512_set1_epi16((short)most);
    __mmask64 isCode = _mm512_cmpneq_epi8_mask(_mm512_loadu_si512(codes), _mm512_set1_epi8(-1));
    ab = _mm512_maskz_mov_epi16((__mmask32)isCode, _mm512_permutexvar_epi64(order, ab));
    cd = _mm512_maskz_mov_epi16((__mmask32)(isCode >> 32), _mm512_permutexvar_epi64(order, cd));
    _mm512_storeu_si512(out, ab);
    _mm512_storeu_si512(out + 32, cd);
    uint64_t low = _mm512_cmpgt_epu16_mask(_mm512_abs_epi16(ab), limit);
    uint64_t high = _mm512_cmpgt_epu16_mask(_mm512_abs_epi16(cd), limit);
    return low | high << 32;
  }
#endif
  uint64_t beyond = 0;
  for (int k = 0; k < parts; k++) {
    kv_i32x16 isCode = kv_load_bytes(codes + 16 * k) != 255;
    kv_f32x16 number = (kv_f32x16)((kv_i32x16)x[k] & isCode);
    kv_store_near16(out + 16 * k, number);
    kv_i32x16 isNear = (number < (float)most + 0.5f) & (number > -(float)most - 0.5f);
    beyond |= (uint64_t)kv_lane_bits(~isNear) << (16 * k);
  }
  return beyond;
}

// `kv_restore_fixed` for a rank that may be a constant.
KV_INLINE long kv_restore_fixed_of(const uint8_t *codes, long tokens, long width, float scale, float minimum, int most,
                                   const float *q, const float *p, long rank, int16_t *out, long stride,
                                   uint32_t *places) {
  long found = 0;
  for (long token = 0; token < tokens; token++) {
    const float *factors = q + (token / 16 * rank) * 16 + token % 16;
    for (long first = 0; first < width; first += 64) {
      int parts = width - first < 64 ? (int)(width - first) / 16 : 4;
      const uint8_t *from = codes + token * width + first;
      kv_f32x16 x[4];
#pragma clang loop unroll(full)
      for (int k = 0; k < 4; k++)
        if (k < parts) x[k] = kv_float_from_int(kv_load_bytes(from + 16 * k)) * scale + minimum;
      for (long j = 0; j < rank; j++) {
        float factor = factors[j * 16];
#pragma clang loop unroll(full)
        for (int k = 0; k < 4; k++) {
          if (k >= parts) break;
          kv_f32x16 direction;
          memcpy(&direction, p + j * width + first + 16 * k, 64);
          x[k] = direction * factor + x[k];
        }
      }
      uint64_t beyond = kv_store_rounded(out + token * stride + first, x, from, parts, most);
      for (; __builtin_expect(beyond != 0, 0); beyond &= beyond - 1)
        places[found++] = (uint32_t)(token * width + first + __builtin_ctzll(beyond));
    }
  }
  return found;
}

// Numbers of a run of tokens that is held as codes, one a byte, and a low-rank part, q [token block, rank, 16] and
// p [rank, width], rounded to integers, 0 where the byte is 255, token by token `stride` apart. Lists the places of those
// that are beyond `most`, which is below 2^15, once rounded; returns how many. The width is a multiple of 16.
KV_INLINE long kv_restore_fixed(const uint8_t *codes, long tokens, long width, float scale, float minimum, int most,
                                const float *q, const float *p, long rank, int16_t *out, long stride,
                                uint32_t *places) {
  if (rank == 3 && width == 64)
    return kv_restore_fixed_of(codes, tokens, 64, scale, minimum, most, q, p, 3, out, stride, places);
  return kv_restore_fixed_of(codes, tokens, width, scale, minimum, most, q, p, rank, out, stride, places);
}
