import KernelABI
import Testing

@testable import Runtime

/// CaM's merging: the worked numbers of its sheet, and what it must not touch.
struct ValueMergingTests {
  /// Five tokens whose values begin with the sheet's numbers; the first one leaves.
  static func trial(
    first: Float, draw: String, receivers: Int = 4, atStep: Bool, given: [String: ParameterValue] = [:]
  ) throws -> LayerCache {
    var parameters: [String: ParameterValue] = [
      "sink": .int(0), "recent": .int(4), "merge": .int(receivers), "draw": .word(draw),
    ]
    parameters.merge(given) { $1 }
    let shape = CacheShape(layers: 1, kvHeads: 1, groupHeads: 1, headDim: 16, element: .float32)
    let slots = try Compressor("cam", parameters).slots
    let cache = LayerCache(layer: 0, shape: shape, slots: slots, kernels: InstructionSet.base.table)
    let values: [[Float]] = [[4, 8], [1, 1], [2, 2], [3, 3], [4, 4]]
    func append(_ index: Int) {
      cache.extend(by: 1)
      let value = values[index] + [Float](repeating: 0, count: 14)
      let key = [Float](repeating: Float(index), count: 16)
      cache.store.append(head: 0, keys: key, values: value, stride: 16, tokens: 1)
    }
    let sums: [Float] = [first, 0.1, 0.1, 0.05, 0.15]
    for index in 0..<(atStep ? 4 : 5) { append(index) }
    if atStep {
      cache.table(head: 0)?.columnSums = [0, 0, 0, 0]
      try cache.finishPrefill()
      append(4)
      cache.observeStep(head: 0, weights: sums, count: 5)
      try cache.finishStep()
    } else {
      cache.table(head: 0)?.columnSums = sums
      try cache.finishPrefill()
    }
    return cache
  }

  /// The first two channels of what is held, by position.
  static func held(_ cache: LayerCache) -> [[Float]] {
    let decoded = cache.store.decoded(head: 0)
    let rows = zip(
      cache.positions(head: 0),
      (0..<decoded.values.count / 16).map { slot in
        Array(decoded.values[slot * 16..<slot * 16 + 2])
      })
    return rows.sorted { $0.0 < $1.0 }.map(\.1)
  }

  // Sheet cam, check 1.
  @Test("a value that attention favoured goes on whole, in equal parts", arguments: [false, true])
  func whole(_ atStep: Bool) throws {
    let cache = try Self.trial(first: 0.2, draw: "mean", atStep: atStep)
    #expect(cache.positions(head: 0).sorted() == [1, 2, 3, 4])
    #expect(Self.held(cache) == [[2, 3], [3, 4], [4, 5], [5, 6]])
    // Sheet cam, check 4: keys are never changed.
    let keys = cache.store.decoded(head: 0).keys
    for (slot, position) in cache.positions(head: 0).enumerated() { #expect(keys[slot * 16] == Float(position)) }
  }

  @Test("half the attention of its receivers is half a value", arguments: [false, true])
  func half(_ atStep: Bool) throws {
    let cache = try Self.trial(first: 0.05, draw: "mean", atStep: atStep)
    #expect(Self.held(cache) == [[1.5, 2], [2.5, 3], [3.5, 4], [4.5, 5]])
  }

  // Sheet cam, checks 2 and 3.
  @Test("chance merges all of a value or nothing, and the sum of values is kept when it does")
  func chance() throws {
    var sums: Set<Float> = []
    for seed in 0..<24 {
      let cache = try Self.trial(first: 0.05, draw: "bernoulli", atStep: true, given: ["seed": .int(seed)])
      sums.insert(Self.held(cache).reduce(0) { $0 + $1[0] })
    }
    #expect(sums == [10, 14])
    let none = try Self.trial(first: 0, draw: "bernoulli", atStep: true)
    #expect(Self.held(none) == [[1, 1], [2, 2], [3, 3], [4, 4]])
  }

  @Test("zero over zero merges nothing, anything over zero everything")
  func zeros() {
    #expect(ValueMerging.probability(0, over: 0) == 0)
    #expect(ValueMerging.probability(0.1, over: 0) == 1)
    #expect(ValueMerging.probability(0.3, over: 0.1) == 1)
    #expect(ValueMerging.probability(0.1, over: 0.4) == 0.25)
  }

  // Sheet cam, Memory: sink 64 + recent 448: 512 tokens of 768 + 12 for scores + 4 a head for positions here.
  @Test("bytes are the inner policy's and four a head and token")
  func bytes() throws {
    let trial = LayerTrial(try .of("cam", ["sink": 64, "recent": 448]))
    trial.prefill(1000, sums: { _ in 1 })
    #expect(trial.cache.bytes.payload == 512 * 768)
    #expect(trial.cache.bytes.counted == 512 * (768 + 12 + 12))
  }
}
