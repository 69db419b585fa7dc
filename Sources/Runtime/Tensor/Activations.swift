import KernelABI

/// Memory for activations [rows, width] in the forms the products take: floats, and signed bytes made on demand.
struct Activations {
  private var floatNumbers = GrowingBuffer<Float>()
  private var codes = GrowingBuffer<Int8>()
  private var scales = GrowingBuffer<Float>()
  private var sums = GrowingBuffer<Int32>()
  private var lines = GrowingBuffer<UInt8>()
  /// Where they lie, until room is made for more.
  private(set) var placed: PlacedActivations

  init() {
    placed = PlacedActivations(
      floats: floatNumbers.base, codes: codes.base, scales: scales.base, sums: sums.base, lines: lines.base)
  }

  mutating func reserve(rows: Int, width: Int) {
    floatNumbers.reserve(rows * width)
    codes.reserve(rows * width)
    scales.reserve(rows * width / 32)
    sums.reserve(rows * width / 16)
    lines.reserve(rows * width / 32 * QuantisedRows.lineBytes)
    placed = PlacedActivations(
      floats: floatNumbers.base, codes: codes.base, scales: scales.base, sums: sums.base, lines: lines.base)
  }

  var floats: UnsafeMutablePointer<Float> { placed.floats }  // [rows, width]
}

/// Activations as products read them: addresses, so that a step counts no reference to their memory.
struct PlacedActivations: BitwiseCopyable {
  let floats: UnsafeMutablePointer<Float>
  fileprivate let codes: UnsafeMutablePointer<Int8>
  fileprivate let scales: UnsafeMutablePointer<Float>
  fileprivate let sums: UnsafeMutablePointer<Int32>
  fileprivate let lines: UnsafeMutablePointer<UInt8>

  /// Rounds the first `rows` rows, each on its own, so a row's codes do not depend on the batch.
  func quantise(rows: Int, width: Int, _ kernels: KernelTable, _ pool: WorkerPool) {
    pool.run(over: rows, grain: 8, Quantising(activations: self, width: width, kernels: Uncounted(kernels)))
  }

  func quantised(rows: Int, width: Int) -> QuantisedRows {
    QuantisedRows(lines: lines, rows: rows, blocks: width / 32)
  }
}

/// Rounding of rows.
private struct Quantising: RangeWork {
  let activations: PlacedActivations
  let width: Int
  let kernels: Uncounted<KernelTable>

  func run(_ rows: Range<Int>) {
    let first = rows.lowerBound
    let block = first * width / 32
    kernels.with {
      $0.quantiseRows(
        activations.floats + first * width, rows.count, width, activations.codes + first * width,
        activations.scales + block, activations.sums + 2 * block)
    }
    for block in block..<rows.upperBound * width / 32 { writeLine(block) }
  }

  /// Lays a block's codes beside what products need of it, see `QuantisedRows`.
  @inline(__always) private func writeLine(_ block: Int) {
    let line = UnsafeMutableRawPointer(activations.lines) + block * QuantisedRows.lineBytes
    line.copyMemory(from: activations.codes + block * 32, byteCount: 32)
    let scale = activations.scales[block]
    let first = activations.sums[2 * block]
    let second = activations.sums[2 * block + 1]
    let parts = SIMD4<Int32>(first &+ second, first, second, 0)
    let scaled = scale * SIMD4<Float>(parts)
    line.storeBytes(of: SIMD4<Float>(scale, scaled.x, scaled.y, scaled.z), toByteOffset: 32, as: SIMD4<Float>.self)
    line.storeBytes(of: parts &* -128, toByteOffset: 48, as: SIMD4<Int32>.self)
  }
}
