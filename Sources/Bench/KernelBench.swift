import KernelABI

/// Each kernel at the sizes SmolLM2-135M gives it, on one thread: bytes it reads and operations it does a second.
struct KernelBench {
  let set: BenchSet
  private var kernels: KernelTable { self.set.table }

  func rows() -> [BenchRow] {
    [1, 8, 32, 512].map { multiplyPacked(rows: $0, outputs: 1_536) } + [multiplyPacked(rows: 1, outputs: 49_152)]
      + exactAttention() + elementwise()
  }

  private func row(_ what: String, _ seconds: Double, bytes: Int? = nil, operations: Int? = nil) -> BenchRow {
    BenchRow(
      set: kernels.name, what: what, threads: 1, gigabytesPerSecond: bytes.map { Double($0) / seconds / 1e9 },
      gigaoperationsPerSecond: operations.map { Double($0) / seconds / 1e9 })
  }

  /// The integer product of Q4_1 weights [outputs, 576].
  private func multiplyPacked(rows: Int, outputs: Int) -> BenchRow {
    let blocks = 18
    let recordBytes = PackedPanels.recordBytes(bits: 4, hasMinimum: true)
    let panels = outputs / 16
    // 0x33 in a half is 0.22 and in codes 3: any numbers do, as long as they are finite.
    let weights = BenchMemory<UInt8>(panels * blocks * recordBytes, filledWith: 0x33)
    let codes = BenchMemory<Int8>(rows * blocks * 32, filledWith: 3)
    let scales = BenchMemory<Float>(rows * blocks, filledWith: 0.01)
    let sums = BenchMemory<Int32>(rows * blocks, filledWith: 96)
    let out = BenchMemory<Float>(rows * outputs, filledWith: 0)
    let seconds = BenchTiming.leastSeconds {
      kernels.multiplyPacked(
        QuantisedRows(codes: codes.base, scales: scales.base, sums: sums.base, rows: rows, blocks: blocks),
        PackedPanels(records: weights.base, bits: 4, blocks: blocks, zero: 0, hasMinimum: true), 0..<panels, out.base,
        outputs)
    }
    return row(
      "multiplyPacked \(rows) x 576 x \(outputs)", seconds, bytes: weights.count,
      operations: 2 * rows * outputs * blocks * 32)
  }

  /// One KV head's half-precision keys and values of 2,048 tokens: a step's three query rows, and a prompt's tile.
  private func exactAttention() -> [BenchRow] {
    let (tokens, headDim) = (2_048, 64)
    let elements = BenchMemory<UInt16>(tokens * headDim, filledWith: 0x3000)
    let held = ExactRows(elements: elements.base, element: .float16, headDim: headDim)
    return [3, 48].flatMap { rows in
      let queries = BenchMemory<Float>(rows * headDim, filledWith: 0.1)
      let weights = BenchMemory<Float>(rows * tokens, filledWith: 0.001)
      let acc = BenchMemory<Float>(rows * headDim, filledWith: 0)
      let scores = BenchTiming.leastSeconds {
        kernels.keyScores(held, 0..<tokens / 16, queries.base, rows, weights.base, tokens)
      }
      let sums = BenchTiming.leastSeconds {
        kernels.accumulateValues(held, 0..<tokens, weights.base, tokens, rows, acc.base)
      }
      let (bytes, operations) = (tokens * headDim * 2, 2 * rows * tokens * headDim)
      return [
        row("keyScores \(rows) x \(tokens) float16", scores, bytes: bytes, operations: operations),
        row("accumulateValues \(rows) x \(tokens) float16", sums, bytes: bytes, operations: operations),
      ]
    }
  }

  private func elementwise() -> [BenchRow] {
    let (rows, width) = (64, 576)
    let x = BenchMemory<Float>(rows * width, filledWith: 0.5)
    let out = BenchMemory<Float>(rows * width, filledWith: 0)
    let weight = BenchMemory<Float>(width, filledWith: 1)
    let codes = BenchMemory<Int8>(rows * width, filledWith: 0)
    let scales = BenchMemory<Float>(rows * width / 32, filledWith: 0)
    let sums = BenchMemory<Int32>(rows * width / 32, filledWith: 0)
    let bytes = rows * width * 4
    return [
      row(
        "quantiseRows 64 x 576",
        BenchTiming.leastSeconds { kernels.quantiseRows(x.base, rows, width, codes.base, scales.base, sums.base) },
        bytes: bytes),
      row(
        "normaliseRootMeanSquare 64 x 576",
        BenchTiming.leastSeconds { kernels.normaliseRootMeanSquare(x.base, weight.base, 1e-5, rows, width, out.base) },
        bytes: bytes),
      row(
        "gate 64 x 576", BenchTiming.leastSeconds { kernels.gate(x.base, x.base, rows * width, out.base) }, bytes: bytes),
      row("maximum 36864", BenchTiming.leastSeconds { _ = kernels.maximum(x.base, rows * width) }, bytes: bytes),
      row(
        "exponentiate 36864",
        // In place and always from the same numbers: e^0 = 1, then e^(1 - 1).
        BenchTiming.leastSeconds { _ = kernels.exponentiate(x.base, rows * width, 1) }, bytes: bytes),
    ]
  }
}

/// Memory on a cache-line boundary for one benchmark.
final class BenchMemory<Element: BitwiseCopyable> {
  let base: UnsafeMutablePointer<Element>
  let count: Int

  init(_ count: Int, filledWith element: Element) {
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(64, count * MemoryLayout<Element>.stride), alignment: 64)
    base = raw.initializeMemory(as: Element.self, repeating: element, count: count)
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}
