import KernelABI

/// Values of one head that two layers share: directions, each layer's lengths, and the values of both layers where they
/// were too different to be merged (sheet minicache).
final class MergedValues {
  private var exact: ExactValues
  private let packed: PackedValues?
  private var lengths: [ExactValues]  // two layers, [tokens, 1]
  private var retained: [ExactValues]  // two layers
  private let headDim: Int

  /// - Parameter bits: 16 for exact directions, 2 or 4 for groups of 32 channels per token.
  init(headDim: Int, element: FloatElement, bits: Int) {
    self.headDim = headDim
    exact = ExactValues(headDim: headDim, element: element)
    packed = bits < 16 ? PackedValues(headDim: headDim, bits: bits, group: 32) : nil
    lengths = (0..<2).map { _ in ExactValues(headDim: 1, element: element) }
    retained = (0..<2).map { _ in ExactValues(headDim: headDim, element: element) }
  }

  var count: Int { packed?.count ?? exact.count }

  /// Appends directions [tokens, headDim] with the lengths of both layers [2, tokens].
  func append(_ directions: UnsafePointer<Float>, lengths rows: UnsafePointer<Float>, tokens: Int) {
    if let packed {
      packed.append(directions, tokens: tokens)
    } else {
      exact.append(directions, stride: headDim, tokens: tokens)
    }
    for layer in 0..<2 { lengths[layer].append(rows + layer * tokens, stride: 1, tokens: tokens) }
  }

  func retain(_ value: UnsafePointer<Float>, layer: Int) { retained[layer].append(value, stride: headDim, tokens: 1) }

  /// Adds weighted values of merged tokens of a layer from a multiple of 32 on; `kept` are the retained ones, as slots.
  func accumulate(
    layer: Int, _ weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    kept: RetainedTokens, _ acc: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    withTiles(tokens) { tile, lengths in
      self.lengths[layer].floats(tile, into: lengths, kernels)
      let found = kept.places(tile)
      let source = weights + tile.lowerBound - tokens.lowerBound
      // Weights of the directions [rows, width], then those of the retained values [rows, found].
      let width = (tile.count + 31) / 32 * 32
      withKernelScratch(of: Float.self, capacity: rows * (width + found.count)) { area in
        guard let scaled = area.baseAddress else { return }
        let gathered = scaled + rows * width
        for row in 0..<rows {
          let line = source + row * weightStride
          for index in 0..<tile.count { scaled[row * width + index] = line[index] * lengths[index] }
          for place in found {
            let index = Int(kept.slots[place]) - tile.lowerBound
            scaled[row * width + index] = 0
            gathered[row * found.count + place - found.lowerBound] = line[index]
          }
        }
        if let packed {
          packed.accumulate(scaled, weightStride: width, rows: rows, tokens: tile, acc, kernels)
        } else {
          kernels.accumulateValues(exact.rows, tile, scaled, width, rows, acc)
        }
        guard !found.isEmpty else { return }
        kernels.accumulateValues(retained[layer].rows, found, gathered, found.count, rows, acc)
      }
    }
  }

  /// The value of a merged token as a layer sees it.
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
    total.slack = packed?.slackBytes ?? 0
    return total
  }

  /// Bytes of a layer's own lengths and retained values.
  func ownBytes(layer: Int) -> ByteCount {
    var total = ByteCount()
    total.scales = count * exact.element.bytes
    total.corrections = retained[layer].count * headDim * exact.element.bytes
    return total
  }
}
