import Testing

@testable import Runtime

/// The Checks of sheet gear for variant A, and its steps written out plainly.
struct GearTensorStoreTests {
  static func settings(
    bits: Int = 4, outlier: Double = 0.02, rank: Double = 0.02, loops: Int = 3, interval: Int = 20
  ) -> GearTensorSettings {
    GearTensorSettings(bits: bits, outlier: outlier, rank: rank, loops: loops, interval: interval, seed: 11)
  }

  /// Compresses one head's numbers [tokens, headDim] and reads them back.
  static func restored(_ numbers: [Float], headDim: Int, _ settings: GearTensorSettings) -> [Float] {
    let tokens = numbers.count / headDim
    let tensor = GearTensor(
      .keys, heads: 1, headDim: headDim, settings: settings, kernels: InstructionSet.base.table)
    tensor.compress([tokens], PackingScratch()) {
      PowerIteration.start(columns: headDim, rank: $0, seed: settings.seed, stream: 5)
    } exact: { _, run, rows in
      for (i, place) in (run.lowerBound * headDim..<run.upperBound * headDim).enumerated() { rows[i] = numbers[place] }
    }
    var rows = [Float](repeating: 0, count: numbers.count)
    rows.withUnsafeMutableBufferPointer { target in
      guard let base = target.baseAddress else { return }
      for token in 0..<tokens { tensor.read(head: 0, token, into: base + token * headDim) }
    }
    return rows
  }

  static func relativeError(_ a: [Float], _ b: [Float]) -> Double {
    let difference = zip(a, b).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    return (difference / b.reduce(0.0) { $0 + Double($1) * Double($1) }).squareRoot()
  }

  @Test("small numbers between -10 and 50 are exact with one outlier an end, and 12.2 % off with none")
  func hundredNumbers() {
    // The sheet's 100 numbers through the quantiser; the tensor takes 112, which fill whole channels.
    let sheet: [Float] = [-10] + (0..<98).map { Float($0 % 16) } + [50]
    let quantiser = GroupQuantiser(bits: 4, minimum: -10, maximum: 50)
    #expect(abs(Self.relativeError(sheet.map { quantiser.restored(quantiser.code($0)) }, sheet) - 0.122) < 0.001)
    let numbers: [Float] = [-10] + (0..<110).map { Float($0 % 16) } + [50]
    #expect(Self.restored(numbers, headDim: 16, Self.settings(outlier: 0.02, rank: 0)) == numbers)
    let rough = Self.restored(numbers, headDim: 16, Self.settings(outlier: 0, rank: 0))
    #expect(rough == numbers.map { quantiser.restored(quantiser.code($0)) })
  }

  @Test("the rank is a fraction of the smaller side", arguments: [(40, 0), (100, 2), (4096, 3)])
  func rank(_ row: (tokens: Int, rank: Int)) {
    #expect(Self.settings().rank(tokens: row.tokens, channels: 192) == row.rank)
  }

