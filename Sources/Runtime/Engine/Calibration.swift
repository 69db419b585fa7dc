import KernelABI
import Synchronization

/// A codec that learns from a text of the model's before it can store anything: thresholds, levels.
public protocol CalibratedCodec: Codec {
  /// Codecs with the same key learn the same of one model and text.
  var calibrationKey: String { get }
  /// The text of the user's own that it learns from; nil for the page that comes with kvsh.
  var calibrationText: NamedText? { get }
  /// The codec with what it has learnt.
  func calibrated(on run: CalibrationRun) throws -> any Codec
}

/// The keys and values of calibration texts, as the uncompressed cache holds them.
public struct CalibrationRun {
  public let shape: CacheShape
  let rotary: RotaryTable
  /// One a text.
  let caches: [SequenceCache]
  let pool: WorkerPool

  /// Ends the learning of a layer, which takes a tenth of a second or, of a text of the user's own, more than one.
  ///
  /// - Throws: `CancellationError`.
  func check() throws { try pool.check() }

  /// What is learnt of each layer, the layers on all threads.
  ///
  /// - Throws: `CancellationError`; what `learn` throws.
  func layers<Learnt>(_ learn: (_ layer: Int) throws -> Learnt) throws -> [Learnt] {
    var learnt = [Result<Learnt, any Error>?](repeating: nil, count: shape.layers)
    learnt.withUnsafeMutableBufferPointer { target in
      pool.runStoppable(shape.layers) { layer, _ in target[layer] = Result { try learn(layer) } }
    }
    try check()
    return try learnt.compactMap { try $0?.get() }
  }

  /// Keys of one layer turned back to position 0, one array a text, [tokens, kvHeads * headDim].
  ///
  /// - Throws: `CancellationError`.
  public func keysBeforeRotation(_ layer: Int) throws -> [[Float]] {
    try caches.map { cache in
      try rows { head in
        var keys = cache.layers[layer].store.decoded(head: head).keys
        keys.withUnsafeMutableBufferPointer { buffer in
          guard let base = buffer.baseAddress else { return }
          for token in 0..<buffer.count / shape.headDim { rotary.turn(base + token * shape.headDim, by: -token) }
        }
        return keys
      }
    }
  }

  /// Values of one layer, one array a text, [tokens, kvHeads * headDim].
  ///
  /// - Throws: `CancellationError`.
  public func values(_ layer: Int) throws -> [[Float]] {
    try caches.map { cache in try rows { cache.layers[layer].store.decoded(head: $0).values } }
  }

  /// Heads [tokens, headDim] side by side.
  private func rows(_ head: (Int) -> [Float]) throws -> [Float] {
    try check()
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
    let text: Text
  }

  /// What was learnt from; a text of the user's own by its digest, so that it is cut into tokens once.
  enum Text: Hashable, Sendable {
    case page([Int32])
    case own(digest: String)
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
  /// - Throws: `CancellationError`; `RuntimeProblem` K305 if there is no text to learn from, K607 (memory).
  func calibrated(_ compressor: Compressor) throws -> Compressor {
    guard let codec = compressor.slots.codec as? any CalibratedCodec else { return compressor }
    let shape = model.cacheShape
    try compressor.check(shape: shape)
    let key = LearntCodecs.Key(
      codec: codec.calibrationKey, kernels: kernels.name,
      text: codec.calibrationText.map { .own(digest: $0.digest) } ?? .page(calibrationPage))
    let learnt = try model.learntCodecs.codec(key) {
      let texts = try calibrationTexts(codec, compressor)
      try checkCalibrationMemory(texts)
      // A pass of its own: this one may be between two steps of a batch.
      let pass = ForwardPass(model: model, kernels: kernels, pool: pool)
      let caches = try texts.map { text in
        let cache = try SequenceCache(.none, shape: shape, kernels: kernels)
        try pass.run([.prompt(text, of: cache, isLast: true)], pool.cancellation)
        return cache
      }
      return try codec.calibrated(
        on: CalibrationRun(shape: shape, rotary: model.rotary, caches: caches, pool: pool))
    }
    return compressor.replacing(codec: learnt)
  }

  private var calibrationPage: [Int32] { Array(calibrationText.prefix(model.configuration.contextTokens)) }

  /// The page that comes with kvsh in one piece, or the beginning of a text of the user's own: `CalibrationText.most`
  /// pieces, as many as the paper takes.
  private func calibrationTexts(_ codec: any CalibratedCodec, _ compressor: Compressor) throws -> [[Int32]] {
    let context = model.configuration.contextTokens
    guard let own = codec.calibrationText else {
      let page = calibrationPage
      guard !page.isEmpty else {
        throw RuntimeProblem(
          "K305", seen: "\(compressor.label) has no text to be calibrated on", expected: "a calibration text")
      }
      return [page]
    }
    guard let tokenizer else {
      throw RuntimeProblem(
        "K305", seen: "\(compressor.label) cannot read \(own) without a tokenizer",
        expected: "a model that has its tokenizer beside it")
    }
    let texts = CalibrationText.pieces(own.content, tokenizer, context: context)
    guard !texts.isEmpty else {
      throw RuntimeProblem(
        "K305", seen: "\(compressor.label) has no text to be calibrated on: \(own) is empty",
        expected: "a calibration text")
    }
    return texts
  }

  /// Exact caches of all texts at once, and what sorting the numbers of some layers takes.
  private func checkCalibrationMemory(_ texts: [[Int32]]) throws {
    let shape = model.cacheShape
    let tokens = texts.reduce(0) { $0 + $1.count }
    let longest = texts.map(\.count).max() ?? 0
    let sorting = min(pool.threads, shape.layers) * tokens * shape.kvHeads * shape.headDim * 4 * 8
    try MemoryForecast(
      cacheBytes: texts.reduce(0) { $0 + Slots.exactBytes($1.count, shape) } * shape.layers, workBytes: sorting,
      sequences: texts.count, longestTokens: longest
    ).check(availableBytes: SystemMemory.availableBytes)
  }
}
