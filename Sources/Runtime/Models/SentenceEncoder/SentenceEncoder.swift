import KernelABI

/// A BERT encoder that turns a text into one vector of unit length: the mean of its last hidden states.
///
/// Reads a folder of the sentence-transformers library (all-MiniLM-L6-v2 and models like it) in single precision.
/// Source: Reimers and Gurevych, "Sentence-BERT" (EMNLP 2019).
public final class SentenceEncoder: Sendable {
  /// The folder's name.
  public let name: String
  public let tokenizer: WordPieceTokenizer
  let settings: EncoderSettings
  let tokens: WeightMatrix  // [vocabulary, hidden]
  let positions: WeightMatrix  // [positions, hidden]
  let types: WeightMatrix  // [tokenTypes, hidden]
  let embeddingNorm: EncoderLayer.Norm
  let layers: [EncoderLayer]
  let kernels: KernelTable
  let pool: WorkerPool

  /// Numbers of an embedding.
  public var dimensions: Int { settings.hidden }
  /// Tokens of one window, [CLS] and [SEP] among them.
  public var windowTokens: Int { settings.windowTokens }

  /// Reads and repacks the weights.
  ///
  /// - Throws: `RuntimeProblem` K201, K207, K208, K211 to K214, K221, K222 (files), K209, K241 (tensors), K242 (what
  ///   kvsh cannot run); `CancellationError` if the pool's work is to end.
  public init(path: String, kernels set: InstructionSet, pool: WorkerPool) throws {
    let folder = try ModelFolder(path: path)
    let settings = try EncoderSettings(folder)
    let tokenizer = try WordPieceTokenizer(folder)
    guard tokenizer.vocabularyCount <= settings.vocabulary else {
      throw RuntimeProblem(
        "K242", seen: "\(folder.name): the tokenizer has \(tokenizer.vocabularyCount.grouped) tokens",
        expected: "at most the \(settings.vocabulary.grouped) of config.json's vocab_size")
    }
    let source = FolderWeightReader(folder: folder, precision: .f32, pool: pool)
    // Some folders save the encoder inside a model that has a name for it.
    let prefix = source.has("bert.embeddings.word_embeddings.weight") ? "bert." : ""
    func table(_ name: String, _ rows: Int) throws -> WeightMatrix {
      try source.matrix(prefix + "embeddings.\(name).weight", outputs: rows, inputs: settings.hidden)
    }
    name = folder.name
    self.settings = settings
    self.tokenizer = tokenizer
    tokens = try table("word_embeddings", settings.vocabulary)
    positions = try table("position_embeddings", settings.positions)
    types = try table("token_type_embeddings", settings.tokenTypes)
    embeddingNorm = try EncoderLayer.Norm(source, prefix + "embeddings.LayerNorm", count: settings.hidden)
    layers = try (0..<settings.layers).map { layer in
      try EncoderLayer(source, prefix: prefix + "encoder.layer.\(layer).", settings)
    }
    kernels = set.table
    self.pool = pool
  }

  /// The first window of a text: [CLS], its pieces up to `windowTokens` in all, [SEP].
  public func window(_ text: String) -> [Int32] { framed(tokenizer.pieces(text).prefix(windowTokens - 2)) }

  /// The first and the last window of a text; the same one twice if it has a single one.
  public func windows(_ text: String) -> (first: [Int32], last: [Int32]) {
    let pieces = tokenizer.pieces(text)
    let first = framed(pieces.prefix(windowTokens - 2))
    return (first, pieces.count <= windowTokens - 2 ? first : framed(pieces.suffix(windowTokens - 2)))
  }

  private func framed(_ pieces: some Sequence<Int32>) -> [Int32] {
    [tokenizer.openingId] + pieces + [tokenizer.closingId]
  }

  /// Embeddings of texts by their first windows, each [dimensions] and of unit length.
  ///
  /// A text's numbers do not depend on the texts beside it nor on the threads.
  /// - Throws: `RuntimeProblem` K651 if a number is not finite; `CancellationError`.
  public func embed(_ texts: [String]) throws -> [[Float]] { try embed(windows: texts.map(window)) }

  /// Embeddings of windows of tokens, each [dimensions] and of unit length; throws as `embed(_:)`.
  ///
  /// - Parameter windows: from 1 to `windowTokens` tokens each; what is beyond is left out.
  public func embed(windows: [[Int32]]) throws -> [[Float]] {
    var pass = EncoderPass(encoder: self)
    var embeddings: [[Float]] = []
    embeddings.reserveCapacity(windows.count)
    var batch: [ArraySlice<Int32>] = []
    var rows = 0
    for window in windows {
      let window = window.isEmpty ? [tokenizer.openingId, tokenizer.closingId] : window
      batch.append(window.prefix(windowTokens))
      rows += min(window.count, windowTokens)
      if rows >= Self.batchRows {
        try pool.check()
        embeddings += try pass.run(batch)
        batch.removeAll()
        rows = 0
      }
    }
    if !batch.isEmpty {
      try pool.check()
      embeddings += try pass.run(batch)
    }
    return embeddings
  }

  /// Rows that go through the layers together: their activations stay in the second-level caches.
  private static let batchRows = 512

  /// Cosine of two embeddings of unit length, from -1 to 1.
  public static func cosine(_ first: [Float], _ second: [Float]) -> Double {
    let product = zip(first, second).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    return min(1, max(-1, product))
  }
}
