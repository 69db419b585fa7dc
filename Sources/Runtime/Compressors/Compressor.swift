import KernelABI

/// One configuration of one or more methods: an immutable value whose slots the engine reads.
public struct Compressor: Sendable {
  /// One method of the configuration.
  public struct Stage: Sendable {
    public let card: MethodCard
    public let settings: Settings
  }

  public let stages: [Stage]
  public let slots: Slots

  /// The uncompressed half-precision cache.
  public static let none = Compressor(stages: [], slots: Slots())

  init(stages: [Stage], slots: Slots) {
    self.stages = stages
    self.slots = slots
  }

  /// A method by name, `kivi` or `kivi/rethinking`, with the given parameters over the preset's over the defaults.
  ///
  /// - Parameter cards: the methods there are, in a session those that the user wrote among them.
  /// - Throws: `RuntimeProblem` K300 (method), K301 (parameter), K302 (type), K303 (range), K304 (combination).
  public init(
    _ name: String, _ given: [String: ParameterValue] = [:], among cards: [MethodCard] = Compressors.all
  ) throws {
    let parts = name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let card = cards.first(where: { $0.name == parts.first }) else {
      throw RuntimeProblem(
        "K300", seen: "there is no method '\(name)'",
        expected: "one of " + cards.map(\.name).joined(separator: ", "))
    }
    var values: [String: ParameterValue] = [:]
    var chosen: Set<String> = []
    if parts.count == 2 {
      guard let preset = card.presets.first(where: { $0.name == parts[1] }) else {
        let known = card.presets.map { "\(card.name)/\($0.name)" }.joined(separator: ", ")
        throw RuntimeProblem(
          "K300", seen: "\(card.name) has no preset '\(parts[1])'", expected: known.isEmpty ? card.name : known)
      }
      values = preset.values
      chosen = Set(preset.values.keys)
    }
    var given = given
    // A method may have a ratio of its own, of channels for instance.
    if !card.parameters.contains(where: { $0.name == "ratio" }), let removed = given.removeValue(forKey: "ratio") {
      // A sheet's ratio is the share removed.
      let share: Double? =
        switch removed {
        case .float(let share): share
        case .int(let share): Double(share)
        default: nil
        }
      guard let ratio = share, (0..<1).contains(ratio), given["budget"] == nil else {
        throw RuntimeProblem(
          "K303", seen: "\(card.name): ratio=\(removed)",
          expected: "the share removed, from 0 up to but not 1, instead of a budget")
      }
      // 1 - 0.7 is meant to be 30%, to the digit: rows are keyed by it.
      given["budget"] = .budget(.share(((1 - ratio) * 1e12).rounded() / 1e12))
    }
    if given["budget"] != nil {
      // A budget for everything replaces the preset's budgets for parts of it.
      for parameter in card.parameters where given[parameter.name] == nil {
        guard case .budget = parameter.kind else { continue }
        values[parameter.name] = nil
        chosen.remove(parameter.name)
      }
    }
    for (name, value) in given {
      guard let parameter = card.parameters.first(where: { $0.name == name }) else {
        throw RuntimeProblem(
          "K301", seen: "\(card.name) has no parameter '\(name)'",
          expected: "one of " + card.parameters.map(\.name).joined(separator: ", "))
      }
      values[name] = try parameter.checked(value, method: card.name)
      chosen.insert(name)
    }
    for parameter in card.parameters where values[parameter.name] == nil {
      values[parameter.name] = parameter.defaultValue
    }
    let settings = Settings(method: card.name, values: values, given: chosen)
    self.init(stages: [Stage(card: card, settings: settings)], slots: try card.fill(settings))
  }

