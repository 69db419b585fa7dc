import KernelABI

/// The select slot: which stored tokens a decode query reads. An immutable value; what it remembers is made anew for each
/// layer of each sequence. A prompt always attends to all of itself.
public protocol Selector: Sendable {
  /// - Throws: `RuntimeProblem` K305 if it could select in no layer of the model.
  func check(shape: CacheShape) throws
  /// What is remembered of one layer of one sequence; nil for a layer that reads everything.
  func makeState(shape: CacheShape, layer: Int, kernels: KernelTable) -> (any SelectState)?
  /// The most bytes that the state of one layer of a text takes; for forecasts of memory.
  func mostMetadataBytes(tokens: Int, shape: CacheShape) -> Int
}

/// What a selector remembers of one layer of one sequence. Slots never move after the prompt: a method that drops tokens
/// while decoding is not composed with a selector.
///
/// Heads may be served at the same time; state of one head is touched by one thread only.
public protocol SelectState: AnyObject {
  /// Tokens are appended to a head behind those it holds: keys [tokens, headDim] as attention sees them, row i at
  /// `i * stride`. Called for every token before a query may read it.
  func append(head: Int, keys: UnsafePointer<Float>, stride: Int, tokens: Int)

  /// The prompt is complete and still exact in the store; `slotsMoved` if some of it has been dropped, so that what was
  /// appended no longer stands where it did.
  func finishPrefill(head: Int, store: any LayerStore, slotsMoved: Bool)

  /// Says which of a head's slots each query row reads; queries [rows, headDim], scaled by 1 / sqrt(headDim).
  ///
  /// - Returns: bytes of the state's own that were read to choose; nil if every row reads everything, whatever has been
  ///   inserted.
  func select(head: Int, queries: UnsafePointer<Float>, into selection: SlotSelection) -> Int?

  /// What the state holds: metadata, and slack of its blocks.
  var bytes: ByteCount { get }
}

extension SelectState {
  public func finishPrefill(head: Int, store: any LayerStore, slotsMoved: Bool) {}
}

/// The slots that each query row of a KV head reads in one step: a bit a slot, none set at first.
public struct SlotSelection {
  /// Bit s % 32 of word s / 32 is slot s.
  let words: UnsafeMutablePointer<UInt32>  // [rows, stride]
  let stride: Int
  /// Query heads that share the KV head.
  public let rows: Int
  /// Slots the head holds.
  public let tokens: Int

  init(_ words: UnsafeMutablePointer<UInt32>, rows: Int, tokens: Int) {
    self.words = words
    self.rows = rows
    self.tokens = tokens
    stride = Self.stride(tokens)
    words.update(repeating: 0, count: rows * stride)
  }

  static func stride(_ tokens: Int) -> Int { (tokens + 31) / 32 }

  /// Lets a row read a range of slots.
  public func insert(_ slots: Range<Int>, row: Int) {
    let slots = slots.clamped(to: 0..<tokens)
    var slot = slots.lowerBound
    while slot < slots.upperBound {
      let count = min(32 - slot % 32, slots.upperBound - slot)
      words[row * stride + slot / 32] |= UInt32(truncatingIfNeeded: (1 << count) - 1) &<< UInt32(slot % 32)
      slot += count
    }
  }

  /// Lets every row read a range of slots.
  public func insert(_ slots: Range<Int>) { for row in 0..<rows { insert(slots, row: row) } }
}
