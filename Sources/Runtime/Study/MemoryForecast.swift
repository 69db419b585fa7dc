/// What a run will need beyond the weights, said before it begins.
public struct MemoryForecast: Equatable, Sendable {
  /// A text by its lengths.
  public struct Text: Equatable, Sendable {
    public let prompt: Int
    /// Tokens at its end, the prompt's included.
    public let tokens: Int

    public init(prompt: Int, tokens: Int) {
      self.prompt = prompt
      self.tokens = tokens
    }
  }

  /// Caches of the batch's longest texts, and the exact prompt of the one that is being read.
  public let cacheBytes: Int
  /// Activations, logits and attention's scores.
  public let workBytes: Int
  /// Sequences at once, and the longest text.
  public let sequences: Int
  public let longestTokens: Int

  public var neededBytes: Int { Self.sum([cacheBytes, workBytes]) }

  /// The most there is where a sum is more: a need that wraps around would fit.
  private static func sum(_ numbers: [Int]) -> Int {
    numbers.reduce(0) { all, each in
      let (sum, overflows) = all.addingReportingOverflow(each)
      return overflows ? .max : sum
    }
  }

  /// - Throws: `RuntimeProblem` K607 if more is needed than there is; nil is not known and stops nothing.
  public func check(availableBytes: Int?) throws {
    guard let availableBytes, neededBytes > availableBytes else { return }
    throw RuntimeProblem(
      "K607",
      seen: "\(sequences) \(sequences == 1 ? "sequence" : "sequences") of up to \(longestTokens) tokens would need "
        + "\(Self.mebibytes(neededBytes)) MiB (caches \(Self.mebibytes(cacheBytes)), work "
        + "\(Self.mebibytes(workBytes))); \(Self.mebibytes(availableBytes, up: false)) MiB are available",
      expected: "a run that fits",
      suggestion: "a smaller batch=, fewer tokens, or a method that holds less (compress kivi bits=2)")
  }

  private static func mebibytes(_ bytes: Int, up: Bool = true) -> Int {
    sum([bytes, up ? (1 << 20) - 1 : 0]) >> 20
  }
}

extension MemoryForecast {
  /// Of runs that are there at the same time.
  init(together all: [MemoryForecast]) {
    self.init(
      cacheBytes: Self.sum(all.map(\.cacheBytes)), workBytes: Self.sum(all.map(\.workBytes)),
      sequences: all.reduce(0) { $0 + $1.sequences }, longestTokens: all.map(\.longestTokens).max() ?? 0)
  }
}

extension MemoryForecast.Text {
  /// What a prompt method leaves of it at most.
  fileprivate func rewritten(by rewriter: (any PromptRewriter)?, shape: CacheShape) -> MemoryForecast.Text {
    let kept = rewriter.map { min(prompt, $0.mostTokens(prompt: prompt, shape: shape)) } ?? prompt
    return MemoryForecast.Text(prompt: kept, tokens: tokens - prompt + kept)
  }
}

extension Compressor {
  /// Bytes that the cache of one text will hold at its end, said beforehand; never less than what it comes to, padding
  /// apart.
  public func forecastBytes(_ text: MemoryForecast.Text, shape: CacheShape) -> Int {
    let text = text.rewritten(by: slots.prompt, shape: shape)
    return slots.foretoldBytes(prompt: text.prompt, tokens: text.tokens, shape: shape)
  }
}

