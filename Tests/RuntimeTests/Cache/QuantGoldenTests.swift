import Foundation
import KernelABI
import Testing

@testable import Runtime

/// Numbers of KIVI's and GEAR's own code: golden/06_quant.py, or the part of them in Fixtures (quant_subset.py).
struct QuantGoldenTests {
  struct Source: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let file: URL
    let input: String
    let bits: Int
  }

  static let sources: [Source] = {
    let subset = PackageFolder.fixture("quant_subset.safetensors")
    var sources = [Source(testDescription: "subset rand 2 bits", file: subset, input: "rand", bits: 2)]
    if GoldenFolder.has("quant.safetensors") {
      let whole = GoldenFolder.url.appendingPathComponent("quant.safetensors")
      for input in ["rand", "real0"] {
        for bits in [2, 4] {
          sources.append(
            Source(testDescription: "golden \(input) \(bits) bits", file: whole, input: input, bits: bits))
        }
      }
    }
    return sources
  }()

  /// Tensors by name; the real input is kept with other data.
  struct Tensors {
    let file: SafetensorsFile
    let source: Source

    init(_ source: Source) throws {
      file = try SafetensorsFile(path: source.file.path)
      self.source = source
    }

    func floats(_ name: String) throws -> [Float] {
      guard source.input == "real0", ["k", "v", "q"].contains(name) else {
        return try file.float32("\(source.input).\(name)")
      }
      let other = try SafetensorsFile(path: GoldenFolder.url.appendingPathComponent("kv.safetensors").path)
      let numbers = try other.float32("0.14.\(name)")
      guard name == "q" else { return numbers }
      let tokens = numbers.count / 9 / 64
      return (0..<9).flatMap { (head: Int) -> ArraySlice<Float> in
        let end = (head + 1) * tokens * 64
        return numbers[end - 64..<end]
      }
    }

    func codes(_ name: String) throws -> [Int64] { try file.integers("\(source.input).\(name)") }
    func heads(_ name: String) throws -> Int { try file.shape("\(source.input).\(name)")[0] }
  }

  /// Codes of one group against the golden ones: equal but for numbers near the middle between two codes.
  static func check(
    _ group: [Float], _ golden: [Int64], scale: Float, minimum: Float, bits: Int, _ doubtful: inout Int
  ) -> [UInt8] {
    let quantiser = GroupQuantiser(bits: bits, minimum: group.min() ?? 0, maximum: group.max() ?? 0)
    #expect(abs(quantiser.scale - scale) <= 1e-6 * abs(scale) && quantiser.minimum == minimum)
    let codes = group.map { quantiser.code($0) }
    for (i, code) in codes.enumerated() where Int64(code) != golden[i] {
      let level = (group[i] - minimum) / scale
      #expect(abs(level - level.rounded(.down) - 0.5) < 1e-4 && abs(Int64(code) - golden[i]) == 1)
      doubtful += 1
    }
    return codes
  }

  @Test("KIVI: codes, scales and minima of its torch quantiser", arguments: sources)
  func kiviCodes(_ source: Source) throws {
    let tensors = try Tensors(source)
    let method = "kivi\(source.bits)"
    let keys = try tensors.floats("k")
    let values = try tensors.floats("v")
    let heads = try tensors.heads("\(method).k_codes")
    let keyCodes = try tensors.codes("\(method).k_codes")
    let keyScales = try tensors.floats("\(method).k_scale")
    let keyMinima = try tensors.floats("\(method).k_min")
    let valueCodes = try tensors.codes("\(method).v_codes")
    let valueScales = try tensors.floats("\(method).v_scale")
    let valueMinima = try tensors.floats("\(method).v_min")
    let packed = keyCodes.count / heads / 64
    let packedValues = valueCodes.count / heads / 64
    let tokens = packedValues + 128
    var doubtful = 0
    for head in 0..<heads {
      for group in 0..<packed / 32 {
        for channel in 0..<64 {
          let place = (head * packed / 32 + group) * 64 + channel
          _ = Self.check(
            (0..<32).map { keys[(head * tokens + group * 32 + $0) * 64 + channel] },
            (0..<32).map { keyCodes[(head * packed + group * 32 + $0) * 64 + channel] },
            scale: keyScales[place], minimum: keyMinima[place], bits: source.bits, &doubtful)
        }
      }
      for token in 0..<packedValues {
        for group in 0..<2 {
          let place = (head * packedValues + token) * 2 + group
          _ = Self.check(
            (0..<32).map { values[(head * tokens + token) * 64 + group * 32 + $0] },
            (0..<32).map { valueCodes[(head * packedValues + token) * 64 + group * 32 + $0] },
            scale: valueScales[place], minimum: valueMinima[place], bits: source.bits, &doubtful)
        }
      }
    }
    #expect(doubtful * 1000 <= keyCodes.count + valueCodes.count)
  }

  @Test("KIVI: our blocks hold the codes of its int32 words", arguments: sources.filter { $0.input == "rand" })
  func kiviWords(_ source: Source) throws {
    let tensors = try Tensors(source)
    let method = "kivi\(source.bits)"
    let heads = try tensors.heads("\(method).k_codes")
    let perWord = 32 / source.bits
    /// Its words have the first code in the lowest bits.
    func code(_ words: [Int64], _ word: Int, _ index: Int) -> UInt8 {
      UInt8(truncatingIfNeeded: words[word] >> Int64(index * source.bits)) & UInt8((1 << source.bits) - 1)
    }
    func blocks(
      _ place: (_ token: Int, _ channel: Int, _ bits: Int, _ headDim: Int) -> (byte: Int, shift: Int), tokens: Int,
      _ golden: (_ token: Int, _ channel: Int) -> UInt8
    ) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: (tokens + 15) / 16 * 16 * 64 * source.bits / 8)
      for token in 0..<tokens {
        for channel in 0..<64 {
          CodePacking.write(
            golden(token, channel), at: place(token, channel, source.bits, 64), bits: source.bits, &bytes)
        }
      }
      return bytes
    }
    let keyWords = try tensors.codes("\(method).k_packed")
    let keyCodes = try tensors.codes("\(method).k_codes")
    let valueWords = try tensors.codes("\(method).v_packed")
    let valueCodes = try tensors.codes("\(method).v_codes")
    let valueTokens = valueCodes.count / heads / 64
    for head in 0..<heads {
      let keys = blocks(PackedKeyBlocks.place, tokens: 128) { token, channel in
        code(keyWords, (head * (128 / perWord) + token / perWord) * 64 + channel, token % perWord)
      }
      let values = blocks(PackedValueBlocks.place, tokens: valueTokens) { token, channel in
        code(valueWords, ((head * valueTokens + token) * 64 + channel) / perWord, channel % perWord)
      }
      for channel in 0..<64 {
        for token in 0..<128 {
          let place = PackedKeyBlocks.place(token: token, channel: channel, bits: source.bits, headDim: 64)
          #expect(
            Int64(CodePacking.read(place, bits: source.bits, keys)) == keyCodes[(head * 128 + token) * 64 + channel])
        }
        for token in 0..<valueTokens {
          let place = PackedValueBlocks.place(token: token, channel: channel, bits: source.bits, headDim: 64)
          #expect(
            Int64(CodePacking.read(place, bits: source.bits, values))
              == valueCodes[(head * valueTokens + token) * 64 + channel])
        }
      }
    }
  }

  /// One query per query head against keys and values [heads, tokens, 64], three query heads to a head.
  static func attend(_ queries: [Float], _ keys: [Float], _ values: [Float], head: Int, tokens: Int) -> [Double] {
    (0..<3).flatMap { row -> [Double] in
      let query = (head * 3 + row) * 64
      let scores = (0..<tokens).map { token in
        (0..<64).reduce(0.0) { $0 + Double(queries[query + $1]) * Double(keys[token * 64 + $1]) } / 8
      }
      let top = scores.max() ?? 0
      let weights = scores.map { Foundation.exp($0 - top) }
      let sum = weights.reduce(0, +)
      return (0..<64).map { channel in
        (0..<tokens).reduce(0.0) { $0 + weights[$1] * Double(values[$1 * 64 + channel]) } / sum
      }
    }
  }

  static func relativeError(_ found: [Double], _ golden: ArraySlice<Float>) -> Double {
    let size = golden.reduce(0.0) { $0 + Double($1) * Double($1) }
    return (zip(found, golden).reduce(0.0) { $0 + ($1.0 - Double($1.1)) * ($1.0 - Double($1.1)) } / size).squareRoot()
  }

  /// The cache keeps scales in half precision (sheet kivi), the golden ones are single: hence the last bound, that at
  /// most one number in 200 falls to the neighbouring code.
  @Test("KIVI: restored keys and values attend like the golden ones, and the cache holds them", arguments: sources)
  func kiviRestored(_ source: Source) throws {
    let tensors = try Tensors(source)
    let keys = try tensors.floats("k")
    let values = try tensors.floats("v")
    let queries = try tensors.floats("q")
    let golden = try tensors.floats("kivi\(source.bits).attn_out")
    let heads = try tensors.heads("kivi\(source.bits).k_codes")
    let tokens = values.count / 64 / 3
    let shape = CacheShape(layers: 1, kvHeads: heads, groupHeads: 3, headDim: 64, element: .float32)
    let codec = GroupedCodec(keyBits: source.bits, valueBits: source.bits, group: 32, residual: 128)
    let trial = StoreTrial(codec, shape, seed: 0)
    for head in 0..<heads {
      let range = head * tokens * 64..<(head + 1) * tokens * 64
      trial.append(head: head, keys: Array(keys[range]), values: Array(values[range]))
    }
    trial.store.finishPrefill()
    for head in 0..<heads {
      let range = head * tokens * 64..<(head + 1) * tokens * 64
      var restoredKeys = Array(keys[range])
      var restoredValues = Array(values[range])
      for first in stride(from: 0, to: tokens - tokens % 128, by: 32) {
        for channel in 0..<64 {
          Self.restore(&restoredKeys, (0..<32).map { (first + $0) * 64 + channel }, source.bits)
        }
      }
      for first in stride(from: 0, to: (tokens - 128) * 64, by: 32) {
        Self.restore(&restoredValues, Array(first..<first + 32), source.bits)
      }
      let out = Self.attend(queries, restoredKeys, restoredValues, head: head, tokens: tokens)
      #expect(Self.relativeError(out, golden[head * 192..<(head + 1) * 192]) < 1e-3)
      let held = trial.store.decoded(head: head)
      for (held, restored) in [(held.keys, restoredKeys), (held.values, restoredValues)] {
        let largest = restored.reduce(0) { max($0, abs($1)) }
        let other = zip(held, restored).filter { abs($0 - $1) > 0x1p-10 * largest }.count
        #expect(other * 200 <= held.count, "\(other) of \(held.count)")
      }
    }
  }

  /// Quantises and restores one group in place.
  static func restore(_ numbers: inout [Float], _ places: [Int], _ bits: Int) {
    let group = places.map { numbers[$0] }
    let quantiser = GroupQuantiser(bits: bits, minimum: group.min() ?? 0, maximum: group.max() ?? 0)
    for place in places { numbers[place] = quantiser.restored(quantiser.code(numbers[place])) }
  }

  /// GEAR's sparse stage in its simulated code: outliers of a vector replaced by its mean, groups of 64 quantised
  /// with single-precision scales, outliers put back. Its quirks are arguments here: one outlier an end for a channel
  /// of any length, and keys past the last whole group of 64 as they are.
  static func sparse(_ exact: [Float], rows: Int, columns: Int, keys: Bool, bits: Int) -> [Float] {
    var numbers = exact
    let layout = keys ? VectorLayout.columns(rows: rows, columns: columns) : .rows(rows: rows, columns: columns)
    let places = Tails.replaceByMean(&numbers, layout, perEnd: 1)
    for first in stride(from: 0, to: keys ? rows / 64 * 64 : rows, by: keys ? 64 : 1) {
      for column in stride(from: 0, to: columns, by: keys ? 1 : 64) {
        let group = (0..<64).map { keys ? (first + $0) * columns + column : first * columns + column + $0 }
        restore(&numbers, group, bits)
      }
    }
    for place in places { numbers[place] = exact[place] }
    return numbers.map(Half.round)
  }

  /// Adds the low-rank part of one head's error from the golden start [64, 4].
  static func withLowRank(_ exact: [Float], _ sparse: [Float], start: [Float]) -> [Float] {
    let rows = exact.count / 64
    let p0 = (0..<256).map { start[$0 % 64 * 4 + $0 / 64] }
    let error = zip(exact, sparse).map { $0 - $1 }
    let factors = PowerIteration.factors(error, rows: rows, columns: 64, start: p0, loops: 3)
    return sparse.indices.map { place in
      (0..<4).reduce(sparse[place]) {
        $0 + factors.q[$1 * rows + place / 64] * factors.p[$1 * 64 + place % 64]
      }
    }
  }

  @Test(
    "GEAR: its simulated keys and values from the start vectors it drew, and attention over them", arguments: sources)
  func gear(_ source: Source) throws {
    let tensors = try Tensors(source)
    let method = "gear\(source.bits)"
    let keys = try tensors.floats("k")
    let values = try tensors.floats("v")
    let tokens = values.count / 3 / 64
    let goldenKeys = try tensors.floats("\(method).k_hat")
    let goldenValues = try tensors.floats("\(method).v_hat")
    let keyStart = try tensors.floats("\(method).k_p0")
    let valueStart = try tensors.floats("\(method).v_p0")
    let queries = try tensors.floats("q")
    let golden = try tensors.floats("\(method).attn_out")
    // [tokens, 192], since outliers of values are sought over all heads.
    let byToken = (0..<tokens * 192).map { values[($0 % 192 / 64 * tokens + $0 / 192) * 64 + $0 % 64] }
    let sparseByToken = Self.sparse(byToken, rows: tokens, columns: 192, keys: false, bits: source.bits)
    for head in 0..<3 {
      let range = head * tokens * 64..<(head + 1) * tokens * 64
      let sparseValues = (0..<tokens * 64).map { sparseByToken[$0 / 64 * 192 + head * 64 + $0 % 64] }
      let foundValues = Self.withLowRank(
        Array(values[range]), sparseValues, start: Array(valueStart[head * 256..<(head + 1) * 256]))
      #expect(Self.relativeError(foundValues.map(Double.init), goldenValues[range]) < 2e-3)
      guard range.upperBound <= goldenKeys.count else { continue }
      let exact = Array(keys[range])
      let sparseKeys = Self.sparse(exact, rows: tokens, columns: 64, keys: true, bits: source.bits)
      let foundKeys = Self.withLowRank(exact, sparseKeys, start: Array(keyStart[head * 256..<(head + 1) * 256]))
      #expect(Self.relativeError(foundKeys.map(Double.init), goldenKeys[range]) < 2e-3)
      let out = Self.attend(queries, foundKeys, foundValues, head: head, tokens: tokens)
      let error = Self.relativeError(out, golden[head * 192..<(head + 1) * 192])
      #expect(error < 1e-3, "head \(head): \(error)")
    }
  }
}
