import KernelABI

/// Each kernel at the sizes SmolLM2-135M gives it, on one thread: bytes it reads and operations it does a second.
struct KernelBench {
  let set: BenchSet
  private var kernels: KernelTable { self.set.table }

  func rows() -> [BenchRow] {
    [1, 8, 32, 512].map { multiplyPacked(rows: $0, outputs: 1_536) } + [multiplyPacked(rows: 1, outputs: 49_152)]
      + exactAttention() + [2, 4].flatMap(packedAttention)
      + [2, 4].map { PackedStepBench(set: self.set, bits: $0).row() } + elementwise()
  }

  private func row(_ what: String, _ seconds: Double, bytes: Int? = nil, operations: Int? = nil) -> BenchRow {
    BenchRow(
      set: kernels.name, what: what, threads: 1, gigabytesPerSecond: bytes.map { Double($0) / seconds / 1e9 },
      gigaoperationsPerSecond: operations.map { Double($0) / seconds / 1e9 })
  }

  /// The integer product of Q4_1 weights [outputs, 576].
  private func multiplyPacked(rows: Int, outputs: Int) -> BenchRow {
    let blocks = 18
    let layout = PackedLayout(.nibbles, hasMinimum: true)
    let panels = outputs / 16
    // 0x33 in a half is 0.22 and in codes 3, 0x3c in a float 0.011: any numbers do, as long as they are finite.
    let weights = BenchMemory<UInt8>((panels + 1) / 2 * layout.pairBytes(blocks: blocks), filledWith: 0x33)
    let lines = BenchMemory<UInt8>(rows * blocks * QuantisedRows.lineBytes, filledWith: 0x3c)
    let out = BenchMemory<Float>(rows * outputs, filledWith: 0)
    let seconds = BenchTiming.leastSeconds {
      kernels.multiplyPacked(
        QuantisedRows(lines: lines.base, rows: rows, blocks: blocks),
        PackedPanels(records: weights.base, layout: layout, blocks: blocks), 0..<panels, out.base, outputs)
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
      weights.fill(0.001)
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

  /// The same head packed in groups of 32: a step's three query rows.
  private func packedAttention(bits: Int) -> [BenchRow] {
    let (tokens, headDim, rows) = (2_048, 64, 3)
    let codes = BenchMemory<UInt8>(tokens * headDim * bits / 8, filledWith: 0x1b)
    let scales = BenchMemory<UInt16>(tokens * headDim / 32, filledWith: 0x3000)
    let queries = BenchMemory<Float>(rows * headDim, filledWith: 0.1)
    let weights = BenchMemory<Float>(rows * tokens, filledWith: 0.001)
    let acc = BenchMemory<Float>(rows * headDim, filledWith: 0)
    let scratch = BenchMemory<UInt8>(
      max(PackedKeyBlocks.scratchBytes(headDim: headDim), PackedValueBlocks.scratchBytes), filledWith: 0)
    let keys = PackedKeyBlocks(
      codes: codes.base, scales: scales.base, minima: scales.base, bits: bits, headDim: headDim, groupBlocks: 2)
    let values = PackedValueBlocks(
      codes: codes.base, scales: scales.base, minima: scales.base, scaleStride: headDim / 32 * 32, bits: bits,
      headDim: headDim, groupChannels: 32)
    let scores = BenchTiming.leastSeconds {
      kernels.packedKeyScores(keys, 0..<tokens / 16, queries.base, rows, weights.base, tokens, scratch.base)
    }
    weights.fill(0.001)
    let sums = BenchTiming.leastSeconds {
      kernels.accumulatePackedValues(values, 0..<tokens, weights.base, tokens, rows, acc.base, scratch.base)
    }
    // Codes, scales and minima.
    let bytes = codes.count + 4 * scales.count
    let operations = 2 * rows * tokens * headDim
    return [
      row("packedKeyScores \(rows) x \(tokens) \(bits)-bit", scores, bytes: bytes, operations: operations),
      row("accumulatePackedValues \(rows) x \(tokens) \(bits)-bit", sums, bytes: bytes, operations: operations),
    ]
  }

  private func elementwise() -> [BenchRow] {
    let (rows, width) = (64, 576)
    let x = BenchMemory<Float>(rows * width, filledWith: 0.5)
    let out = BenchMemory<Float>(rows * width, filledWith: 0)
    let weight = BenchMemory<Float>(width, filledWith: 1)
    let codes = BenchMemory<Int8>(rows * width, filledWith: 0)
    let scales = BenchMemory<Float>(rows * width / 32, filledWith: 0)
    let sums = BenchMemory<Int32>(rows * width / 16, filledWith: 0)
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
        "gate 64 x 576", BenchTiming.leastSeconds { kernels.gate(x.base, x.base, rows * width, out.base) }, bytes: bytes
      ),
      row("maximum 36864", BenchTiming.leastSeconds { _ = kernels.maximum(x.base, rows * width) }, bytes: bytes),
      row(
        "exponentiate 36864",
        // In place and always from the same numbers: e^0 = 1, then e^(1 - 1).
        BenchTiming.leastSeconds { _ = kernels.exponentiate(x.base, rows * width, 1) }, bytes: bytes),
    ]
  }
}