  @Test("without outliers and low rank it is plain uniform quantisation of the tensor")
  func plain() {
    var draw = SeededNumbers(3)
    let numbers = draw.numbers(70 * 64)
    let quantiser = GroupQuantiser(bits: 4, minimum: numbers.min() ?? 0, maximum: numbers.max() ?? 0).roundedToHalf()
    #expect(
      Self.restored(numbers, headDim: 64, Self.settings(outlier: 0, rank: 0))
        == numbers.map { quantiser.restored(quantiser.code($0)) })
  }

  @Test("full rank restores the tensor to the factors' half precision; more rank is never worse")
  func fullRank() {
    var draw = SeededNumbers(3)
    let numbers = draw.numbers(96 * 64)
    var last = Double.infinity
    for rank in [0, 0.1, 0.3, 0.6, 1] {
      let error = Self.relativeError(
        Self.restored(numbers, headDim: 64, Self.settings(rank: rank, loops: 6)), numbers)
      #expect(error <= last * 1.001)
      last = error
    }
    #expect(last < 3e-4)
  }

  /// The sheet's steps 1 to 4 in plain loops over [kvHeads, tokens, headDim]; outliers by sorting.
  static func plainly(_ numbers: [Float], heads: Int, tokens: Int, _ settings: GearTensorSettings, _ stream: UInt64)
    -> [Float]
  {
    let headDim = numbers.count / heads / tokens
    let width = heads * headDim
    let perEnd = Int(Double(numbers.count) * settings.outlier / 2)
    let order = numbers.indices.sorted { (numbers[$0], $0) < (numbers[$1], $1) }
    let outliers = Array(order.prefix(perEnd) + order.suffix(perEnd))
    var zeroed = numbers
    for place in outliers { zeroed[place] = 0 }
    let low = zeroed.min() ?? 0
    let top = Float((1 << settings.bits) - 1)
    let scale = Half.round(((zeroed.max() ?? 0) - low) / top)
    let minimum = Half.round(low)
    var restored = zeroed.map { min(max((($0 - minimum) / scale).rounded(.toNearestOrEven), 0), top) * scale + minimum }
    var error = [Float](repeating: 0, count: numbers.count)  // [tokens, heads * headDim]
    func place(_ head: Int, _ token: Int, _ channel: Int) -> Int { (head * tokens + token) * headDim + channel }
    for head in 0..<heads {
      for token in 0..<tokens {
        for channel in 0..<headDim {
          let from = place(head, token, channel)
          error[token * width + head * headDim + channel] = zeroed[from] - restored[from]
        }
      }
    }
    for from in outliers {
      error[from / headDim % tokens * width + from / headDim / tokens * headDim + from % headDim] = 0
      restored[from] = Half.round(numbers[from])
    }
    let rank = Int(settings.rank * Double(min(tokens, width)))
    let start = PowerIteration.start(columns: width, rank: rank, seed: settings.seed, stream: stream)
    let factors = PowerIteration.factors(error, rows: tokens, columns: width, start: start, loops: settings.loops)
    for head in 0..<heads {
      for token in 0..<tokens {
        for channel in 0..<headDim {
          for j in 0..<rank {
            restored[place(head, token, channel)] +=
              Half.round(factors.q[j * tokens + token]) * Half.round(factors.p[j * width + head * headDim + channel])
          }
        }
      }
    }
    return restored
  }

  @Test("the cache holds what the sheet's steps give, and later compressions start from what it holds")
  func likeTheSheet() {
    let shape = CacheShape(layers: 4, kvHeads: 3, groupHeads: 3, headDim: 64)
    let settings = Self.settings(outlier: 0.03, rank: 0.05)
    var trial = StoreTrial(GearTensorCodec(settings: settings), shape, seed: 21)
    trial.append(150)
    var expected = Self.all(trial)
    trial.store.finishPrefill()
    for side in [UniformCodes.Side.keys, .values] {
      let stream = GearStream(layer: 3, side: side, head: 0, token: 150).number
      let plain = Self.plainly(side == .keys ? expected.keys : expected.values, heads: 3, tokens: 150, settings, stream)
      let held = Self.all(trial)
      #expect(Self.relativeError(side == .keys ? held.keys : held.values, plain) < 1e-4)
    }
    trial.decode(19)
    trial.append(1)
    expected = Self.all(trial)
    trial.store.finishStep()
    let stream = GearStream(layer: 3, side: .values, head: 0, token: 170).number
    let plain = Self.plainly(expected.values, heads: 3, tokens: 170, settings, stream)
    #expect(Self.relativeError(Self.all(trial).values, plain) < 1e-4)
  }

  /// Everything held, [kvHeads, tokens, headDim].
  static func all(_ trial: StoreTrial) -> (keys: [Float], values: [Float]) {
    let heads = (0..<trial.shape.kvHeads).map { trial.store.decoded(head: $0) }
    return (heads.flatMap(\.keys), heads.flatMap(\.values))
  }

  @Test("19 decode tokens leave the prompt as it is; the 20th changes it all and empties the buffer")
  func interval() {
    let shape = CacheShape(layers: 4, kvHeads: 2, groupHeads: 1, headDim: 64)
    var trial = StoreTrial(GearTensorCodec(settings: Self.settings()), shape, seed: 2)
    trial.prefill(100)
    let prompt = trial.store.decoded(head: 1).keys
    #expect(trial.store.bytes.exactTail == 0)
    for step in 1...19 {
      trial.decode(1)
      #expect(Array(trial.store.decoded(head: 1).keys.prefix(prompt.count)) == prompt)
      #expect(trial.store.bytes.exactTail == step * shape.tokenBytes)
    }
    trial.decode(1)
    let after = trial.store.decoded(head: 1).keys
    #expect(zip(after, prompt).filter { $0 != $1 }.count > prompt.count / 2)
    #expect(trial.store.bytes.exactTail == 0)
    #expect(trial.store.takePeakBytes() > trial.store.bytes.held)
    #expect(trial.store.takePeakBytes() == trial.store.bytes.held)
  }

  @Test("the same tokens give the same bits, another seed others")
  func repeatable() {
    let shape = CacheShape(layers: 4, kvHeads: 2, groupHeads: 1, headDim: 64)
    func held(seed: Int) -> [Float] {
      let settings = GearTensorSettings(bits: 4, outlier: 0.02, rank: 0.05, loops: 3, interval: 20, seed: seed)
      var trial = StoreTrial(GearTensorCodec(settings: settings), shape, seed: 2)
      trial.prefill(100)
      trial.decode(45)
      return Self.all(trial).keys
    }
    #expect(held(seed: 1) == held(seed: 1))
    #expect(held(seed: 1) != held(seed: 2))
  }
}
