import KernelABI

/// Activations [rows, width] in the forms the products take: floats, and signed bytes made on demand.
struct Activations {
  var floats = GrowingBuffer<Float>()
  private var codes = GrowingBuffer<Int8>()
  private var scales = GrowingBuffer<Float>()
  private var sums = GrowingBuffer<Int32>()
  private var lines = GrowingBuffer<UInt8>()

  mutating func reserve(rows: Int, width: Int) {
    floats.reserve(rows * width)
    codes.reserve(rows * width)
    scales.reserve(rows * width / 32)
    sums.reserve(rows * width / 16)
    lines.reserve(rows * width / 32 * QuantisedRows.lineBytes)
  }

  /// Rounds the first `rows` rows, each on its own, so a row's codes do not depend on the batch.
  func quantise(rows: Int, width: Int, _ kernels: KernelTable, _ pool: WorkerPool) {
    pool.run(over: rows, grain: 8) { range in
      let first = range.lowerBound
      let block = first * width / 32
      kernels.quantiseRows(
        floats.base + first * width, range.count, width, codes.base + first * width, scales.base + block,
        sums.base + 2 * block)
      for block in block..<range.upperBound * width / 32 { writeLine(block) }
    }
  }

  /// Lays a block's codes beside what products need of it, see `QuantisedRows`.
  @inline(__always) private func writeLine(_ block: Int) {
    let line = UnsafeMutableRawPointer(lines.base) + block * QuantisedRows.lineBytes
    line.copyMemory(from: codes.base + block * 32, byteCount: 32)
    let scale = scales.base[block]
    let first = sums.base[2 * block]
    let second = sums.base[2 * block + 1]
    let parts = SIMD4<Int32>(first &+ second, first, second, 0)
    let scaled = scale * SIMD4<Float>(parts)
    line.storeBytes(of: SIMD4<Float>(scale, scaled.x, scaled.y, scaled.z), toByteOffset: 32, as: SIMD4<Float>.self)
    line.storeBytes(of: parts &* -128, toByteOffset: 48, as: SIMD4<Int32>.self)
  }

  func quantised(rows: Int, width: Int) -> QuantisedRows {
    QuantisedRows(lines: lines.base, rows: rows, blocks: width / 32)
  }
}
