import Lang
import Runtime

/// The arguments of `run`, read once.
struct RunOptions {
  var maxTokens: Int
  var sampling: Sampling
  var batch: Int
  var chat: Bool?
  var baseline: Bool
  /// How attention is computed.
  var attention = AttentionEngine.fused
  /// The uncompressed cache under other sampling, as configurations of their own.
  var controls: [StudyArm] = []

  /// Options that no call gave.
  init(maxTokens: Int, sampling: Sampling, batch: Int) {
    self.maxTokens = maxTokens
    self.sampling = sampling
    self.batch = batch
    chat = nil
    baseline = true
  }

  /// - Parameter card: the data set's; its temperature and its habit of chatting stand for what the call leaves open.
  init(_ call: Call, for card: DatasetCard) throws {
    maxTokens = try call.int("max")
    let seed = try call.int("seed")
    sampling = Sampling(
      temperature: call.isGiven("temperature")
        ? try call.float("temperature") : try card.temperature ?? call.float("temperature"),
      topP: try call.float("top_p"), topK: try call.int("top_k"),
      seed: UInt64(max(0, call.optional("noise_seed")?.asInt ?? seed)))
    batch = try call.int("batch")
    chat =
      switch try call.name("chat") {
      case "on": true
      case "off": false
      default: card.chat
      }
    baseline = try call.name("baseline") == "on"
    attention = try call.placing(at: "engine") { try EngineArguments.engines(call).first ?? .fused }
    controls = try controls(call)
  }

  private func controls(_ call: Call) throws -> [StudyArm] {
    let given = call.isGiven("control_temperature")
    guard try call.name("controls") == "on" || given else { return [] }
    guard sampling.temperature > 0 else {
      throw Problem(
        "K652", seen: "controls of a run at temperature 0, which draws no random numbers",
        expected: "a temperature above 0", suggestion: "add temperature=1, or leave controls out",
        labels: [.init(call.span(of: given ? "control_temperature" : "controls"))])
    }
    let temperatures =
      given
      ? call.values("control_temperature").compactMap(\.asDouble)
      : StudyArm.controlTemperatures(of: sampling.temperature)
    var seen: Set<String> = []
    return StudyArm.controls(sampling, temperatures: temperatures).filter { seen.insert($0.label).inserted }
  }

  /// The parameters, shared by the declaration and this reader.
  static let parameters =
    [
      Parameter("max", .int, default: .int(1024), range: 1...65_536, doc: "Most new tokens of a response."),
      Parameter(
        "temperature", .value(.number), default: .float(1), range: 0...100,
        doc: "0 takes the likeliest token, which data sets with a score do unless told."),
      Parameter("top_p", .value(.number), default: .float(1), range: 0...1, doc: "Likeliest tokens up to this sum."),
      Parameter("top_k", .int, default: .int(0), range: 0...1e6, doc: "Likeliest tokens; 0 keeps all."),
      Parameter(
        "seed", .int, default: .int(0), range: 0...4_294_967_295,
        doc: "Choice of samples, and of the noise all configurations share."),
      Parameter(
        "noise_seed", .int, range: 0...4_294_967_295, doc: "Another noise for the same samples. Default: seed."),
      Parameter(
        "batch", .int, default: .int(8), range: 1...256, doc: "Sequences decoded together; texts do not change."),
      Parameter(
        "chat", .choice(["auto", "on", "off"]), default: .string("auto"),
        doc: "The model's chat template around the prompt; auto: as the data set has it, or on if the model has one."),
      Parameter(
        "baseline", .choice(["on", "off"]), default: .string("on"),
        doc: "Run the uncompressed cache on the same samples."
      ),
      Parameter(
        "controls", .choice(["off", "on"]), default: .string("off"),
        doc: "Run the uncompressed cache at other temperatures and with other noise too, as table 5 does."),
      Parameter(
        "control_temperature", .value(.number), range: 0...100,
        doc: "Temperatures of the controls, which it turns on. Default: a tenth less and a tenth more than the run's.",
        sweepable: true),
    ] + EngineArguments.parameters()
}
