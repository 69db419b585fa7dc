import CIntrinsics
import KernelABI

/// out = code * scale + minimum; the count is a multiple of 16. Not fused, so that every set gives the same bits.
@Sendable func restoreUniform(
  _ codes: UnsafePointer<UInt8>, _ count: Int, _ scale: Float, _ minimum: Float, _ out: UnsafeMutablePointer<Float>
) {
  var i = 0
  while i < count {
    storeFloats(kv_float_from_int(kv_load_bytes(codes + i)) * scale + minimum, out + i)
    i = i + 16
  }
}

/// Codes with one scale and minimum, and what they miss.
@Sendable func quantiseUniform(
  _ x: UnsafePointer<Float>, _ rows: Int, _ width: Int, _ scale: Float, _ minimum: Float, _ levels: Float,
  _ codes: UnsafeMutablePointer<UInt8>, _ errorsPerUnit: Float, _ errors: UnsafeMutablePointer<Int16>,
  _ errorStride: Int
) {
  var row = 0
  while row < rows {
    kv_quantise_uniform(
      x + row * width, width, scale, minimum, levels, codes + row * width, errorsPerUnit, FixedRows.most,
      errors + row * errorStride)
    row = row + 1
  }
}

/// Exact keys [block, headDim, 16] as rows [16 * blocks, headDim].
@Sendable func keyRows(_ keys: ExactRows, _ blocks: Range<Int>, _ out: UnsafeMutablePointer<Float>) {
  let d = keys.headDim
  var block = blocks.lowerBound
  while block < blocks.upperBound {
    var channel = 0
    while channel < d {
      let source = keys.elements + (block * d + channel) * 16 * keys.element.bytes
      let target = out + (block - blocks.lowerBound) * 16 * d + channel
      switch keys.element {
      case .float32: kv_transpose_elements(source, 4, target, d)
      case .float16: kv_transpose_elements(source, 2, target, d)
      case .bfloat16: kv_transpose_elements(source, 0, target, d)
      }
      channel = channel + 16
    }
    block = block + 1
  }
}
