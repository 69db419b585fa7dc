import KernelABI
import Testing

@testable import Runtime

/// The checks of sheet quarot, its bytes, and tokens that leave.
struct RotatedStoreTests {
  static func codec(
    _ bits: Int, group: Int? = nil, clip: Double = 0.95, symmetric: Bool = false, rotates: Bool = true,
    prompt: Bool = false
  ) -> RotatedCodec {
    RotatedCodec(
      settings: RotatedSettings(
        keyBits: bits, valueBits: bits, group: group, clip: clip, symmetric: symmetric, rotates: rotates,
        quantisesPrompt: prompt))
  }

  private static func quantised(_ x: [Float], bits: Int, clip: Float, holdsZero: Bool) -> [Float] {
    var low = x.min() ?? 0
    var high = x.max() ?? 0
    if holdsZero { (low, high) = (min(low, 0), max(high, 0)) }
    let quantiser = ClippedQuantiser(bits: bits, symmetric: false, clip: clip, low: low, high: high, isStored: false)
    return x.map { quantiser.restored(quantiser.code($0)) }
  }

  static func isNear(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 }
  }

  @Test("1 to 4 at 2 bits: off by up to 2/3 when the range holds zero, exact when it does not; clipped extremes")
  func quantiser() {
    let third: Float = 4 / 3
    let withZero = Self.quantised([1, 2, 3, 4], bits: 2, clip: 1, holdsZero: true)
    #expect(Self.isNear(withZero, [third, 2 * third, 2 * third, 4]))
    #expect(Self.quantised([1, 2, 3, 4], bits: 2, clip: 1, holdsZero: false) == [1, 2, 3, 4])
    let clipped = ClippedQuantiser(bits: 2, symmetric: false, clip: 0.95, low: -1, high: 2, isStored: false)
    #expect(abs(clipped.scale - 0.95) < 1e-6 && clipped.zero == 1)
    #expect(
      Self.isNear(Self.quantised([-1, 0.2, 0.5, 2], bits: 2, clip: 0.95, holdsZero: true), [-0.95, 0, 0.95, 1.9]))
  }

  @Test("symmetric levels run from -2^(bits-1) to 2^(bits-1)-1 steps of max |x| / (2^(bits-1)-1)")
  func symmetric() {
    let quantiser = ClippedQuantiser(bits: 4, symmetric: true, clip: 1, low: -14, high: 7, isStored: true)
    #expect(quantiser.scale == 2)
    #expect(
      [-14, -13, 0, 2, 7, 100, -100].map { quantiser.restored(quantiser.code($0)) } == [-14, -12, 0, 2, 8, 14, -16])
    let nothing = ClippedQuantiser(bits: 4, symmetric: true, clip: 1, low: 0, high: 0, isStored: true)
    #expect(nothing.restored(nothing.code(0)) == 0)
  }

  @Test("equal numbers are restored as they are; numbers that are not finite do not trap")
  func constant() {
    for x: Float in [0, 3, -0.25] {
      let quantiser = ClippedQuantiser(bits: 4, symmetric: false, clip: 1, low: x, high: x, isStored: true)
      #expect(quantiser.restored(quantiser.code(x)) == x)
    }
    for low in [-Float.infinity, .nan, -1e38, 0] {
      for high in [Float.infinity, .nan, 1e38, 0] {
        for symmetric in [true, false] {
          let quantiser = ClippedQuantiser(
            bits: 3, symmetric: symmetric, clip: 0.95, low: low, high: high, isStored: true)
          for x in [Float.nan, .infinity, -.infinity, 0, 1e38] { #expect(quantiser.code(x) <= 7) }
        }
      }
    }
  }

  @Test("one entry of 64 among zeros becomes 64 of magnitude 8")
  func spread() {
    var x = [Float](repeating: 0, count: 64)
    x[17] = 64
    InstructionSet.base.table.lanes.hadamard(&x, 64, 64)
    #expect(x.allSatisfy { abs($0) == 8 })
  }

  @Test("rotation leaves scores and sums what they are: 8 bits with it and without it agree to the codes' error")
  func rotationCancels() {
    for headDim in [32, 64, 96, 128] {
      let shape = CacheShape(layers: 1, kvHeads: 2, groupHeads: 3, headDim: headDim, element: .float32)
      var exact = StoreTrial(nil, shape, seed: 4)
      var rotated = StoreTrial(Self.codec(8, clip: 1), shape, seed: 4)
      var plain = StoreTrial(Self.codec(8, clip: 1, rotates: false), shape, seed: 4)
      exact.prefill(100)
      rotated.prefill(100)
      plain.prefill(100)
      let queries = exact.numbers
      var draw = queries
      let q = draw.numbers(3 * headDim)
      let truth = exact.scores(1, q, 0..<100)
      for trial in [rotated, plain] {
        let found = trial.scores(1, q, 0..<100)
        for row in 0..<3 {
          // A code is off by half a step of range / 255; errors of a row's channels add up as their root.
          for (a, b) in zip(found[row], truth[row]) { #expect(abs(a - b) < 1.5) }
        }
      }
      // Outliers make the plain codes coarse; the rotation spreads them.
      func error(_ trial: StoreTrial) -> Float {
        zip(trial.store.decoded(head: 0).keys, exact.store.decoded(head: 0).keys).reduce(0) {
          $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
        }
      }
      #expect(error(rotated) < error(plain))
    }
  }

  @Test(
    "bytes of one layer of SmolLM2 are the sheet's: 216 a token at 4 bits",
    arguments: [(4, 216), (3, 168), (2, 120), (8, 408)])
  func worked(_ row: (bits: Int, perToken: Int)) {
    for symmetric in [false, true] {
      var trial = StoreTrial(Self.codec(row.bits, symmetric: symmetric), StoreBytesTests.sheetShape, seed: 1)
      trial.prefill(401)
      trial.decode(12)
      #expect(trial.store.bytes.counted == 413 * row.perToken)
    }
  }

  @Test("bytes are the sheet's formula for any shape, length and phase", arguments: 0..<20)
  func formula(_ seed: Int) {
    var draw = SeededNumbers(seed &+ 300)
    let group = [32, 64].randomElement(using: &draw) ?? 32
    let (keyBits, valueBits) = (
      [2, 3, 4, 8].randomElement(using: &draw) ?? 4, [2, 3, 4, 8].randomElement(using: &draw) ?? 4
    )
    let shape = CacheShape(layers: 2, kvHeads: draw.int(1...4), groupHeads: 1, headDim: 64 * draw.int(1...2))
    let codec = RotatedCodec(
      settings: RotatedSettings(
        keyBits: keyBits, valueBits: valueBits, group: group, clip: 0.9, symmetric: false, rotates: seed % 2 == 0,
        quantisesPrompt: seed % 3 == 0))
    var trial = StoreTrial(codec, shape, seed: seed)
    let prompt = draw.int(1...300)
    let steps = draw.int(0...90)
    trial.prefill(prompt)
    trial.decode(steps)
    let numbers = (prompt + steps) * shape.kvHeads * shape.headDim
    let bytes = trial.store.bytes
    #expect(bytes.payload == numbers * (keyBits + valueBits) / 8)
    #expect(bytes.scales == 2 * numbers / group * 4)
    #expect(bytes.metadata == 0 && bytes.exactTail == 0 && bytes.corrections == 0)
    #expect(trial.store.takePeakBytes() >= bytes.held)
  }

  @Test("a packed token leaves and the last one takes its place; what stays is untouched", arguments: [2, 3, 4, 8])
  func leaving(_ bits: Int) {
    var draw = SeededNumbers(bits)
    let shape = CacheShape(layers: 1, kvHeads: 1, groupHeads: 3, headDim: 64)
    var trial = StoreTrial(Self.codec(bits, group: 32), shape, seed: bits)
    trial.prefill(70)
    var expected = Self.tokens(trial)
    for step in 0..<120 {
      if step % 3 == 0 {
        trial.decode(1)
        let now = Self.tokens(trial)
        expected.append(now[now.count - 1])
      } else if expected.count > 1 {
        let slot = draw.int(0...expected.count - 1)
        trial.store.remove(head: 0, slot: slot)
        expected.swapAt(slot, expected.count - 1)
        expected.removeLast()
      }
      #expect(Self.tokens(trial) == expected)
    }
    #expect(trial.scoreError(0, draw.numbers(3 * 64), 0..<expected.count) < 2e-6)
    #expect(trial.valueError(0, [expected.map { _ in 0.3 }], 0..<expected.count) < 2e-6)
  }

  static func tokens(_ trial: StoreTrial) -> [[Float]] {
    let (keys, values) = trial.store.decoded(head: 0)
    let d = trial.shape.headDim
    return (0..<keys.count / d).map { Array(keys[$0 * d..<($0 + 1) * d] + values[$0 * d..<($0 + 1) * d]) }
  }

  @Test(
    "a prompt that attends to codes is packed as it comes, chunk by chunk, and can be thinned out when it is complete")
  func promptOfCodes() {
    let shape = CacheShape(layers: 1, kvHeads: 2, groupHeads: 3, headDim: 64, element: .float32)
    var late = StoreTrial(Self.codec(4), shape, seed: 8)
    var early = StoreTrial(Self.codec(4, prompt: true), shape, seed: 8)
    late.append(90)
    early.append(90)
    #expect(early.store.bytes.counted == 90 * 2 * 72)
    #expect(late.store.bytes.payload == 90 * shape.tokenBytes)
    let slots = Array(stride(from: 1, to: 90, by: 3))
    for trial in [late, early] {
      trial.store.keep(head: 0, slots: slots)
      trial.store.finishPrefill()
    }
    for head in 0..<2 {
      #expect(late.store.decoded(head: head) == early.store.decoded(head: head))
      #expect(early.store.count(head: head) == (head == 0 ? slots.count : 90))
    }
  }
}
