import Foundation

/// Runs many requests through one model with continuous batching: a request joins as soon as another leaves.
///
/// Sequences of unequal length share each decode step without padding. A request's tokens depend on the model, the
/// configuration, the sampling and its own prompt; never on the batch, the threads or the order.
public final class BatchEngine {
  public let model: Model
  /// What runs the model: the whole, or the first rank of a split one while an engine asks for it.
  private(set) var pass: ForwardPass
  private let whole: ForwardPass
  /// The first rank's pass of splits that were asked for, by the number of ranks.
  private var leaders: [Int: ForwardPass] = [:]
  let instructionSet: InstructionSet
  let pool: WorkerPool
  /// Tokens that end a turn.
  let endTokens: Set<Int32>
  /// Prompt tokens that go through the model together; a multiple of the attention tile.
  let chunkTokens: Int
  /// What codecs that learn from a text learn from.
  public var calibrationText: [Int32] {
    get { whole.calibrationText }
    set { whole.calibrationText = newValue }
  }
  /// What the prompt's tokens say, for prompt methods that look at the text; without one a prompt is all one paragraph.
  let tokenizer: Tokenizer?
  /// Tokens of prompts that were read from another sequence's pages instead of going through the model, in all runs.
  public private(set) var sharedTokens = 0
  /// Memory the machine can still give, asked before each run.
  public var availableBytes: () -> Int? = { SystemMemory.availableBytes }

  public init(
    model: Model, endTokens: Set<Int32>, tokenizer: Tokenizer? = nil, instructionSet: InstructionSet, pool: WorkerPool,
    chunkTokens: Int = 2_048
  ) {
    self.model = model
    self.tokenizer = tokenizer
    self.endTokens = endTokens
    self.instructionSet = instructionSet
    self.pool = pool
    let tile = PromptAttention.tileTokens
    self.chunkTokens = max(tile, chunkTokens / tile * tile)
    whole = ForwardPass(model: model, kernels: instructionSet.table, pool: pool)
    whole.tokenizer = tokenizer
    pass = whole
  }

  /// Continues every request and hands each over as it finishes.
  ///
  /// - Parameters:
  ///   - batch: sequences that decode together, at least 1.
  ///   - attention: how it is computed.
  ///   - shouldStop: asked after each token of a sample with its new tokens so far; nil never stops.
  ///   - onToken: told of each new token.
  /// - Throws: `CancellationError`; `RuntimeProblem` K305 (method and model), K602 (numbers), K603 (prompt), K607 (memory), K680
  ///   (engine and method), K682 (ranks and model).
  public func run(
    _ requests: [GenerationRequest], compressor: Compressor = .none, sampling: Sampling = .greedy, batch: Int = 1,
    attention: AttentionEngine = .fused, cancellation: Cancellation? = nil,
    shouldStop: ((_ sample: String, _ tokens: [Int32]) -> Bool)? = nil,
    onToken: ((_ sample: String, _ token: Int32) -> Void)? = nil, onFinish: (Generation) throws -> Void
  ) throws {
    try compressor.check(shape: model.cacheShape)
    try use(attention, for: compressor)
    defer { endUse() }
    let context = model.configuration.contextTokens
    try checkMemory(
      requests.map { .init(prompt: $0.prompt.count, tokens: min(context, $0.prompt.count + max(0, $0.maxTokens))) },
      compressor, batch: batch)
    var waiting = requests.makeIterator()
    var active: [ActiveSequence] = []
    var isDrained = false
    while true {
      while !isDrained, active.count < max(1, batch) {
        guard let request = waiting.next() else {
          isDrained = true
          break
        }
        let sequence = try prefill(
          request, compressor, sampling, cancellation, sharing: active, shouldStop, onToken)
        if let generation = sequence.finished { try onFinish(generation) } else { active.append(sequence) }
      }
      guard !active.isEmpty else { return }
      try pass.runSteps(active.count, cancellation) { (active[$0].lastToken, active[$0].cache) }
      try advance(&active, sampling, shouldStop, onToken)
      for sequence in active { if let generation = sequence.finished { try onFinish(generation) } }
      active.removeAll { $0.finished != nil }
    }
  }

  /// Makes the caches that follow ones of this engine, until `endUse`.
  ///
  /// - Throws: `RuntimeProblem` K680 if it cannot serve the method, K682 if the model does not divide by its ranks.
  func use(_ attention: AttentionEngine, for compressor: Compressor) throws {
    try check(attention, compressor)
    pass = whole
    if attention.ranks > 1 {
      let leader =
        try leaders[attention.ranks]
        ?? RankedPasses.leader(
          model, ranks: attention.ranks, kernels: instructionSet.table, threads: pool.threads,
          cancellation: pool.cancellation)
      leaders[attention.ranks] = leader
      pass = leader
    }
    pass.engine = attention
  }

