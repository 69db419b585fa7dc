import KernelABI

/// Numbers that are all 0 or 1, in a byte each.
extension TensorMath {
  /// Whether operation(a, b) holds, number by number, of tensors that stretch to one shape.
  ///
  /// - Parameter sign: how the operation is written, for problems.
  /// - Throws: `RuntimeProblem` K701 if the shapes do not go together.
  public func apply(_ operation: TensorComparison, _ a: Tensor, _ b: Tensor, sign: String) throws -> Tensor {
    let walk = try Broadcast([a, b], for: sign)
    return Tensor(walk.shape, truths: try compare(operation, a, b, walk))
  }

  /// Whether each number is not 0, as NaN is not.
  public func truths(_ x: Tensor) throws -> Tensor {
    if case .truths = x.storage { return x.labelled(.bool) }
    return Tensor(x.shape, truths: try truths(of: x))
  }

  func truths(of x: Tensor) throws -> AlignedBuffer<UInt8> {
    if case .truths(let truths) = x.storage { return truths.bytes }
    let zero = Tensor(TensorShape(known: []), [0])
    return try compare(.unequal, x, zero, try Broadcast([x, zero], for: "!="))
  }

  private func compare(_ operation: TensorComparison, _ a: Tensor, _ b: Tensor, _ walk: Broadcast) throws
    -> AlignedBuffer<UInt8>
  {
    let out = try truthMemory(walk.shape)
    try runFloats(walk, a, b) { x, y, place, count in
      kernels.tensors.compare(operation, x, walk.steps[0], y, walk.steps[1], count, out.base + place)
    }
    return out
  }

  /// Memory for the truths of a shape, all 0.
  ///
  /// - Throws: `RuntimeProblem` K704 if there is not enough.
  func truthMemory(_ shape: TensorShape) throws -> AlignedBuffer<UInt8> {
    try check(shape, numberBytes: 1)
    return AlignedBuffer(count: shape.count, hugePages: true)
  }

  // MARK: Truths as floats

  /// The tensor with its numbers as floats, which are made once.
  ///
  /// - Throws: `RuntimeProblem` K704 if there is no memory for them.
  func floats(_ x: Tensor) throws -> Tensor {
    guard case .truths(let truths) = x.storage else { return x }
    if let made = truths.madeFloats { return Tensor(x.shape, made, x.element) }
    let out = try memory(x.shape)
    share(x.count) {
      kernels.tensors.widen(truths.bytes.base + $0.lowerBound, $0.count, out.base + $0.lowerBound)
    }
    return Tensor(x.shape, truths.keep(out), x.element)
  }

  /// Numbers widened at a time: two operands and a result stay in the first cache.
  private static let widenedNumbers = 2_048

  /// Runs `body` on parts of two operands' rows as floats. Truths of one long row are never floats in memory.
  ///
  /// - Throws: `RuntimeProblem` K704 if truths are widened and there is no memory for them.
  func runFloats(
    _ walk: Broadcast, _ a: Tensor, _ b: Tensor,
    _ body: (_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ out: Int, _ count: Int) -> Void
  ) throws {
    guard walk.rows == 1, a.isTruths || b.isTruths else {
      let (a, b) = (try floats(a), try floats(b))
      walk.run(self) { from, place, count in body(a.base + from.0, b.base + from.1, place, count) }
      return
    }
    let (aStep, bStep) = (walk.steps[0], walk.steps[1])
    walk.run(self) { from, place, count in
      let most = min(count, Self.widenedNumbers)
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * most) { area in
        guard let left = area.baseAddress else { return }
        for first in stride(from: 0, to: count, by: most) {
          let part = min(most, count - first)
          let x = read(a, from.0 + first * aStep, aStep == 0 ? 1 : part, into: left)
          let y = read(b, from.1 + first * bStep, bStep == 0 ? 1 : part, into: left + most)
          body(x, y, place + first, part)
        }
      }
    }
  }

  /// Numbers of a tensor as floats: where they lie, or truths widened into `area`.
  @inline(__always)
  func read(_ x: Tensor, _ first: Int, _ count: Int, into area: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
    switch x.storage {
    case .floats(let floats): return UnsafePointer(floats.base + first)
    case .truths(let truths):
      kernels.tensors.widen(truths.bytes.base + first, count, area)
      return UnsafePointer(area)
    }
  }

  // MARK: Truths in sums

  /// Numbers of a tensor from a place on folded into one.
  func fold(_ fold: TensorFold, _ x: Tensor, from first: Int, count: Int) -> Double {
    switch x.storage {
    case .floats(let floats): return kernels.tensors.fold(fold, floats.base + first, count)
    case .truths(let truths):
      let ones = kernels.tensors.countTruths(truths.bytes.base + first, count)
      switch fold {
      case .sum, .sumOfSquares, .sumOfMagnitudes: return Double(ones)
      case .minimum: return count == 0 ? .infinity : ones == count ? 1 : 0
      case .maximum: return count == 0 ? -.infinity : ones > 0 ? 1 : 0
      }
    }
  }
}
