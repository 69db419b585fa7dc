// Functions of every lane that Swift's SIMD types do not reach in one instruction.
#pragma once
// Every function is inlined, so no vector crosses a call whose convention depends on the instruction set.
#pragma clang diagnostic ignored "-Wpsabi"
#include "CIntrinsics.h"

KV_INLINE kv_f32x16 kv_square_root_f32x16(kv_f32x16 x) { return __builtin_elementwise_sqrt(x); }

// To the nearest whole number, ties to even.
KV_INLINE kv_f32x16 kv_round_f32x16(kv_f32x16 x) { return __builtin_elementwise_rint(x); }

KV_INLINE kv_f32x16 kv_floor_f32x16(kv_f32x16 x) { return __builtin_elementwise_floor(x); }

KV_INLINE kv_f32x16 kv_ceiling_f32x16(kv_f32x16 x) { return __builtin_elementwise_ceil(x); }

KV_INLINE kv_f32x16 kv_floats_from_ints(kv_i32x16 x) { return __builtin_convertvector(x, kv_f32x16); }
