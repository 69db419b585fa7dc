import KernelABI

/// Sketched keys of one head: signs of projections, two norms a token, the outlier channels of each group of tokens (sheet
/// qjl), in the blocks that `SketchKeys` describes.
final class SketchedKeys {
  private var signs = GrowingBuffer<UInt8>()
  private var outlierSigns = GrowingBuffer<UInt8>()
  private var norms = GrowingBuffer<UInt16>()
  private var outlierNorms = GrowingBuffer<UInt16>()
  private var channels = GrowingBuffer<UInt8>()  // [group, outliers], ascending
  private(set) var count = 0
  let projection: SketchProjection
  let outlierSketch: Int
  let outliers: Int
  /// Tokens that share outlier channels; a multiple of 32.
  let group: Int

  init(_ projection: SketchProjection, outlierSketch: Int, outliers: Int, group: Int) {
    self.projection = projection
    self.outlierSketch = outliers > 0 ? outlierSketch : 0
    self.outliers = outliers
    self.group = group
  }

  private var headDim: Int { projection.headDim }
  private var sketch: Int { projection.sketch }

  /// Sign bits of a key over its numbers.
  var bitsPerNumber: Double { Double(sketch + outlierSketch) / Double(headDim) }

  var signBytes: Int { count * (sketch + outlierSketch) / 8 }
  var normBytes: Int { count * (outliers > 0 ? 4 : 2) }
  var channelBytes: Int { count / group * outliers }

  /// Sketches whole groups; `keys` are [tokens, headDim] and `tokens` a multiple of `group`.
  func append(_ keys: UnsafePointer<Float>, tokens: Int, _ kernels: KernelTable) {
    let end = count + tokens
    signs.reserve(end * sketch / 8, keeping: count * sketch / 8)
    outlierSigns.reserve(end * outlierSketch / 8, keeping: count * outlierSketch / 8)
    norms.reserve(end, keeping: count)
    outlierNorms.reserve(outliers > 0 ? end : 0, keeping: count)
    channels.reserve(end / group * outliers, keeping: count / group * outliers)
    for first in stride(from: 0, to: tokens, by: group) { appendGroup(keys + first * headDim, kernels) }
  }

  private func appendGroup(_ keys: UnsafePointer<Float>, _ kernels: KernelTable) {
    let chosen = Self.outlierChannels(keys, tokens: group, headDim: headDim, count: outliers)
    for (index, channel) in chosen.enumerated() {
      channels.base[count / group * outliers + index] = UInt8(truncatingIfNeeded: channel)
    }
    let d = headDim
    withKernelScratch(of: Float.self, capacity: 2 * group * d + group * sketch) { area in
      guard let inner = area.baseAddress else { return }
      let outer = inner + group * d
      let projected = outer + group * d
      inner.update(from: keys, count: group * d)
      outer.update(repeating: 0, count: group * d)
      for token in 0..<group {
        for channel in chosen {
          outer[token * d + channel] = inner[token * d + channel]
          inner[token * d + channel] = 0
        }
        norms.base[count + token] = Half.bits(Self.norm(keys + token * d, d))
        if outliers > 0 { outlierNorms.base[count + token] = Half.bits(Self.norm(outer + token * d, d)) }
      }
      kernels.corrections.projectRows(
        MatrixRows(inner, columns: d), group, projection.columns.base, sketch, projected, group)
      store(projected, sketch, signs.base)
      if outliers > 0 {
        kernels.corrections.projectRows(
          MatrixRows(outer, columns: d), group, projection.columns.base, outlierSketch, projected, group)
        store(projected, outlierSketch, outlierSigns.base)
      }
    }
    count += group
  }

  /// Stores the signs of projections [sketch, group]; zero counts as negative.
  private func store(_ projected: UnsafePointer<Float>, _ sketch: Int, _ signs: UnsafeMutablePointer<UInt8>) {
    (signs + count * sketch / 8).update(repeating: 0, count: group * sketch / 8)
    for index in 0..<sketch {
      for token in 0..<group where projected[index * group + token] > 0 {
        let place = SketchKeys.place(token: count + token, projection: index, sketch: sketch)
        signs[place.byte] |= 1 &<< UInt8(truncatingIfNeeded: place.bit)
      }
    }
  }

  /// The channels of the largest norms over a group's tokens, ascending; the first of equal ones.
  static func outlierChannels(_ keys: UnsafePointer<Float>, tokens: Int, headDim: Int, count: Int) -> [Int] {
    guard count > 0 else { return [] }
    var squares = [Float](repeating: 0, count: headDim)
    for token in 0..<tokens {
      for channel in 0..<headDim {
        squares[channel] += keys[token * headDim + channel] * keys[token * headDim + channel]
      }
    }
    let sizes = squares.map { $0.isNaN ? .infinity : $0 }
    let ranked = sizes.indices.sorted { sizes[$0] != sizes[$1] ? sizes[$0] > sizes[$1] : $0 < $1 }
    return ranked.prefix(count).sorted()
  }

  private static func norm(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
    var sum: Float = 0
    for index in 0..<count { sum += x[index] * x[index] }
    return sum.squareRoot()
  }

  /// Scores of tokens in units of 32 from `tokens.lowerBound`; writes whole blocks of 16.
  func scores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ kernels: KernelTable
  ) {
    let keys = SketchKeys(
      signs: signs.base, outlierSigns: outlierSigns.base, norms: norms.base, outlierNorms: outlierNorms.base,
      outlierChannels: channels.base, projection: projection.rows.base, headDim: headDim, sketch: sketch,
      outlierSketch: outlierSketch, outliers: outliers, groupBlocks: group / 16)
    let blocks = tokens.lowerBound / 16..<(tokens.upperBound + 15) / 16
    withKernelScratch(of: Float.self, capacity: SketchKeys.scratchFloats(sketch: sketch)) { scratch in
      guard let base = scratch.baseAddress else { return }
      kernels.lanes.sketchScores(keys, blocks, queries, rows, out, outStride, base)
    }
  }

  /// The sign of a token's projection.
  func isPositive(_ token: Int, _ index: Int, ofOutliers isOuter: Bool) -> Bool {
    let (signs, length) = isOuter ? (outlierSigns.base, outlierSketch) : (signs.base, sketch)
    let place = SketchKeys.place(token: token, projection: index, sketch: length)
    return signs[place.byte] &>> UInt8(truncatingIfNeeded: place.bit) & 1 == 1
  }

  /// The key that scores are dot products with: sqrt(pi/2) / m * norm * S signs, apart for the outlier channels.
  func read(_ token: Int, into target: UnsafeMutablePointer<Float>) {
    let norm = Half.float(norms.base[token])
    let outlierNorm = outliers > 0 ? Half.float(outlierNorms.base[token]) : 0
    let rest = max(0, norm * norm - outlierNorm * outlierNorm).squareRoot()
    let chosen = UnsafeBufferPointer(start: channels.base + token / group * outliers, count: outliers)
    for channel in 0..<headDim {
      let isOuter = chosen.contains { Int($0) == channel }
      let (length, size) = isOuter ? (outlierSketch, outlierNorm) : (sketch, rest)
      var sum: Float = 0
      for index in 0..<length {
        let number = projection.rows.base[channel * sketch + index]
        sum += isPositive(token, index, ofOutliers: isOuter) ? number : -number
      }
      target[channel] = (Float.pi / 2).squareRoot() / Float(max(1, length)) * size * sum
    }
  }
}
