import KernelABI

/// The keys and values of one layer of one sequence, in the format of its codec, attended where they lie.
///
/// Tokens are numbered by slot, per head and from 0; what their positions are is not the store's business. Token ranges
/// handed to `scores` and `accumulate` begin at a multiple of `LayerStore.alignment`, and a row of scores has room for
/// the range rounded up to it. Heads are independent: different heads may be read or appended at the same time.
public protocol LayerStore: AnyObject {
  /// Tokens held for a head.
  func count(head: Int) -> Int

  /// Appends tokens in full precision; row i of keys and values is at `i * stride`, headDim elements long.
  func append(
    head: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int)

  /// Makes room for tokens of every head; called by one thread, before `append`, which heads may call at the same time.
  func makeRoom(_ tokens: Int)

  /// Takes over what a store of the same layer and configuration holds, in memory of its own; false, and nothing is changed,
  /// if stores of this kind cannot. Nothing may have been appended here.
  func copy(_ other: any LayerStore) -> Bool

  /// Bytes moved to bring new tokens behind the old ones since the last call; 0 if the store does not count them.
  func takeMovedBytes() -> Int

  /// A head's keys and values as kernels take them, if all of them lie so, exact and one behind the other.
  func exactRows(head: Int) -> (keys: ExactRows, values: ExactRows)?

  /// out[row * outStride + i] = query row . key of slot tokens.lowerBound + i; queries [rows, headDim].
  func scores(
    head: Int, queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, out: UnsafeMutablePointer<Float>,
    outStride: Int)

  /// acc[row, :] += sum over the range of weights[row * weightStride + i] * value of slot tokens.lowerBound + i.
  func accumulate(
    head: Int, weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    acc: UnsafeMutablePointer<Float>)

  /// Keeps the given slots, ascending, and drops the rest; legal while every token is still exact.
  func keep(head: Int, slots: [Int])

  /// Keeps the same slots of several heads.
  func keep(heads: Range<Int>, slots: [Int])

  /// Drops one slot and moves the last one into its place; legal if `removesTokens`.
  func remove(head: Int, slot: Int)

  /// Whether single tokens can leave after the prompt.
  var removesTokens: Bool { get }

  /// The largest magnitudes [headDim] of a KV head's queries over the prompt, if they were asked for; before tokens leave.
  func observeQueryMaxima(head: Int, _ maxima: UnsafePointer<Float>)

  /// Slots of the lower tier of a store that has two, which come first; 0 for any other.
  func demotedCount(head: Int) -> Int

  /// Moves all slots of the upper tier but the given ones, ascending and counted in that tier, to the end of the lower one.
  func demote(head: Int, keeping slots: [Int])

  /// Moves one slot of the upper tier, counted in it, to the end of the lower one; the upper tier's last takes its place.
  func demote(head: Int, slot: Int)

  /// Keys of slots as rows [tokens, headDim], for the scores of methods at the end of a prompt.
  func keyRows(head: Int, tokens: Range<Int>, into rows: UnsafeMutablePointer<Float>)

  /// Values of slots as rows [tokens, headDim].
  func valueRows(head: Int, tokens: Range<Int>, into rows: UnsafeMutablePointer<Float>)

  /// Whether single values can be replaced.
  var replacesValues: Bool { get }

  /// Puts another value [headDim] in a slot; legal if `replacesValues`.
  func replaceValue(head: Int, slot: Int, with row: UnsafePointer<Float>)

  /// The prompt is complete and what was not kept has left: its last queries, if they were asked for. Packing follows.
  func observePrompt(_ window: PromptWindow?)

  /// The prompt is complete: the codec may pack what it will.
  func finishPrefill()

  /// A decode step's attention is over: the codec may pack what has become due.
  func finishStep()

  /// Into how many tasks, which may run at the same time, the packing splits that is due; 0 if nothing is.
  func packingTasks(_ moment: PackingMoment) -> Int

  /// One of those tasks; `scratch` is its own while it runs.
  func pack(_ task: Int, _ moment: PackingMoment, _ scratch: PackingScratch)

  /// All of those tasks are done.
  func finishPacking(_ moment: PackingMoment)

  /// What is held now.
  var bytes: ByteCount { get }

  /// The most that was held at once since the last call, coexistence while packing included.
  func takePeakBytes() -> Int

  /// Slots of the unit at whose multiples a token range may begin: `LayerStore.alignment`, or 16 if less will do.
  var rangeAlignment: Int { get }

  /// Bytes that attention to everything reads in a step.
  var readBytes: Int { get }

  /// Bytes that attention reads of a range of slots of one of the layer's `heads` heads; whole heads add up to `readBytes`.
  func readBytes(head: Int, tokens: Range<Int>, heads: Int) -> Int

