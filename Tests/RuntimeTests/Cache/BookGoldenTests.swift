import Foundation
import KernelABI
import Testing

@testable import Runtime

/// Numbers of KVQuant's own simulated quantiser: golden/06_quant.py, or the part of them in Fixtures (quant_subset.py).
struct BookGoldenTests {
  static let sources = QuantGoldenTests.sources.filter { $0.bits == 2 }

  /// Keys before rotation, [heads, tokens, 64]; those of the real input lie beside its turned ones.
  static func keys(_ tensors: QuantGoldenTests.Tensors) throws -> [Float] {
    guard tensors.source.input == "real0" else { return try tensors.floats("k") }
    let other = try SafetensorsFile(path: GoldenFolder.url.appendingPathComponent("kv.safetensors").path)
    return try other.float32("0.14.k_pre_rope")
  }

  /// Restored numbers are half precision; how many lie a step beside, where rounding decides.
  static func doubtful(_ found: [Float], _ golden: ArraySlice<Float>, step: (Int) -> Float) -> Int {
    var doubtful = 0
    for (index, pair) in zip(found, golden).enumerated() {
      let difference = abs(pair.0 - pair.1)
      if difference <= 1e-3 * max(1, abs(pair.1)) { continue }
      #expect(difference < 1.01 * step(index) + 1e-3 * abs(pair.1))
      doubtful += 1
    }
    return doubtful
  }

  /// At most one number in 1,000 may lie a step beside.
  static func check(_ found: [Float], _ golden: ArraySlice<Float>, step: (Int) -> Float) {
    #expect(doubtful(found, golden, step: step) * 1000 <= found.count)
  }

