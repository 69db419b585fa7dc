import Foundation
import KernelABI
import Testing

@testable import Runtime

/// Numbers of QuaRot's own simulated quantiser: golden/06_quant.py, or the part of them in Fixtures (quant_subset.py).
struct RotatedGoldenTests {
  struct Source: CustomTestStringConvertible, Sendable {
    let source: QuantGoldenTests.Source
    let symmetric: Bool
    var method: String { symmetric ? "quarot4_sym" : "quarot4" }
    var testDescription: String { "\(source.testDescription) \(method)" }

    /// Clipped by 0.95 where it is asymmetric, not clipped where it is symmetric, as the golden ones were made.
    var settings: RotatedSettings {
      RotatedSettings(
        keyBits: 4, valueBits: 4, group: nil, clip: symmetric ? 1 : 0.95, symmetric: symmetric, rotates: true,
        quantisesPrompt: false)
    }
  }

  static let sources: [Source] = QuantGoldenTests.sources.filter { $0.bits == 2 }.flatMap { source in
    (source.input == "rand" ? [false, true] : [false]).map { Source(source: source, symmetric: $0) }
  }

  /// One side of the golden cache.
  struct Side {
    let numbers: [Float]  // [heads, tokens, 64], all heads of the input
    let codes: [Int64]
    let scales: [Float]
    let zeros: [Float]
    let restored: [Float]

    init(_ tensors: QuantGoldenTests.Tensors, _ method: String, _ side: String) throws {
      numbers = try tensors.floats(side)
      codes = try tensors.codes("\(method).\(side)_codes")
      scales = try tensors.floats("\(method).\(side)_scale")
      zeros = try tensors.floats("\(method).\(side)_zero")
      restored = try tensors.floats("\(method).\(side)_hat")
    }
  }

  @Test("codes, scales and zero points, restored numbers, and attention over them", arguments: sources)
  func quantiser(_ source: Source) throws {
    let tensors = try QuantGoldenTests.Tensors(source.source)
    let table = InstructionSet.base.table
    // The golden tensors of the symmetric quantiser, and of the real input, are half precision.
    let tolerance: Float = source.symmetric || source.source.input == "real0" ? 2e-3 : 1e-4
    var found: [[Float]] = []
    var doubtful = 0
    for side in ["k", "v"] {
      let golden = try Side(tensors, source.method, side)
      var restored: [Float] = []
      for vector in golden.scales.indices {
        let range = vector * 64..<(vector + 1) * 64
        var row = Array(golden.numbers[range])
        table.lanes.hadamard(&row, 64, 64)
        let quantiser = RotatedHead.quantiser(
          row, 64, bits: 4, source.settings, holdsZero: side == "k", isStored: false)
        #expect(abs(quantiser.scale - golden.scales[vector]) <= 1e-5 * golden.scales[vector])
        if !source.symmetric { #expect(quantiser.zero == golden.zeros[vector]) }
        var isSame = true
        for (channel, x) in row.enumerated() {
          let code = Int64(quantiser.code(x)) - (source.symmetric ? 8 : 0)
          let other = golden.codes[vector * 64 + channel]
          guard code != other else { continue }
          let level = x / golden.scales[vector]
          #expect(abs(level - level.rounded(.down) - 0.5) < 1e-4 && abs(code - other) == 1)
          doubtful += 1
          isSame = false
        }
        for channel in 0..<64 { row[channel] = quantiser.restored(quantiser.code(row[channel])) }
        table.lanes.hadamard(&row, 64, 64)
        for (x, other) in zip(row, golden.restored[range]) where isSame {
          #expect(abs(x - other) <= tolerance * max(1, abs(other)))
        }
        restored += row
      }
      #expect(doubtful * 1000 <= golden.codes.count)
      found.append(restored)
    }
    let queries = try tensors.floats("q")
    let golden = try tensors.floats("\(source.method).attn_out")
    let heads = try tensors.heads("\(source.method).k_codes")
    let tokens = found[0].count / heads / 64
    for head in 0..<heads {
      let range = head * tokens * 64..<(head + 1) * tokens * 64
      let out = QuantGoldenTests.attend(
        queries, Array(found[0][range]), Array(found[1][range]), head: head, tokens: tokens)
      #expect(QuantGoldenTests.relativeError(out, golden[head * 192..<(head + 1) * 192]) < 1e-3)
    }
  }

  /// The cache keeps scales in half precision, which moves one number in 200 or so to the neighbouring code: the errors it
  /// makes are those of the golden cache to 2 %.
  @Test("the cache holds and attends what the golden one does, but for scales of half precision", arguments: sources)
  func store(_ source: Source) throws {
    let tensors = try QuantGoldenTests.Tensors(source.source)
    let keys = try Side(tensors, source.method, "k")
    let values = try Side(tensors, source.method, "v")
    let heads = try tensors.heads("\(source.method).k_codes")
    let tokens = keys.scales.count / heads
    let shape = CacheShape(layers: 1, kvHeads: heads, groupHeads: 3, headDim: 64, element: .float32)
    let trial = StoreTrial(RotatedCodec(settings: source.settings), shape, seed: 0)
    for head in 0..<heads {
      let range = head * tokens * 64..<(head + 1) * tokens * 64
      trial.append(head: head, keys: Array(keys.numbers[range]), values: Array(values.numbers[range]))
    }
    trial.store.finishPrefill()
    func error(_ a: [Float], _ b: ArraySlice<Float>) -> Float {
      zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
    for head in 0..<heads {
      let range = head * tokens * 64..<(head + 1) * tokens * 64
      let held = trial.store.decoded(head: head)
      for (held, golden) in [(held.keys, keys), (held.values, values)] {
        let quantisation = error(Array(golden.restored[range]), golden.numbers[range])
        #expect(abs(error(held, golden.numbers[range]) / quantisation - 1) < 0.02)
        #expect(error(held, golden.restored[range]) < 0.15 * quantisation)
      }
    }
  }
}
