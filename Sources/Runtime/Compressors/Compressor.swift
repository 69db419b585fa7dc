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
  /// - Throws: `RuntimeProblem` K300 (method), K301 (parameter), K302 (type), K303 (range), K304 (combination).
  public init(_ name: String, _ given: [String: ParameterValue] = [:]) throws {
    let parts = name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let card = Compressors.all.first(where: { $0.name == parts.first }) else {
      throw RuntimeProblem(
        "K300", seen: "there is no method '\(name)'",
        expected: "one of " + Compressors.all.map(\.name).joined(separator: ", "))
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
    if let removed = given.removeValue(forKey: "ratio") {
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
    slots.keep = slots.keep ?? other.slots.keep
    slots.dispose = slots.dispose ?? other.slots.dispose
    slots.codec = slots.codec ?? other.slots.codec
    slots.positions = slots.positions ?? other.slots.positions
    slots.prefill = slots.prefill ?? other.slots.prefill
    let composed = Compressor(stages: stages + other.stages, slots: slots)
    if slots.dispose != nil, let codec = slots.codec, !codec.replacesValues {
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
    if slots.keep?.removesWhileDecoding == true, slots.codec?.removesTokens == false {
      throw RuntimeProblem(
        "K306", seen: "\(composed.label) would drop single tokens out of packed groups while decoding",
        expected: "a method that drops tokens at the end of the prompt only",
        suggestion: "use variant=prefill")
    }
    return composed
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
      let all = stage.settings.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      return ([stage.card.name] + all).joined(separator: " ")
    }.joined(separator: " | ")
  }

  /// How the cache is stored: the strongest claim of the methods.
  public var storage: MethodCard.Storage {
    stages.map(\.card.storage).first { $0 == .simulated } ?? stages.last?.card.storage ?? .full
  }

  /// - Throws: `RuntimeProblem` K305 if a method cannot work on caches of this shape.
  public func check(shape: CacheShape) throws { try slots.codec?.check(shape: shape) }
}
