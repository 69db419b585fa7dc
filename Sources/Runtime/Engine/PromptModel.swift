import KernelABI

/// The model as a prompt method may ask it, while one prompt is rewritten.
///
/// Answers do not depend on threads, nor on how tokens are cut into calls.
public final class PromptModel {
  /// Rows of logits made at once: a row is 200 kB.
  static let logitRows = 64
  /// Tokens of several texts that go through in one pass, a text longer than that apart.
  static let togetherTokens = 512

  private let pass: ForwardPass
  /// What tokens say; nil for an engine that was given none.
  public let tokenizer: Tokenizer?
  private let chunkTokens: Int
  private let cancellation: Cancellation?
  private var caches: [WeakCache] = []
  /// The most bytes that the caches of this prompt's questions held at once.
  private(set) var peakBytes = 0

  init(_ pass: ForwardPass, _ tokenizer: Tokenizer? = nil, chunkTokens: Int, _ cancellation: Cancellation?) {
    self.pass = pass
    self.tokenizer = tokenizer
    self.chunkTokens = chunkTokens
    self.cancellation = cancellation
  }

  /// What the cache's prompt slot leaves of a prompt; the cache notes how much that is and what it took.
  func rewrite(_ prompt: Prompt, for cache: SequenceCache) throws -> [Int32] {
    let ids = try cache.compressor.slots.prompt?.rewrite(prompt, asking: self) ?? prompt.ids
    cache.keptTokens = ids.count
    cache.note(peakBytes: peakBytes)
    return ids
  }

  public var shape: CacheShape { pass.model.cacheShape }

  /// Queries and keys of all of a prompt in one layer, at their positions; the layers before it run, later ones do not.
  ///
  /// The pass holds keys and values of one layer at a time. What `read` is given is valid until it returns.
  /// - Throws: `CancellationError`; `RuntimeProblem` K602 if a number is not finite.
  public func project<Result>(
    _ prompt: [Int32], layer: Int, _ read: (LayerProjection) throws -> Result
  ) throws -> Result {
    let cache = try makeCache()
    defer { notePeak() }
    return try pass.project(prompt, layer: layer, on: cache, cancellation) { rows in
      let projection = LayerProjection(rows: rows, tokens: prompt.count, layer: layer, shape: shape)
      try projection.checkKeys()
      return try read(projection)
    }
  }

  /// -ln p of each token but the first, behind what a cache of `makeCache` holds; the cache grows by all of them.
  ///
  /// - Throws: `CancellationError`; `RuntimeProblem` K602 if a score is not finite.
  public func losses(of tokens: ArraySlice<Int32>, on cache: SequenceCache) throws -> [Double] {
    defer { notePeak() }
    var losses: [Double] = []
    for start in stride(from: tokens.startIndex, to: tokens.endIndex, by: chunkTokens) {
      let chunk = start..<min(tokens.endIndex, start + chunkTokens)
      try pass.run(
        [.prompt(Array(tokens[chunk]), of: cache, isLast: chunk.upperBound == tokens.endIndex)], cancellation)
      losses += try self.losses(rows: chunk.prefix { $0 + 1 < tokens.endIndex }.map { ($0 - start, tokens[$0 + 1]) })
    }
    return losses
  }

  /// The mean of -ln p over all tokens but the first of texts that do not know of each other; 0 for one token.
  ///
  /// - Throws: `CancellationError`; `RuntimeProblem` K602 if a score is not finite.
  public func meanLosses(of texts: [[Int32]]) throws -> [Double] {
    var means: [Double] = []
    func mean(_ losses: [Double]) -> Double { losses.isEmpty ? 0 : losses.reduce(0, +) / Double(losses.count) }
    while means.count < texts.count {
      if texts[means.count].count > Self.togetherTokens {
        means.append(mean(try losses(of: texts[means.count][...], on: makeCache())))
        continue
      }
      var together: [(text: [Int32], cache: SequenceCache)] = []
      var tokens = 0
      for text in texts[means.count...] {
        // Caches grow in blocks of 16 tokens.
        tokens += (text.count + 15) / 16 * 16
        guard together.isEmpty || tokens <= Self.togetherTokens else { break }
        together.append((text, try makeCache()))
      }
      try pass.run(together.map { .prompt($0.text, of: $0.cache, isLast: true) }, cancellation)
      notePeak()
      var row = 0
      for (text, _) in together {
        let losses = try losses(rows: text.indices.dropLast().map { (row + $0, text[$0 + 1]) })
        means.append(mean(losses))
        row += text.count
      }
    }
    return means
  }

  private func losses(rows: [(row: Int, next: Int32)]) throws -> [Double] {
    var losses: [Double] = []
    for start in stride(from: 0, to: rows.count, by: Self.logitRows) {
      try cancellation?.check()
      let block = rows[start..<min(rows.count, start + Self.logitRows)]
      losses += pass.losses(rows: block.map(\.row), next: block.map(\.next))
    }
    return losses
  }

  /// Makes a cache of `makeCache` forget all tokens but the first.
  public func cut(_ cache: SequenceCache, to tokens: Int) { cache.cut(to: tokens) }

  /// An uncompressed cache that belongs to this prompt's questions.
  public func makeCache() throws -> SequenceCache {
    let cache = try pass.makeCache(.none)
    caches.append(WeakCache(cache: cache))
    return cache
  }

  private func notePeak() {
    caches.removeAll { $0.cache == nil }
    let held = caches.reduce(0) { $0 + ($1.cache?.bytes.held ?? 0) }
    peakBytes = max(peakBytes, held, caches.map { $0.cache?.peakBytes ?? 0 }.max() ?? 0)
  }

  private struct WeakCache {
    weak var cache: SequenceCache?
  }
}

/// Queries and keys of one layer for all tokens of a prompt, rotated to their positions.
public struct LayerProjection {
  let rows: AttentionRows
  public let tokens: Int
  public let layer: Int
  public let shape: CacheShape

  /// A token's query of one query head [headDim].
  public func query(token: Int, head: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: rows.queries + token * rows.queryStride + head * shape.headDim, count: shape.headDim)
  }

  /// A token's key of one KV head [headDim].
  public func key(token: Int, head: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: rows.keys + token * rows.keyStride + head * shape.headDim, count: shape.headDim)
  }

  /// - Throws: `RuntimeProblem` K602 as attention in this layer would.
  func checkKeys() throws {
    for head in 0..<shape.kvHeads where !rows.storable(head: head, tokens: tokens, shape: shape) {
      throw EngineProblems.notFinite(layer: layer, head: head, isStored: true)
    }
  }
}