  /// Bits that each slot of a head is stored in, for inspection.
  func storedBits(head: Int) -> [StoredBits]  // [slots]

  /// The decoded keys or values of a head [tokens, headDim], for inspection and tests; attention never calls it.
  func decoded(head: Int) -> (keys: [Float], values: [Float])
}

extension LayerStore {
  /// Slots in an aligned unit of a token range.
  public static var alignment: Int { 32 }
  public var rangeAlignment: Int { Self.alignment }

  public var readBytes: Int { bytes.read }

  /// As many of the layer's bytes as the slots are of all heads' slots: for stores in which every token costs the same.
  public func readBytes(head: Int, tokens: Range<Int>, heads: Int) -> Int {
    var all = 0
    var before = 0
    for other in 0..<heads {
      if other == head { before = all }
      all += count(head: other)
    }
    guard all > 0 else { return 0 }
    // From running totals, so that the ranges of all heads add up to the whole.
    let total = readBytes
    return total * (before + tokens.upperBound) / all - total * (before + tokens.lowerBound) / all
  }

  public func makeRoom(_ tokens: Int) {}
  public func copy(_ other: any LayerStore) -> Bool { false }
  public func takeMovedBytes() -> Int { 0 }
  public func exactRows(head: Int) -> (keys: ExactRows, values: ExactRows)? { nil }
  public func keep(heads: Range<Int>, slots: [Int]) { for head in heads { keep(head: head, slots: slots) } }
  public func observePrompt(_ window: PromptWindow?) {}
  public func observeQueryMaxima(head: Int, _ maxima: UnsafePointer<Float>) {}
  public func demotedCount(head: Int) -> Int { 0 }
  public func demote(head: Int, keeping slots: [Int]) {}
  public func demote(head: Int, slot: Int) {}
  public func keyRows(head: Int, tokens: Range<Int>, into rows: UnsafeMutablePointer<Float>) {
    let keys = decoded(head: head).keys
    let headDim = count(head: head) == 0 ? 0 : keys.count / count(head: head)
    for (index, number) in keys[tokens.lowerBound * headDim..<tokens.upperBound * headDim].enumerated() {
      rows[index] = number
    }
  }
  public func valueRows(head: Int, tokens: Range<Int>, into rows: UnsafeMutablePointer<Float>) {
    let values = decoded(head: head).values
    let headDim = count(head: head) == 0 ? 0 : values.count / count(head: head)
    for (index, number) in values[tokens.lowerBound * headDim..<tokens.upperBound * headDim].enumerated() {
      rows[index] = number
    }
  }
  public var replacesValues: Bool { false }
  public func replaceValue(head: Int, slot: Int, with row: UnsafePointer<Float>) {}

  /// Half precision, if the store does not say otherwise.
  public func storedBits(head: Int) -> [StoredBits] {
    Array(repeating: StoredBits(key: 16, value: 16), count: count(head: head))
  }

  /// The bits of a head whose first slots are packed and the others exact.
  static func storedBits(
    packed: (keys: Int, values: Int), bits: (key: Int, value: Int), exact: FloatElement, count: Int
  ) -> [StoredBits] {
    storedBits(packed: packed, mean: (Double(bits.key), Double(bits.value)), exact: exact, count: count)
  }

  /// The same where a number has no whole number of bits.
  static func storedBits(
    packed: (keys: Int, values: Int), mean bits: (key: Double, value: Double), exact: FloatElement, count: Int
  ) -> [StoredBits] {
    (0..<count).map { slot in
      StoredBits(
        key: slot < packed.keys ? bits.key : Double(exact.bytes * 8),
        value: slot < packed.values ? bits.value : Double(exact.bytes * 8))
    }
  }

  /// Packing is one task, if the store does not split it.
  public func packingTasks(_ moment: PackingMoment) -> Int { 1 }
  public func pack(_ task: Int, _ moment: PackingMoment, _ scratch: PackingScratch) {
    switch moment {
    case .promptComplete: finishPrefill()
    case .stepComplete: finishStep()
    }
  }
  public func finishPacking(_ moment: PackingMoment) {}

  /// All the tasks of a moment, one after the other.
  func pack(_ moment: PackingMoment) {
    let scratch = PackingScratch()
    let tasks = packingTasks(moment)
    for task in 0..<tasks { pack(task, moment, scratch) }
    if tasks > 0 { finishPacking(moment) }
  }
}

/// When a codec may pack.
public enum PackingMoment: Sendable, BitwiseCopyable {
  /// The prompt is complete.
  case promptComplete
  /// A decode step's attention is over.
  case stepComplete
}
