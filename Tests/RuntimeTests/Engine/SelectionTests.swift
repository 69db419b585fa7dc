import KernelABI
import Testing

@testable import Runtime

/// Attention to a selection of slots against plain double precision, over every kind of store.
struct SelectionTests {
  /// A selector that draws its slots: each row reads a slot with probability 1 / `oneIn`, and one slot at least.
  struct DrawnSlots: Selector {
    let oneIn: Int
    let seed: Int

    func check(shape: CacheShape) throws {}
    func mostMetadataBytes(tokens: Int, shape: CacheShape) -> Int { 0 }
    func makeState(shape: CacheShape, layer: Int, kernels: KernelTable) -> (any SelectState)? { State(self) }

    /// What a row reads of `tokens` slots.
    func slots(head: Int, row: Int, tokens: Int) -> [Int] {
      var numbers = SeededNumbers(seed &+ 1_000 * head &+ 100_000 * row &+ tokens)
      let always = numbers.int(0...tokens - 1)
      return (0..<tokens).filter { numbers.int(1...oneIn) == 1 || $0 == always }
    }

    final class State: SelectState {
      let policy: DrawnSlots
      init(_ policy: DrawnSlots) { self.policy = policy }
      func append(head: Int, keys: UnsafePointer<Float>, stride: Int, tokens: Int) {}
      func select(head: Int, queries: UnsafePointer<Float>, into selection: SlotSelection) -> Int? {
        for row in 0..<selection.rows {
          for slot in policy.slots(head: head, row: row, tokens: selection.tokens) {
            selection.insert(slot..<slot + 1, row: row)
          }
        }
        return 0
      }
      var bytes: ByteCount { ByteCount() }
    }
  }

  static func compressor(_ selector: any Selector, _ codec: (any Codec)?) -> Compressor {
    Compressor(stages: [], slots: Slots(codec: codec, select: selector))
  }

  /// The output of a query row over the given slots, in double precision over what the store holds.
  private func expected(_ trial: AttentionTrial, _ rows: AttentionTrial.Rows, queryHead: Int, _ slots: [Int]) -> [Float]
  {
    let width = trial.shape.headDim
    let (keys, values) = trial.layer.store.decoded(head: queryHead / trial.shape.groupHeads)
    let query = rows.query(0, queryHead)
    let weights = softmax(
      slots.map { slot in
        dot(query, (0..<width).map { Double(keys[slot * width + $0]) }) / Double(width).squareRoot()
      })
    return (0..<width).map { channel in
      Float(zip(slots, weights).reduce(0.0) { $0 + $1.1 * Double(values[$1.0 * width + channel]) })
    }
  }

  @Test(
    "each query head attends to its own slots and to no other, over every store",
    arguments: MemoryForecastTests.codecs.indices, AttentionTests.shapes)
  func selected(_ codec: Int, _ shape: AttentionTests.Shape) throws {
    let codec = MemoryForecastTests.codecs[codec]
    for (prompt, oneIn) in [(5, 3), (150, 2), (700, 40), (1_200, 4)] {
      let policy = DrawnSlots(oneIn: oneIn, seed: prompt)
      let compressor = Self.compressor(policy, codec)
      guard
        (try? compressor.check(shape: CacheShape(layers: 1, kvHeads: 1, groupHeads: 1, headDim: shape.headDim))) != nil
      else { continue }
      var trial = try AttentionTests.trial(shape, compressor, seed: prompt)
      try trial.append(trial.draw(prompt), prompt, isLast: true)
      try trial.layer.finishPrefill()
      for _ in 0..<3 {
        let rows = trial.draw(1)
        try trial.stepOnly(rows)
        for queryHead in 0..<shape.kvHeads * shape.groupHeads {
          let slots = policy.slots(
            head: queryHead / shape.groupHeads, row: queryHead % shape.groupHeads,
            tokens: trial.layer.store.count(head: 0))
          let difference = largestDifference(
            rows.output(0, queryHead), expected(trial, rows, queryHead: queryHead, slots))
          // Packed stores take weights and queries as fixed point of 16 bits.
          #expect(difference < (codec == nil ? 1e-5 : 4e-3), "\(prompt) tokens, one in \(oneIn)")
        }
        try trial.layer.finishStep()
      }
    }
  }

  @Test(
    "a selection of everything has the bits of attention to everything", arguments: MemoryForecastTests.codecs.indices)
  func everything(_ codec: Int) throws {
    let codec = MemoryForecastTests.codecs[codec]
    for prompt in [3, 500, 1_100] {
      func outputs(_ compressor: Compressor) throws -> [[Float]] {
        var trial = try AttentionTrial(compressor, element: .float16, seed: 3)
        try trial.append(trial.draw(prompt), prompt, isLast: true)
        try trial.layer.finishPrefill()
        var all: [[Float]] = []
        for _ in 0..<40 {
          let rows = trial.draw(1)
          try trial.stepOnly(rows)
          try trial.layer.finishStep()
          all += (0..<6).map { rows.output(0, $0) }
        }
        return all
      }
      let dense = try outputs(Compressor(stages: [], slots: Slots(codec: codec)))
      expectBits(try outputs(Self.compressor(DrawnSlots(oneIn: 1, seed: 1), codec)), dense)
    }
  }

  @Test("bytes of ranges add up to what a step reads, for every store", arguments: MemoryForecastTests.codecs.indices)
  func readBytes(_ codec: Int) throws {
    let shape = CacheShape(layers: 1, kvHeads: 3, groupHeads: 1, headDim: 64)
    var trial = StoreTrial(MemoryForecastTests.codecs[codec], shape, seed: 8)
    trial.prefill(300)
    trial.decode(45)
    let store = trial.store
    #expect(store.readBytes == store.bytes.read)
    let whole = (0..<3).map { store.readBytes(head: $0, tokens: 0..<345, heads: 3) }
    #expect(whole.reduce(0, +) == store.readBytes)
    let halves = (0..<3).map {
      store.readBytes(head: $0, tokens: 0..<192, heads: 3) + store.readBytes(head: $0, tokens: 192..<345, heads: 3)
    }
    #expect(halves == whole)
  }
}