  @Test("uniform levels per key channel, dense and with 1 % exact outliers", arguments: sources)
  func uniformKeys(_ source: QuantGoldenTests.Source) throws {
    let tensors = try QuantGoldenTests.Tensors(source)
    let keys = try Self.keys(tensors)
    let heads = try tensors.heads("kvquant_int4_1pct.k_hat")
    let tokens = try tensors.floats("kvquant_int4_1pct.k_hat").count / heads / 64
    for (method, bits, quantile) in [("int3", 3, 1), ("int4_1pct", 4, 0.995)] {
      // The dense one was made of the random input alone.
      if source.input == "real0", bits == 3 { continue }
      let golden = try tensors.floats("kvquant_\(method).k_hat")
      let mask = bits == 4 ? try tensors.codes("kvquant_\(method).k_outlier") : []
      let book = CodeBook.uniform(bits: bits)
      var doubtful = 0
      for head in 0..<heads {
        for channel in 0..<64 {
          let places = (0..<tokens).map { (head * tokens + $0) * 64 + channel }
          let numbers = places.map { keys[$0] }
          let (limits, isOutlier) = BookLimits.withoutOutliers(numbers, quantile: quantile)
          if bits == 4 { #expect(places.map { mask[$0] != 0 } == isOutlier) }
          let restored = numbers.indices.map {
            isOutlier[$0] ? numbers[$0] : limits.restored(limits.code(numbers[$0], book), book)
          }
          doubtful += Self.doubtful(restored, ArraySlice(places.map { golden[$0] })) { _ in
            2 * limits.range / Float((1 << bits) - 1)
          }
        }
      }
      #expect(doubtful * 1000 <= heads * 64 * tokens)
    }
  }

  /// The golden values round the zero point to a whole code and clamp it; kvsh does not (sheet kvquant, "Integer mode"), so
  /// what is restored may lie up to a step beside.
  @Test("values per token over all heads: the same outliers, and restored within a step", arguments: sources)
  func values(_ source: QuantGoldenTests.Source) throws {
    let tensors = try QuantGoldenTests.Tensors(source)
    let values = try tensors.floats("v")
    let golden = try tensors.floats("kvquant_int4_1pct.v_hat")
    let mask = try tensors.codes("kvquant_int4_1pct.v_outlier")
    let tokens = values.count / 192
    let book = CodeBook.uniform(bits: 4)
    for token in 0..<tokens {
      let places = (0..<192).map { ($0 / 64 * tokens + token) * 64 + $0 % 64 }
      let numbers = places.map { values[$0] }
      let (limits, isOutlier) = BookLimits.withoutOutliers(numbers, quantile: 0.995)
      #expect(places.map { mask[$0] != 0 } == isOutlier)
      for (index, place) in places.enumerated() {
        let restored =
          isOutlier[index] ? numbers[index] : limits.restored(limits.code(numbers[index], book), book)
        let allowed = isOutlier[index] ? 0 : 2 * limits.range / 15
        #expect(abs(restored - golden[place]) <= allowed + 1e-3 * max(1, abs(golden[place])))
      }
    }
  }

  @Test("3-bit levels and thresholds of its k-means: the same outliers and restored keys", arguments: sources)
  func levels(_ source: QuantGoldenTests.Source) throws {
    let tensors = try QuantGoldenTests.Tensors(source)
    let method = "kvquant_nuq3_1pct"
    let keys = try Self.keys(tensors)
    let book = CodeBook(levels: try tensors.floats("\(method).lut"))
    let upper = try tensors.floats("\(method).thr_upper")
    let lower = try tensors.floats("\(method).thr_lower")
    let golden = try tensors.floats("\(method).k_hat")
    let mask = try tensors.codes("\(method).k_outlier")
    let heads = try tensors.heads("\(method).k_hat")
    let tokens = golden.count / heads / 64
    for head in 0..<heads {
      let range = head * tokens * 64..<(head + 1) * tokens * 64
      let limits = (0..<64).map { BookLimits(lower: lower[head * 64 + $0], upper: upper[head * 64 + $0]) }
      let restored = range.map { place -> Float in
        let limit = limits[place % 64]
        let isOutlier = keys[place] > limit.upper || keys[place] < limit.lower
        #expect((mask[place] != 0) == isOutlier)
        return isOutlier ? keys[place] : limit.restored(limit.code(keys[place], book), book)
      }
      Self.check(restored, golden[range]) { limits[$0 % 64].range }
    }
  }

  @Test("calibration gives its thresholds, and levels at least as near to the numbers as its", arguments: sources)
  func calibration(_ source: QuantGoldenTests.Source) throws {
    let tensors = try QuantGoldenTests.Tensors(source)
    let method = "kvquant_nuq3_1pct"
    let all = try Self.keys(tensors)
    // Levels are those of all heads: the subset has one.
    let heads = try tensors.heads("\(method).k_hat")
    let tokens = all.count / heads / 64
    let half = tokens / 2
    let width = heads * 64
    let keys = (0..<half * width).map { all[($0 % width / 64 * tokens + $0 / width) * 64 + $0 % 64] }
    let settings = BookSettings(bits: 3, outlier: 0.01, sink: 0, levels: .nuq, normalises: false)
    let layer = BookLayer(keys: [keys], values: [keys], width: width, settings: settings)
    let upper = try tensors.floats("\(method).thr_upper")
    let lower = try tensors.floats("\(method).thr_lower")
    for channel in 0..<width {
      #expect(abs(layer.keyUpper[channel] - upper[channel]) < 1e-4 * max(1, abs(upper[channel])))
      #expect(abs(layer.keyLower[channel] - lower[channel]) < 1e-4 * max(1, abs(lower[channel])))
    }
    guard heads == 3 else { return }
    func error(_ book: CodeBook) -> Double {
      (0..<keys.count).reduce(0) { sum, place in
        let limits = BookLimits(lower: lower[place % width], upper: upper[place % width])
        let x = (keys[place] - limits.offset) / limits.range
        guard abs(x) <= 1 else { return sum }
        let difference = Double(x - book.levels[Int(book.code(x))])
        return sum + difference * difference
      }
    }
    #expect(error(layer.keys) <= 1.02 * error(CodeBook(levels: try tensors.floats("\(method).lut"))))
  }
}
