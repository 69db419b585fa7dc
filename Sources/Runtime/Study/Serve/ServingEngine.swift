/// What a server of a real fleet computes with: an engine of its own over weights that all share.
///
/// Safe to send: its server's thread alone uses it between the beginning and the end of a run.
final class ServingEngine: @unchecked Sendable {
  /// A request that decodes.
  struct Sequence {
    let number: Int
    let request: GenerationRequest
    let cache: SequenceCache
    /// Sampled so far, the end of the turn included.
    var tokens: [Int32]
  }

  private let engine: BatchEngine
  private let sampling: Sampling
  private let cancellation: Cancellation

  init(_ engine: BatchEngine, threads: Int, sampling: Sampling, cancellation: Cancellation) {
    self.engine = engine.twin(threads: threads)
    self.sampling = sampling
    self.cancellation = cancellation
  }

  /// What it will need beyond the weights for texts with a configuration, `batch` of them at once.
  func forecast(_ texts: [MemoryForecast.Text], _ compressor: Compressor, batch: Int) -> MemoryForecast {
    engine.forecast(texts, compressor, batch: batch)
  }

  /// Bytes of a text's cache at its end.
  func cacheBytes(_ text: MemoryForecast.Text, _ compressor: Compressor) -> Int {
    compressor.forecastBytes(text, shape: engine.model.cacheShape)
  }

  /// Memory the machine can still give.
  var availableBytes: Int? { engine.availableBytes() }

  var layers: Int { engine.model.configuration.layers }

  /// Runs a prompt and samples the first token.
  ///
  /// - Throws: `CancellationError`; `RuntimeProblem` K305 (method and model), K602 (numbers).
  func prefill(_ request: GenerationRequest, number: Int, _ compressor: Compressor) throws -> Sequence {
    let cache = try engine.pass.makeCache(compressor)
    let row = try engine.fill(cache, with: request.prompt, text: request.text, cancellation)
    let token = choose(engine.pass.logits(rows: [row]), request, step: 0)
    return Sequence(number: number, request: request, cache: cache, tokens: [token])
  }

  /// Samples one more token of every sequence, together.
  ///
  /// - Throws: as `prefill`.
  func step(_ sequences: inout [Sequence]) throws {
    try engine.pass.runSteps(sequences.count, cancellation) { (sequences[$0].tokens.last ?? 0, sequences[$0].cache) }
    let logits = engine.pass.logits(rows: engine.pass.lastRows)
    for index in sequences.indices {
      let sequence = sequences[index]
      let row = logits + index * engine.pass.logitStride
      sequences[index].tokens.append(choose(row, sequence.request, step: sequence.tokens.count))
    }
  }

  private func choose(_ logits: UnsafePointer<Float>, _ request: GenerationRequest, step: Int) -> Int32 {
    Sampler.choose(
      UnsafeBufferPointer(start: logits, count: engine.model.configuration.vocabulary), sampling,
      sample: request.sample, step: step)
  }

  /// A text that is measured on.
  func measuredRequest(_ tokens: Int, _ sequence: Int) -> GenerationRequest {
    GenerationRequest(
      sample: "\(sequence)",
      prompt: MeasuredText.tokens(tokens, sequence: sequence, vocabulary: engine.model.configuration.vocabulary),
      maxTokens: 1)
  }
}
