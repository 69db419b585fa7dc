import KernelABI

/// Keys of one head that two layers share: directions, each layer's lengths, and the keys of both layers where they were
/// too different to be merged (sheet minicache).
final class MergedKeys {
  private var exact: ExactKeys
  private let packed: PackedKeys?
  private var lengths: [ExactValues]  // two layers, [tokens, 1]
  private var retained: [ExactKeys]  // two layers
  private let headDim: Int

  /// - Parameter bits: 16 for exact directions, 2 or 4 for groups of 32 tokens per channel.
  init(headDim: Int, element: FloatElement, bits: Int) {
    self.headDim = headDim
    exact = ExactKeys(headDim: headDim, element: element)
    packed = bits < 16 ? PackedKeys(headDim: headDim, bits: bits, group: 32) : nil
    lengths = (0..<2).map { _ in ExactValues(headDim: 1, element: element) }
    retained = (0..<2).map { _ in ExactKeys(headDim: headDim, element: element) }
  }

  var count: Int { packed?.count ?? exact.count }

  /// Appends directions [tokens, headDim] with the lengths of both layers [2, tokens]; whole groups if they are packed.
  func append(_ directions: UnsafePointer<Float>, lengths rows: UnsafePointer<Float>, tokens: Int) {
    if let packed {
      packed.append(directions, tokens: tokens)
    } else {
      exact.append(directions, stride: headDim, tokens: tokens)
    }
    for layer in 0..<2 { lengths[layer].append(rows + layer * tokens, stride: 1, tokens: tokens) }
  }

  func retain(_ key: UnsafePointer<Float>, layer: Int) { retained[layer].append(key, stride: headDim, tokens: 1) }

  /// Scores of merged tokens in a layer from a multiple of 32 on; `kept` are the retained ones, as slots.
  func scores(
    layer: Int, _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, kept: RetainedTokens,
    _ out: UnsafeMutablePointer<Float>, outStride: Int, _ kernels: KernelTable
  ) {
    if let packed {
      packed.scores(queries, rows: rows, tokens: tokens, out, outStride: outStride, kernels)
    } else {
      kernels.keyScores(
        exact.rows, tokens.lowerBound / 16..<(tokens.upperBound + 15) / 16, queries, rows, out, outStride)
    }
    withTiles(tokens) { tile, lengths in
      self.lengths[layer].floats(tile, into: lengths, kernels)
      for row in 0..<rows {
        let line = out + row * outStride + tile.lowerBound - tokens.lowerBound
        for index in 0..<tile.count { line[index] *= lengths[index] }
      }
    }
    let found = kept.places(tokens)
    guard !found.isEmpty else { return }
    let first = found.lowerBound / 16 * 16
    let width = (found.upperBound - first + 15) / 16 * 16
    withKernelScratch(of: Float.self, capacity: rows * width) { area in
      guard let scores = area.baseAddress else { return }
      kernels.keyScores(
        retained[layer].rows, first / 16..<(found.upperBound + 15) / 16, queries, rows, scores, width)
      for row in 0..<rows {
        for place in found {
          out[row * outStride + Int(kept.slots[place]) - tokens.lowerBound] = scores[row * width + place - first]
        }
      }
    }
  }

  /// The key of a merged token as a layer sees it.
  func read(_ token: Int, layer: Int, kept: RetainedTokens, into target: UnsafeMutablePointer<Float>) {
    if let place = kept.place(token) { return retained[layer].read(place, into: target) }
    if let packed { packed.read(token, into: target) } else { exact.read(token, into: target) }
    var length: Float = 0
    lengths[layer].read(token, into: &length)
    for channel in 0..<headDim { target[channel] *= length }
  }

  /// Bytes of the directions, which both layers share.
  var sharedBytes: ByteCount {
    var total = ByteCount()
    total.payload = packed?.payloadBytes ?? exact.count * headDim * exact.element.bytes
    total.scales = packed?.scaleBytes ?? 0
    total.slack = packed == nil ? exact.slackBytes : 0
    return total
  }

  /// Bytes of a layer's own lengths and retained keys.
  func ownBytes(layer: Int) -> ByteCount {
    var total = ByteCount()
    total.scales = count * exact.element.bytes
    total.corrections = retained[layer].count * headDim * exact.element.bytes
    total.slack = retained[layer].slackBytes
    return total
  }
}

/// Calls `body` with tiles of a range and room for a number a token.
func withTiles(_ tokens: Range<Int>, _ body: (_ tile: Range<Int>, _ room: UnsafeMutablePointer<Float>) -> Void) {
  let most = 512
  withKernelScratch(of: Float.self, capacity: min(most, tokens.count)) { area in
    guard let room = area.baseAddress else { return }
    for first in stride(from: tokens.lowerBound, to: tokens.upperBound, by: most) {
      body(first..<min(tokens.upperBound, first + most), room)
    }
  }
}

extension ExactValues {
  /// Numbers of a range of rows as single precision, [tokens, headDim].
  func floats(_ tokens: Range<Int>, into target: UnsafeMutablePointer<Float>, _ kernels: KernelTable) {
    if element == .float16 {
      kernels.floatFromHalf(
        rows.elements.assumingMemoryBound(to: UInt16.self) + tokens.lowerBound * headDim, tokens.count * headDim, target
      )
    } else {
      for token in tokens { read(token, into: target + (token - tokens.lowerBound) * headDim) }
    }
  }
}
