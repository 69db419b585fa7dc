import KernelABI

/// What works on tensors: kernels of one instruction set, and threads to share large work.
///
/// Results do not depend on the threads: numbers are cut into parts that depend on their count alone.
public struct TensorMath: Sendable {
  let kernels: KernelTable
  /// nil: the calling thread does all, as inside an engine whose threads are taken.
  let pool: WorkerPool?

  init(kernels: KernelTable, pool: WorkerPool?) {
    self.kernels = kernels
    self.pool = pool
  }

  /// - Parameter pool: threads that share large work; nil leaves all to the calling thread.
  public init(kernels set: InstructionSet, pool: WorkerPool?) { self.init(kernels: set.table, pool: pool) }

  /// For the caller's thread alone, with the best kernels of this processor or those that `KVSH_KERNELS` names.
  ///
  /// - Throws: `RuntimeProblem` K601.
  public static func serial() throws -> TensorMath { TensorMath(kernels: try InstructionSet.chosen().table, pool: nil) }

  /// Numbers one tensor may have: 2 GiB.
  public static let mostNumbers = 1 << 29
  /// From here on the machine is asked whether it has the memory.
  private static let askedBytes = 64 << 20
  /// Numbers in the parts that threads share.
  static let partNumbers = 1 << 16

  /// Memory for the numbers of a shape, all 0.
  ///
  /// - Throws: `RuntimeProblem` K704 if there is not enough.
  func memory(_ shape: TensorShape) throws -> AlignedBuffer<Float> {
    try check(shape)
    return AlignedBuffer(count: shape.count, hugePages: true)
  }

  /// - Throws: `RuntimeProblem` K704 if there is no memory for the numbers of a shape.
  func check(_ shape: TensorShape, numberBytes: Int = MemoryLayout<Float>.size) throws {
    guard shape.count <= Self.mostNumbers else { throw TensorProblems.tooLarge(shape.sizes, limit: Self.mostNumbers) }
    let bytes = shape.count * numberBytes
    if bytes >= Self.askedBytes, let available = SystemMemory.availableBytes, bytes > available {
      throw RuntimeProblem(
        "K704", seen: "a tensor of shape \(shape) needs \(bytes.grouped) bytes",
        expected: "at most the \(available.grouped) bytes that the machine has left", suggestion: "work on a slice")
    }
  }

  /// Runs `body` over parts of 0 ..< count, on all threads where there is enough to share.
  func share(_ count: Int, part: Int = partNumbers, _ body: (Range<Int>) -> Void) {
    guard let pool, pool.threads > 1, count > part else { return body(0..<count) }
    let parts = (count + part - 1) / part
    pool.run(parts) { index in body(index * part..<min(count, (index + 1) * part)) }
  }

  /// Runs `body` over parts of `rows` rows of `width` numbers each.
  func shareRows(_ rows: Int, width: Int, _ body: (Range<Int>) -> Void) {
    share(rows, part: max(1, Self.partNumbers / max(width, 1)), body)
  }

  // MARK: Making tensors

  /// One number everywhere.
  public func full(_ sizes: [Int], _ number: Float) throws -> Tensor {
    let shape = try TensorShape(sizes)
    let storage = try memory(shape)
    if number != 0 { share(shape.count) { (storage.base + $0.lowerBound).update(repeating: number, count: $0.count) } }
    return Tensor(shape, storage)
  }

  /// first, first + step, ... below `end`, as NumPy's arange.
  public func range(from first: Double, to end: Double, by step: Double) throws -> Tensor {
    guard step != 0, first.isFinite, end.isFinite, step.isFinite else {
      throw RuntimeProblem("K705", seen: "arange(\(first), \(end), \(step))", expected: "finite ends and a step")
    }
    let steps = ((end - first) / step).rounded(.up)
    guard steps <= Double(Self.mostNumbers) else {
      throw TensorProblems.tooLarge([Int(min(steps, 1e18))], limit: Self.mostNumbers)
    }
    let shape = TensorShape(known: [max(0, Int(steps))])
    let storage = try memory(shape)
    share(shape.count) { part in for place in part { storage.base[place] = Float(first + Double(place) * step) } }
    let isWhole = first == first.rounded() && step == step.rounded() && max(abs(first), abs(end)) <= 16_777_216
    return Tensor(shape, storage, isWhole ? .int32 : .float32)
  }

  /// Standard normal numbers: number i is a function of (seed, i) and of nothing else.
  public func normal(_ sizes: [Int], seed: UInt64) throws -> Tensor {
    let shape = try TensorShape(sizes)
    let storage = try memory(shape)
    let noise = TensorNoise(seed: seed)
    share(shape.count) { part in
      // A pair of numbers comes from one pair of uniform ones; parts begin at even places.
      for pair in part.lowerBound / 2..<(part.upperBound + 1) / 2 {
        let (a, b) = noise.normals(pair: pair)
        storage.base[2 * pair] = a
        if 2 * pair + 1 < part.upperBound { storage.base[2 * pair + 1] = b }
      }
    }
    return Tensor(shape, storage)
  }
}
