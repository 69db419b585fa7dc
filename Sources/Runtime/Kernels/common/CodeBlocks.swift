import CIntrinsics
import KernelABI

/// Codes row by row, one a byte, into the blocks that `PackedKeyBlocks` describes.
@Sendable func packKeys(
  _ rows: UnsafePointer<UInt8>, _ blocks: Int, _ bits: Int, _ headDim: Int, _ out: UnsafeMutablePointer<UInt8>
) {
  switch bits {
  case 2: keyBlocks(blocks, headDim, bits: 2) { kv_pack_fours(rows + $0, headDim, $2, 2, out + $1) }
  case 4: keyBlocks(blocks, headDim, bits: 4) { kv_pack_fours(rows + $0, headDim, $2, 4, out + $1) }
  default: keyBlocks(blocks, headDim, bits: 8) { kv_pack_fours(rows + $0, headDim, $2, 8, out + $1) }
  }
}

/// The reverse of `packKeys`.
@Sendable func unpackKeys(
  _ codes: UnsafePointer<UInt8>, _ blocks: Int, _ bits: Int, _ headDim: Int, _ out: UnsafeMutablePointer<UInt8>
) {
  switch bits {
  case 2: keyBlocks(blocks, headDim, bits: 2) { kv_unpack_fours(codes + $1, $2, 2, out + $0, headDim) }
  case 4: keyBlocks(blocks, headDim, bits: 4) { kv_unpack_fours(codes + $1, $2, 4, out + $0, headDim) }
  default: keyBlocks(blocks, headDim, bits: 8) { kv_unpack_fours(codes + $1, $2, 8, out + $0, headDim) }
  }
}

/// Runs over 16 tokens by up to 64 channels: first row byte, first packed byte, fours of channels.
@inline(always) private func keyBlocks(
  _ blocks: Int, _ headDim: Int, bits: Int, _ body: (_ row: Int, _ packed: Int, _ fours: Int32) -> Void
) {
  var block = 0
  while block < blocks {
    var channel = 0
    while channel < headDim {
      let row = block * 16 * headDim + channel
      let packed = (block * headDim + channel) * 2 * bits
      let left = headDim - channel
      // A literal where it can be, so that whole rows are whole vectors.
      if left >= 64 { body(row, packed, 16) } else { body(row, packed, Int32(truncatingIfNeeded: left / 4)) }
      channel = channel + 64
    }
    block = block + 1
  }
}

/// Codes row by row, one a byte, into the blocks that `PackedValueBlocks` describes.
@Sendable func packValues(
  _ rows: UnsafePointer<UInt8>, _ blocks: Int, _ bits: Int, _ headDim: Int, _ out: UnsafeMutablePointer<UInt8>
) {
  switch bits {
  case 2: packValueLoop(rows, blocks, headDim, out, bits: 2)
  case 4: packValueLoop(rows, blocks, headDim, out, bits: 4)
  default: packValueLoop(rows, blocks, headDim, out, bits: 8)
  }
}

@inline(always) private func packValueLoop(
  _ rows: UnsafePointer<UInt8>, _ blocks: Int, _ headDim: Int, _ out: UnsafeMutablePointer<UInt8>, bits: Int
) {
  let together = 8 / bits
  var target = UnsafeMutableRawPointer(out)
  var block = 0
  while block < blocks {
    var channel = 0
    while channel < headDim {
      let source = rows + block * 16 * headDim + channel
      var four = 0
      while four < 4 {
        var vector = Ints()
        var i = 0
        while i < 4 * together {
          let shift = Ints(repeating: Int32(truncatingIfNeeded: i % 4 * 8 + i / 4 * bits))
          vector |= kv_load_bytes(source + (four * 4 + i) * headDim) &<< shift
          i = i + 1
        }
        kv_store_i32x16(target, vector)
        target = target + 64
        four = four + together
      }
      channel = channel + 16
    }
    block = block + 1
  }
}

/// The reverse of `packValues`.
@Sendable func unpackValues(
  _ codes: UnsafePointer<UInt8>, _ blocks: Int, _ bits: Int, _ headDim: Int, _ out: UnsafeMutablePointer<UInt8>
) {
  switch bits {
  case 2: unpackValueLoop(codes, blocks, headDim, out, bits: 2)
  case 4: unpackValueLoop(codes, blocks, headDim, out, bits: 4)
  default: unpackValueLoop(codes, blocks, headDim, out, bits: 8)
  }
}

@inline(always) private func unpackValueLoop(
  _ codes: UnsafePointer<UInt8>, _ blocks: Int, _ headDim: Int, _ out: UnsafeMutablePointer<UInt8>, bits: Int
) {
  let together = 8 / bits
  let mask = SIMD16<UInt32>(repeating: bits == 8 ? 255 : bits == 4 ? 15 : 3)
  var source = UnsafeRawPointer(codes)
  var block = 0
  while block < blocks {
    var channel = 0
    while channel < headDim {
      let target = out + block * 16 * headDim + channel
      var four = 0
      while four < 4 {
        let vector = kv_load_u32x16(source)
        var i = 0
        while i < 4 * together {
          let shift = SIMD16<UInt32>(repeating: UInt32(truncatingIfNeeded: i % 4 * 8 + i / 4 * bits))
          kv_store_low_bytes(
            target + (four * 4 + i) * headDim, unsafeBitCast((vector &>> shift) & mask, to: Ints.self))
          i = i + 1
        }
        source = source + 64
        four = four + together
      }
      channel = channel + 16
    }
    block = block + 1
  }
}
