import KernelABI
import Synchronization

/// A codec that learns from a text of the model's before it can store anything: thresholds, levels.
public protocol CalibratedCodec: Codec {
  /// Codecs with the same key learn the same of one model and text.
  var calibrationKey: String { get }
  /// The codec with what it has learnt.
  func calibrated(on run: CalibrationRun) throws -> any Codec
}

/// The keys and values of a calibration text, as the uncompressed cache holds them.
public struct CalibrationRun {
  public let shape: CacheShape
  let rotary: RotaryTable
  let cache: SequenceCache

  /// Keys of one layer turned back to position 0, [tokens, kvHeads * headDim].
  public func keysBeforeRotation(_ layer: Int) -> [Float] {
    rows(layer) { head in
      var keys = cache.layers[layer].store.decoded(head: head).keys
      keys.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        for token in 0..<buffer.count / shape.headDim { rotary.turn(base + token * shape.headDim, by: -token) }
      }
      return keys
    }
  }

  /// Values of one layer, [tokens, kvHeads * headDim].
  public func values(_ layer: Int) -> [Float] { rows(layer) { cache.layers[layer].store.decoded(head: $0).values } }

  /// Heads [tokens, headDim] side by side.
  private func rows(_ layer: Int, _ head: (Int) -> [Float]) -> [Float] {
    let heads = (0..<shape.kvHeads).map(head)
    let tokens = heads.map(\.count).min().map { $0 / shape.headDim } ?? 0
    var rows: [Float] = []
    rows.reserveCapacity(tokens * shape.kvHeads * shape.headDim)
    for token in 0..<tokens {
      for head in heads { rows += head[token * shape.headDim..<(token + 1) * shape.headDim] }
    }
    return rows
  }
}

/// What codecs have learnt of one model: made once, then the same for every sequence.
final class LearntCodecs: Sendable {
  struct Key: Hashable, Sendable {
    let codec: String
    let kernels: String
    let text: [Int32]
  }

  private let learnt = Mutex<[Key: any Codec]>([:])

  func codec(_ key: Key, _ learn: () throws -> any Codec) throws -> any Codec {
    if let codec = learnt.withLock({ $0[key] }) { return codec }
    let codec = try learn()
    learnt.withLock { $0[key] = codec }
    return codec
  }
}

extension ForwardPass {
  /// The configuration with what its codec learns of the model from the calibration text.
  ///
  /// - Throws: `RuntimeProblem` K305 if there is no text to learn from.
  func calibrated(_ compressor: Compressor) throws -> Compressor {
    guard let codec = compressor.slots.codec as? any CalibratedCodec else { return compressor }
    let shape = model.cacheShape
    try compressor.check(shape: shape)
    let text = Array(calibrationText.prefix(model.configuration.contextTokens))
    guard !text.isEmpty else {
      throw RuntimeProblem(
        "K305", seen: "\(compressor.label) has no text to be calibrated on", expected: "a calibration text")
    }
    let key = LearntCodecs.Key(codec: codec.calibrationKey, kernels: kernels.name, text: text)
    let learnt = try model.learntCodecs.codec(key) {
      // A pass of its own: this one may be between two steps of a batch.
      let pass = ForwardPass(model: model, kernels: kernels, pool: pool)
      let cache = try SequenceCache(.none, shape: shape, kernels: kernels)
      try pass.run([.prompt(text, of: cache, isLast: true)])
      return try codec.calibrated(on: CalibrationRun(shape: shape, rotary: model.rotary, cache: cache))
    }
    return compressor.replacing(codec: learnt)
  }
}