  /// Both methods' slots; the first acts on tokens before the second stores them.
  ///
  /// - Throws: `RuntimeProblem` K306 if both fill one slot or cannot work together.
  public func composed(with other: Compressor) throws -> Compressor {
    if let clash = slots.filled.first(where: { other.slots.filled.contains($0) }) {
      throw RuntimeProblem(
        "K306", seen: "\(label) and \(other.label) both fill the \(clash) slot",
        expected: "at most one method a slot", suggestion: "leave one of them out")
    }
    var slots = slots
    slots.prompt = slots.prompt ?? other.slots.prompt
    slots.keep = slots.keep ?? other.slots.keep
    slots.dispose = slots.dispose ?? other.slots.dispose
    slots.codec = slots.codec ?? other.slots.codec
    slots.select = slots.select ?? other.slots.select
    slots.share = slots.share ?? other.slots.share
    slots.positions = slots.positions ?? other.slots.positions
    slots.prefill = slots.prefill ?? other.slots.prefill
    slots.flow = slots.flow ?? other.slots.flow
    let composed = Compressor(stages: stages + other.stages, slots: slots)
    if let dispose = slots.dispose, !dispose.demotes, let codec = slots.codec, !codec.replacesValues {
      throw RuntimeProblem(
        "K306", seen: "\(composed.label) would merge values into packed ones",
        expected: "merging over a cache that is not packed", suggestion: "leave the codec out")
    }
    if let keep = slots.keep, let dispose = slots.dispose, keep.needs.contradicts(dispose.needs) {
      throw RuntimeProblem(
        "K306", seen: "\(composed.label): the methods ask for different sums of attention",
        expected: "methods that look at attention in one way", suggestion: "leave one of them out")
    }
    if case .blocks? = slots.prefill, slots.codec?.removesTokens == false {
      throw RuntimeProblem(
        "K306", seen: "\(composed.label) would drop tokens while the prompt is read, before they are packed",
        expected: "a method that acts at the end of the prompt", suggestion: "use mode=once")
    }
    if slots.keep?.removesWhileDecoding == true, slots.dispose?.demotes != true, slots.codec?.removesTokens == false {
      throw RuntimeProblem(
        "K306", seen: "\(composed.label) would drop single tokens out of packed groups while decoding",
        expected: "a method that drops tokens at the end of the prompt only",
        suggestion: "use variant=prefill")
    }
    if slots.select != nil { try composed.checkSelection() }
    if slots.share != nil, slots.keep != nil {
      throw RuntimeProblem(
        "K306", seen: "\(composed.label) would drop tokens of one layer that another layer still shares",
        expected: "a method that keeps every token", suggestion: "leave one of them out")
    }
    if slots.flow != nil, slots.keep != nil || slots.dispose != nil {
      throw RuntimeProblem(
        "K306", seen: "\(composed.label) would drop keys and values of tokens that may come back to their layer",
        expected: "a method that drops tokens, or one whose tokens leave between layers",
        suggestion: "leave one of them out")
    }
    if slots.flow != nil, slots.select != nil || slots.share != nil {
      throw RuntimeProblem(
        "K306",
        seen: "\(composed.label) would "
          + (slots.select != nil
            ? "choose twice what a query reads, once between layers and once within them"
            : "share tokens between layers that compute different ones"),
        expected: "a method that reads all that a layer holds of its own", suggestion: "leave one of them out")
    }
    return composed
  }

  /// The same methods over another codec, for one that has learnt from its model.
  func replacing(codec: any Codec) -> Compressor {
    var slots = slots
    slots.codec = codec
    return Compressor(stages: stages, slots: slots)
  }

  /// A selector numbers the tokens it chooses among by slot, and ranks them by keys as they were rotated.
  private func checkSelection() throws {
    if let keep = slots.keep, keep.removesWhileDecoding || keep.needs.stepWeights {
      throw RuntimeProblem(
        "K306",
        seen: "\(label) would "
          + (keep.removesWhileDecoding
            ? "move tokens out of the selector's order while decoding" : "weigh tokens that a step has not read"),
        expected: "a method that drops tokens at the end of the prompt only", suggestion: "use variant=prefill")
    }
    if slots.positions == .renumber, slots.keep != nil {
      throw RuntimeProblem(
        "K306", seen: "\(label) would rank keys at other positions than attention sees them at",
        expected: "positions by place in the text", suggestion: "use pos=keep")
    }
  }

  /// Short and exact: the methods with the parameters that were given, `kivi bits=2`; `fp16` for none.
  public var label: String {
    if stages.isEmpty { return "fp16" }
    return stages.map { stage in
      let given = stage.card.parameters.filter { stage.settings.given.contains($0.name) }
      let words = given.compactMap { parameter in
        stage.settings.values[parameter.name].map { "\(parameter.name)=\($0)" }
      }
      return ([stage.card.name] + words).joined(separator: " ")
    }.joined(separator: " | ")
  }

  /// Every method with every parameter in a fixed order: what rows are keyed by.
  public var specification: String {
    stages.map { stage in
      let all = stage.settings.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.key)" }
      let text = stage.card.text.map { ["{\($0)}"] } ?? []
      return ([stage.card.name] + text + all).joined(separator: " ")
    }.joined(separator: " | ")
  }

  /// How the cache is stored: the strongest claim of the methods.
  public var storage: MethodCard.Storage {
    let claims = Set(stages.map(\.card.storage))
    return [.simulated, .packed, .evicted].first(where: claims.contains) ?? .full
  }

  /// Whether not every token of a prompt reaches the last layer.
  public var leavesPromptTokensOut: Bool { slots.prompt != nil || slots.flow != nil }

  /// - Throws: `RuntimeProblem` K305 if a method cannot work on caches of this shape.
  public func check(shape: CacheShape) throws {
    try slots.prompt?.check(shape: shape)
    try slots.flow?.check(shape: shape)
    try slots.codec?.check(shape: shape)
    try slots.select?.check(shape: shape)
    try slots.share?.check(shape: shape)
  }
}