  /// Refuses an engine that cannot serve a method or the model.
  ///
  /// - Throws: `RuntimeProblem` K680 (method), K682 (ranks and model).
  public func check(_ attention: AttentionEngine, _ compressor: Compressor) throws {
    try attention.check(compressor)
    try model.check(ranks: attention.ranks)
  }

  func endUse() {
    pass.engine = .fused
    pass = whole
  }

  private func prefill(
    _ request: GenerationRequest, _ compressor: Compressor, _ sampling: Sampling, _ cancellation: Cancellation?,
    sharing active: [ActiveSequence], _ shouldStop: ((String, [Int32]) -> Bool)?,
    _ onToken: ((String, Int32) -> Void)?
  ) throws -> ActiveSequence {
    let context = model.configuration.contextTokens
    guard !request.prompt.isEmpty, request.prompt.count < context else {
      throw RuntimeProblem(
        "K603", seen: "sample \(request.sample): a prompt of \(request.prompt.count) tokens",
        expected: "1 to \(context - 1) tokens", suggestion: "truncate the prompt")
    }
    if let token = request.prompt.first(where: { $0 < 0 || Int($0) >= model.configuration.vocabulary }) {
      throw RuntimeProblem(
        "K603", seen: "sample \(request.sample): token \(token)",
        expected: "tokens below \(model.configuration.vocabulary)")
    }
    var sequence = ActiveSequence(request: request, cache: try pass.makeCache(compressor), clock: pass.clock)
    share(active, with: sequence)
    let row = try fill(sequence.cache, with: request.prompt, text: request.text, cancellation)
    guard request.maxTokens > 0 else {
      sequence.finish(.length)
      return sequence
    }
    take(choose(pass.logits(rows: [row]), sequence, sampling), &sequence, shouldStop, onToken)
    return sequence
  }

  /// Lets a new sequence begin in the pages of the active one whose prompt begins like its own for longest.
  ///
  /// All but its last token at most, which has to go through the model for the logits behind it.
  private func share(_ active: [ActiveSequence], with new: ActiveSequence) {
    guard pass.engine.kind == .paged, new.cache.compressor.slots.filled.isEmpty else { return }
    let prompt = new.request.prompt
    var best: (tokens: Int, cache: SequenceCache)?
    for other in active where other.finished == nil {
      var common = 0
      let theirs = other.request.prompt
      while common < min(prompt.count - 1, theirs.count), prompt[common] == theirs[common] { common += 1 }
      if common > best?.tokens ?? 0 { best = (common, other.cache) }
    }
    guard let best, best.tokens >= pass.engine.tileTokens else { return }
    new.cache.adopt(prefix: best.tokens, of: best.cache)
    sharedTokens += best.tokens
  }

  /// Runs what the prompt slot leaves of a prompt through the model, chunk by chunk.
  ///
  /// - Parameter text: where the user's own text lies in the prompt; nil for all of it.
  /// - Returns: the row of the last pass that has the logits of the next token.
  func fill(
    _ cache: SequenceCache, with prompt: [Int32], text: Range<Int>? = nil, _ cancellation: Cancellation?
  ) throws -> Int {
    let prompt = try PromptModel(pass, tokenizer, chunkTokens: chunkTokens, cancellation)
      .rewrite(Prompt(ids: prompt, text: text), for: cache)
    return try feed(cache, with: prompt, cancellation)
  }

  /// Runs a prompt as it is through the model, chunk by chunk; returns what `fill` does.
  func feed(_ cache: SequenceCache, with prompt: [Int32], _ cancellation: Cancellation?) throws -> Int {
    let step = chunks(cache.compressor) ? chunkTokens : prompt.count
    // What another sequence's pages hold already does not go through again.
    var start = min(cache.seenTokens, prompt.count - 1)
    while start < prompt.count {
      let end = min(prompt.count, start + step)
      try pass.run(
        [.prompt(Array(prompt[start..<end]), of: cache, isLast: end == prompt.count)], cancellation)
      start = end
    }
    return pass.lastRows.last ?? 0
  }

  /// Whether prompts go through in chunks: eager attention writes out all rows at once, statistics that need all keys at once cannot be gathered so, and what leaves
  /// between layers is decided by a prompt's last token.
  func chunks(_ compressor: Compressor) -> Bool {
    if compressor.slots.flow != nil || !pass.engine.chunksPrompts { return false }
    let sums = compressor.slots.needs.columnSums
    return sums == nil || sums == .causal
  }

