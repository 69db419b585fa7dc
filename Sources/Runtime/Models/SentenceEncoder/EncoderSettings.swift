/// The sizes of a BERT encoder, from the folder's config.json.
struct EncoderSettings: Equatable, Sendable {
  let layers: Int
  let hidden: Int
  let heads: Int
  let feedForward: Int
  let vocabulary: Int
  /// Positions the model has embeddings for.
  let positions: Int
  let tokenTypes: Int
  let normEpsilon: Float
  /// Tokens of one window, those that open and close it among them.
  let windowTokens: Int

  var headDim: Int { hidden / heads }

  /// - Throws: `RuntimeProblem` K201, K213 (files), K207, K208 (keys), K242 (what kvsh cannot run).
  init(_ folder: ModelFolder) throws {
    let config = folder.config
    func refusal(_ seen: String, _ expected: String) -> RuntimeProblem {
      RuntimeProblem("K242", seen: "\(config.fileName): \(seen)", expected: expected)
    }
    let type = try config.string("model_type")
    guard type == "bert" else { throw refusal("a model of the type '\(type)'", "bert, for a sentence encoder") }
    let activation = try config.optionalString("hidden_act") ?? "gelu"
    guard activation == "gelu" else { throw refusal("the activation '\(activation)'", "gelu") }
    let placing = try config.optionalString("position_embedding_type") ?? "absolute"
    guard placing == "absolute" else { throw refusal("position embeddings of the type '\(placing)'", "absolute") }
    func size(_ key: String, _ range: ClosedRange<Int>) throws -> Int {
      let number = try config.int(key)
      guard range.contains(number) else {
        throw refusal("'\(key)' is \(number)", "a number from \(range.lowerBound) to \(range.upperBound.grouped)")
      }
      return number
    }
    layers = try size("num_hidden_layers", 1...256)
    hidden = try size("hidden_size", 16...65_536)
    heads = try size("num_attention_heads", 1...1_024)
    feedForward = try size("intermediate_size", 16...262_144)
    vocabulary = try size("vocab_size", 1...4_194_304)
    positions = try size("max_position_embeddings", 3...1_048_576)
    tokenTypes = try config.optionalInt("type_vocab_size") ?? 2
    normEpsilon = try config.optionalFloat("layer_norm_eps") ?? 1e-12
    // The kernels' panels are of 16 columns.
    guard hidden % heads == 0, hidden / heads % 16 == 0, feedForward % 16 == 0, tokenTypes >= 1, tokenTypes <= 65_536
    else {
      throw refusal(
        "hidden_size \(hidden), num_attention_heads \(heads), intermediate_size \(feedForward)",
        "heads and an intermediate size of a multiple of 16")
    }
    let window = try folder.settings("sentence_bert_config.json")?.optionalInt("max_seq_length") ?? positions
    guard window >= 3 else { throw refusal("a 'max_seq_length' of \(window)", "3 or more") }
    windowTokens = min(window, positions)
  }
}
