import Foundation
import KernelABI
import Testing

@testable import Runtime

/// The checks of sheet qjl: the estimator, when keys are sketched, the values' path and the bytes.
struct SketchStoreTests {
  /// Sketched keys of one head from rows [tokens, headDim], whole groups of 32.
  static func sketched(
    _ keys: [Float], _ projection: SketchProjection, outliers: Int, outlierSketch: Int,
    _ set: InstructionSet = .base
  ) -> SketchedKeys {
    let sketched = SketchedKeys(projection, outlierSketch: outlierSketch, outliers: outliers, group: 32)
    sketched.append(keys, tokens: keys.count / projection.headDim, set.table)
    return sketched
  }

  static func scores(_ keys: SketchedKeys, _ query: [Float], _ set: InstructionSet = .base) -> [Float] {
    let rows = query.count / keys.projection.headDim
    return KernelTrial.guarded(rows * keys.count) {
      keys.scores(query, rows: rows, tokens: 0..<keys.count, $0, outStride: keys.count, set.table)
    }
  }

  static func repeated(_ key: [Float]) -> [Float] { (0..<32).flatMap { _ in key } }

  @Test("the worked estimate: 13.2934 for [1, 2] . [3, 4] with S = sqrt 2 times the identity")
  func worked() {
    // In 32 channels and 32 projections, most of them zero: the estimate is divided by 32 and not by 2.
    var matrix = [Float](repeating: 0, count: 32 * 32)
    matrix[0] = Float(2).squareRoot()
    matrix[33] = Float(2).squareRoot()
    let projection = SketchProjection(matrix, headDim: 32, sketch: 32)
    let key: [Float] = [3, 4] + Array(repeating: 0, count: 30)
    let query: [Float] = [1, 2] + Array(repeating: 0, count: 30)
    for set in InstructionSet.available {
      let keys = Self.sketched(Self.repeated(key), projection, outliers: 0, outlierSketch: 0, set)
      for score in Self.scores(keys, query, set) { #expect(abs(score * 16 - 13.2934) < 2e-3) }
    }
  }

  private static func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0 * $1.1) } }

  @Test("over many seeds the mean is the dot product, with the spread of the sheet; orthogonal projections spread less")
  func unbiased() {
    var draw = SeededNumbers(3)
    let query = (0..<64).map { _ in draw.normal() }
    let key = (0..<64).map { _ in draw.normal() }
    func estimates(orthogonal: Bool) -> (mean: Double, deviation: Double) {
      let found = (0..<500).map { seed -> Double in
        let projection = SketchProjection(
          .init(headDim: 64, sketch: 128, isOrthogonal: orthogonal, seed: seed, stream: 0))
        let keys = Self.sketched(Self.repeated(key), projection, outliers: 0, outlierSketch: 0)
        return Double(Self.scores(keys, query)[0])
      }
      let mean = found.reduce(0, +) / 500
      return (mean, (found.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 499).squareRoot())
    }
    let truth = Self.dot(query, key)
    let gaussian = estimates(orthogonal: false)
    let expected = (Double.pi / 2 * Self.dot(query, query) * Self.dot(key, key) / 128).squareRoot()
    #expect(abs(gaussian.mean - truth) < 3 * gaussian.deviation / 500.0.squareRoot())
    #expect(abs(gaussian.deviation / expected - 1) < 0.15)
    #expect(estimates(orthogonal: true).deviation < 0.75 * gaussian.deviation)
  }

  @Test("projections are orthogonal in runs of the head dimension, and the same whenever they are made")
  func projection() {
    let key = SketchProjection.Key(headDim: 32, sketch: 96, isOrthogonal: true, seed: 5, stream: 1)
    let one = SketchProjection(key)
    for run in 0..<3 {
      for a in run * 32..<(run + 1) * 32 {
        for b in run * 32..<(run + 1) * 32 {
          let product = (0..<32).reduce(Float(0)) { $0 + one.columns.base[a * 32 + $1] * one.columns.base[b * 32 + $1] }
          #expect(abs(product - (a == b ? 32 : 0)) < 1e-3)
        }
      }
    }
    let other = SketchProjection.of(key)
    #expect(SketchProjection.of(key) === other)
    #expect((0..<32 * 96).allSatisfy { one.rows.base[$0] == other.rows.base[$0] })
  }

  @Test("all channels as outliers with as many projections is the same as none", arguments: InstructionSet.available)
  func allOutliers(_ set: InstructionSet) {
    var draw = SeededNumbers(11)
    let projection = SketchProjection.of(.init(headDim: 64, sketch: 128, isOrthogonal: true, seed: 1, stream: 0))
    let keys = draw.numbers(64 * 64)
    let query = draw.numbers(3 * 64)
    let none = Self.scores(Self.sketched(keys, projection, outliers: 0, outlierSketch: 0, set), query, set)
    let all = Self.scores(Self.sketched(keys, projection, outliers: 64, outlierSketch: 128, set), query, set)
    let largest = none.reduce(0) { max($0, abs($1)) }
    #expect(zip(none, all).allSatisfy { abs($0 - $1) < 1e-3 * largest })
  }

  @Test("keys twice as long score exactly twice as much", arguments: InstructionSet.available)
  func scaling(_ set: InstructionSet) {
    var draw = SeededNumbers(12)
    let projection = SketchProjection.of(.init(headDim: 64, sketch: 128, isOrthogonal: true, seed: 1, stream: 0))
    let keys = draw.numbers(64 * 64)
    let query = draw.numbers(3 * 64)
    let once = Self.scores(Self.sketched(keys, projection, outliers: 4, outlierSketch: 64, set), query, set)
    let twice = Self.scores(
      Self.sketched(keys.map { $0 * 2 }, projection, outliers: 4, outlierSketch: 64, set), query, set)
    #expect(zip(once, twice).allSatisfy { 2 * $0 == $1 })
  }

  @Test("outlier channels are those of the largest norms over the group, the first of equal ones")
  func outlierChannels() {
    var keys = [Float](repeating: 1, count: 32 * 32)
    keys[9] = 40
    keys[31 * 32 + 20] = -50
    #expect(SketchedKeys.outlierChannels(keys, tokens: 32, headDim: 32, count: 4) == [0, 1, 9, 20])
    keys[3] = .nan
    #expect(SketchedKeys.outlierChannels(keys, tokens: 32, headDim: 32, count: 2) == [3, 20])
    #expect(SketchedKeys.outlierChannels(keys, tokens: 32, headDim: 32, count: 0) == [])
  }

  static let settings = SketchSettings(outliers: 4, outlierSketch: 64)

  @Test("keys are sketched before the step that fills the buffer is attended; values as in KIVI")
  func timing() {
    let shape = CacheShape(layers: 1, kvHeads: 2, groupHeads: 3, headDim: 64)
    var trial = StoreTrial(SketchCodec(settings: Self.settings), shape, seed: 2)
    var kivi = StoreTrial(GroupedCodec(keyBits: 2, valueBits: 2, group: 32, residual: 128), shape, seed: 2)
    trial.prefill(100)
    kivi.prefill(100)
    for step in 1...200 {
      trial.append(1)
      kivi.append(1)
      let tokens = 100 + step
      // Keys since the last multiple of 128; a window of 128 values and the one of this step.
      let exact = tokens % 128 + min(tokens, 129)
      #expect(trial.store.bytes.exactTail == exact * 2 * 64 * 2)
      trial.store.finishStep()
      kivi.store.finishStep()
      #expect(trial.store.decoded(head: 1).values == kivi.store.decoded(head: 1).values)
    }
  }

  @Test(
    "bytes of one layer of SmolLM2 are the sheet's: 156.375 a token with 128 and 64 projections and 4 outlier channels",
    arguments: [(128, 64, 4, 156.375), (128, 128, 4, 180.375), (128, 128, 0, 126), (256, 64, 4, 204.375)])
  func worked(_ row: (sketch: Int, outlierSketch: Int, outliers: Int, perToken: Double)) {
    let settings = SketchSettings(
      sketch: row.sketch, initialLayers: 0, outliers: row.outliers, outlierSketch: row.outlierSketch)
    var trial = StoreTrial(SketchCodec(settings: settings), StoreBytesTests.sheetShape, seed: 1)
    trial.prefill(512)
    let bytes = trial.store.bytes
    // All keys are sketched, all but 128 values packed.
    let expected: Double = 512 * (row.perToken - 72) + 384 * 72 + 128 * 384
    #expect(Double(bytes.counted) == expected)
  }

  @Test("bytes are the sheet's formula for any shape, length and phase", arguments: 0..<20)
  func formula(_ seed: Int) {
    var draw = SeededNumbers(seed &+ 500)
    let group = [32, 64].randomElement(using: &draw) ?? 32
    let residual = group * draw.int(1...4)
    let outliers = draw.int(0...9)
    let shape = CacheShape(layers: 2, kvHeads: draw.int(1...4), groupHeads: 1, headDim: 64 * draw.int(1...2))
    let settings = SketchSettings(
      sketch: 32 * draw.int(2...6), initialLayers: 0, outliers: outliers, outlierSketch: 32 * draw.int(1...2),
      valueBits: seed % 2 == 0 ? 2 : 4, group: group, residual: residual)
    var trial = StoreTrial(SketchCodec(settings: settings), shape, seed: seed)
    let prompt = draw.int(1...400)
    let steps = draw.int(0...150)
    trial.prefill(prompt)
    trial.decode(steps)
    let tokens = prompt + steps
    let keys = tokens - tokens % residual
    let values = max(0, tokens - residual)
    let size = settings.size(layer: 1, shape: shape)
    let bytes = trial.store.bytes
    let width = shape.kvHeads * shape.headDim
    let signBits = keys * shape.kvHeads * (size.sketch + size.outlierSketch)
    let codeBits = values * width * settings.valueBits
    let norms = keys * shape.kvHeads * (outliers > 0 ? 4 : 2)
    #expect(bytes.payload == (signBits + codeBits) / 8)
    #expect(bytes.scales == norms + values * width * 4 / group)
    #expect(bytes.corrections == keys / group * shape.kvHeads * outliers)
    #expect(bytes.exactTail == (2 * tokens - keys - values) * width * 2)
    #expect(trial.store.takePeakBytes() >= bytes.held)
  }

  @Test("a row's scores have the same bits alone as in a batch, and ranges may begin with any group")
  func rows() {
    var draw = SeededNumbers(8)
    let projection = SketchProjection.of(.init(headDim: 64, sketch: 128, isOrthogonal: true, seed: 1, stream: 0))
    for set in InstructionSet.available {
      let keys = Self.sketched(draw.numbers(160 * 64), projection, outliers: 5, outlierSketch: 96, set)
      let queries = draw.numbers(9 * 64)
      let whole = Self.scores(keys, queries, set)
      for row in 0..<9 {
        #expect(
          Self.scores(keys, Array(queries[row * 64..<(row + 1) * 64]), set) == Array(whole[row * 160..<(row + 1) * 160])
        )
      }
      let part = KernelTrial.guarded(2 * 96) {
        keys.scores(queries, rows: 2, tokens: 64..<160, $0, outStride: 96, set.table)
      }
      #expect(part == Array(whole[64..<160]) + Array(whole[224..<320]))
    }
  }
}