extension BatchEngine {
  /// What texts with a configuration will need, `batch` of them at once, at their longest.
  public func forecast(_ texts: [MemoryForecast.Text], _ compressor: Compressor, batch: Int) -> MemoryForecast {
    let shape = model.cacheShape
    let slots = compressor.slots
    let given = texts.map(\.prompt).max() ?? 0
    let rewriting = slots.prompt?.needs(prompt: given, shape: shape) ?? RewritingNeeds()
    let texts = texts.map { $0.rewritten(by: slots.prompt, shape: shape) }
    let sizes = Set(texts.map { [$0.prompt, $0.tokens] }).count == 1 ? Array(texts.prefix(1)) : texts
    let each = sizes.map { text in
      slots.foretoldBytes(prompt: text.prompt, tokens: text.tokens, shape: shape)
        + (slots.flow?.mostBytes(tokens: text.tokens, shape: shape, hidden: model.configuration.hidden) ?? 0)
    }
    let many = min(max(1, batch), texts.count)
    let together =
      each.count == 1 ? each[0] * many : each.sorted(by: >).prefix(many).reduce(0, +)
    let longestPrompt = texts.map(\.prompt).max() ?? 0
    let longest = texts.map(\.tokens).max() ?? 0
    let rows = chunks(compressor) ? min(longestPrompt, chunkTokens) : longestPrompt
    // A method acts behind the prompt, layer by layer if it comes in one chunk; until then the prompt is held exactly.
    let acts = slots.codec != nil || slots.keep != nil || slots.share != nil
    // Layers that share wait for each other.
    let exactLayers = !acts ? 0 : rows == longestPrompt ? (slots.share == nil ? 1 : 2) : shape.layers
    let prompt = exactLayers * Slots.exactBytes(longestPrompt, shape)
    // While a codec packs a layer, the old and the new are there and what it works in, for as many sequences as threads.
    let packing =
      slots.codec.map {
        min(threads, many)
          * ($0.mostBytes(tokens: longest, shape: shape) + $0.mostPackingBytes(tokens: longest, shape: shape))
      } ?? 0
    // Eager attention writes out one layer at a time.
    let eager =
      pass.engine.kind == .eager
      ? max(eagerBytes(rows: longestPrompt, tokens: longestPrompt), many * eagerBytes(rows: 1, tokens: longest)) : 0
    return MemoryForecast(
      // Pages that are not full and slack of what grows: a sixteenth.
      cacheBytes: (together + max(prompt + packing, rewriting.cacheBytes)) / 16 * 17,
      workBytes: workBytes(
        rows: max(many, rows, slots.prompt == nil ? 0 : min(given, rewriting.passTokens ?? chunkTokens)),
        logitRows: max(many, rewriting.logitRows), sequences: many,
        longest: max(longest, slots.prompt == nil ? 0 : given)) + eager,
      sequences: many, longestTokens: longest)
  }

  private func workBytes(rows: Int, logitRows: Int, sequences: Int, longest: Int) -> Int {
    let sizes = model.configuration
    let queries = sizes.queryHeads * sizes.headDim
    // Floats, with the bytes, scales and sums of rows that are rounded.
    let row =
      4 * (2 * sizes.hidden + queries + 2 * sizes.kvHeads * sizes.headDim + 2 * sizes.feedForward)
      + (sizes.hidden + queries + sizes.feedForward) * 21 / 4
    let logits = logitRows * (sizes.hidden * 5 + 4 * sizes.vocabulary)
    let scores =
      4 * (longest + 64) * (threads * 16 * sizes.groupHeads + 32 * sizes.kvHeads + sequences * sizes.queryHeads)
    return rows * row + logits + scores
  }

  /// Scores, masks and expanded keys and values of one sequence and layer.
  private func eagerBytes(rows: Int, tokens: Int) -> Int {
    let sizes = model.configuration
    return 4 * rows * (tokens + 16) * (sizes.queryHeads + sizes.kvHeads)
      + 2 * 4 * sizes.queryHeads * (tokens + 16) * sizes.headDim
  }

  /// Refuses texts that the machine's memory would not hold.
  ///
  /// - Throws: `RuntimeProblem` K607.
  public func checkMemory(_ texts: [MemoryForecast.Text], _ compressor: Compressor, batch: Int) throws {
    guard !texts.isEmpty else { return }
    try forecast(texts, compressor, batch: batch).check(availableBytes: availableBytes())
  }
}