  private func advance(
    _ active: inout [ActiveSequence], _ sampling: Sampling, _ shouldStop: ((String, [Int32]) -> Bool)?,
    _ onToken: ((String, Int32) -> Void)?
  ) throws {
    let logits = pass.logits(rows: pass.lastRows)
    let sequences = active
    var tokens = [Int32](repeating: 0, count: sequences.count)
    tokens.withUnsafeMutableBufferPointer { tokens in
      guard let token = tokens.baseAddress else { return }
      // At a temperature a sequence asks the noise of every token that could win, while the other threads would wait.
      pool.run(sequences.count) { token[$0] = choose(logits + $0 * pass.logitStride, sequences[$0], sampling) }
    }
    for index in active.indices { take(tokens[index], &active[index], shouldStop, onToken) }
  }

  private func choose(_ logits: UnsafePointer<Float>, _ sequence: ActiveSequence, _ sampling: Sampling) -> Int32 {
    Sampler.choose(
      UnsafeBufferPointer(start: logits, count: model.configuration.vocabulary), sampling,
      sample: sequence.request.sample, step: sequence.tokens.count)
  }

  /// Takes a sequence's next token and decides whether it is done.
  private func take(
    _ token: Int32, _ sequence: inout ActiveSequence, _ shouldStop: ((String, [Int32]) -> Bool)?,
    _ onToken: ((String, Int32) -> Void)?
  ) {
    let request = sequence.request
    sequence.noteToken()
    if endTokens.contains(token), !request.ignoresEnd {
      sequence.finish(.eos)
      return
    }
    sequence.tokens.append(token)
    onToken?(request.sample, token)
    if shouldStop?(request.sample, sequence.tokens) == true {
      sequence.finish(.stop)
    } else if sequence.tokens.count >= request.maxTokens
      || sequence.cache.keptTokens + sequence.tokens.count >= model.configuration.contextTokens
    {
      sequence.finish(.length)
    }
  }
}

/// A request that is being continued.
private struct ActiveSequence {
  let request: GenerationRequest
  let cache: SequenceCache
  var tokens: [Int32] = []
  private(set) var finished: Generation?
  private let start = ContinuousClock.now
  private var firstToken: ContinuousClock.Instant?
  private var lastTokenInstant: ContinuousClock.Instant?
  private var sampled = 0
  private let clock: PhaseClock
  private let phasesBefore: PhaseTimes

  init(request: GenerationRequest, cache: SequenceCache, clock: PhaseClock) {
    self.request = request
    self.cache = cache
    self.clock = clock
    phasesBefore = clock.times
  }

  var lastToken: Int32 { tokens.last ?? 0 }

  mutating func noteToken() {
    let now = ContinuousClock.now
    if firstToken == nil { firstToken = now }
    lastTokenInstant = now
    sampled += 1
  }

  mutating func finish(_ reason: Generation.Finish) {
    let end = lastTokenInstant ?? .now
    let first = firstToken ?? end
    finished = Generation(
      sample: request.sample, promptTokens: request.prompt.count, keptTokens: cache.keptTokens, tokens: tokens,
      finish: reason,
      firstTokenSeconds: (first - start).seconds,
      betweenTokensSeconds: sampled > 1 ? (end - first).seconds / Double(sampled - 1) : nil,
      totalSeconds: (end - start).seconds, phases: clock.times - phasesBefore, cacheBytes: cache.bytes,
      peakCacheBytes: cache.peakBytes,
      readBytesPerStep: cache.steps > 0 ? cache.readBytes / cache.steps : 0)
  }
}

extension Duration {
  /// The duration as a number of seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

extension BatchEngine {
  /// The likeliest next tokens after a text, uncompressed, with natural-log probabilities; ties by id.
  ///
  /// - Throws: `RuntimeProblem` K602 (numbers), K603 (prompt).
  public func likeliest(after prompt: [Int32], count: Int) throws -> [(token: Int32, logProbability: Double)] {
    let context = model.configuration.contextTokens
    guard !prompt.isEmpty, prompt.count <= context else {
      throw RuntimeProblem("K603", seen: "a text of \(prompt.count) tokens", expected: "1 to \(context) tokens")
    }
    try pass.run([.prompt(prompt, of: try pass.makeCache(.none), isLast: true)])
    let logits = UnsafeBufferPointer(
      start: pass.logits(rows: [prompt.count - 1]), count: model.configuration.vocabulary)
    let maximum = Double(logits[Sampler.likeliest(logits)])
    let total = logits.reduce(0.0) { $0 + exp(Double($1) - maximum) }
    let ranked = logits.indices.sorted { logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1 }
    return ranked.prefix(max(0, count)).map {
      (Int32(truncatingIfNeeded: $0), Double(logits[$0]) - maximum - log(total))
    }
  }
}
