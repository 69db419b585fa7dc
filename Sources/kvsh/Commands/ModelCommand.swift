import Lang
import Runtime

/// `model smollm2`, `model PATH precision=f32`: chooses the model of the session.
struct ModelCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "model", summary: "Chooses the model that the following lines run, and shows what it is.",
    parameters: [
      Parameter(
        "name", .path,
        doc: "A model of the models folder (its first letters do), or a path: a .gguf file of architecture "
          + ModelFamily.all.flatMap(\.architectures).joined(separator: ", ")
          + ", or a folder with config.json (model_type "
          + ModelFamily.all.flatMap(\.modelTypes).joined(separator: ", ") + "), safetensors and tokenizer.json.",
        positional: true),
      Parameter(
        "precision", .choice(Model.Precision.allCases.map(\.rawValue)), default: .string("mixed"),
        doc:
          "mixed: activations in 8 bits, cache in half precision; f32: the reference, everything in single precision."),
    ], produces: .object("model"), examples: [Example("model", "The model in use.")], group: "model")

  func run(_ call: Call, in context: Context) throws -> Value {
    let before = workbench.models.chosen
    if call.isGiven("name") || call.isGiven("precision") {
      let precision = Model.Precision(rawValue: try call.name("precision")) ?? .mixed
      workbench.models.chosen = (call.optional("name")?.text ?? before?.name ?? "", precision)
    }
    do {
      let loaded = try call.placing(at: "name") { try workbench.models.current() }
      return .object(ModelValue(loaded, digest: try call.placing(at: "name") { try loaded.digest(nil) }))
    } catch {
      workbench.models.chosen = before
      throw error
    }
  }
}

extension ModelValue {
  init(_ loaded: LoadedModel, digest: String) {
    let sizes = loaded.model.configuration
    self.init(
      name: loaded.model.name, path: loaded.path,
      facts: Record([
        ("layers", .int(sizes.layers)), ("hidden", .int(sizes.hidden)),
        ("feed_forward", .int(sizes.feedForward)), ("query_heads", .int(sizes.queryHeads)),
        ("kv_heads", .int(sizes.kvHeads)), ("head_dim", .int(sizes.headDim)), ("vocabulary", .int(sizes.vocabulary)),
        ("context", .int(sizes.contextTokens)), ("weights", .bytes(loaded.model.weightBytes)),
        ("cache_bytes_per_token", .int(loaded.model.cacheShape.tokenBytes * sizes.layers)),
        ("precision", .string(loaded.model.precision.rawValue)), ("kernels", .string(loaded.kernels)),
        ("sha256", .string(digest)),
      ]))
  }
}
