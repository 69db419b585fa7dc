import Foundation
import Testing

@testable import Runtime

/// Damaged, incomplete and inconsistent model folders: one clear error each, and never a crash.
struct ModelFolderTests {
  typealias Damage = @Sendable (_ folder: String) throws -> Void

  static func remove(_ file: String) -> Damage { { try FileManager.default.removeItem(atPath: $0 + "/" + file) } }
  static func write(_ text: String, _ file: String) -> Damage {
    { try Data(text.utf8).write(to: URL(fileURLWithPath: $0 + "/" + file)) }
  }
  static func config(_ key: String, _ value: any Sendable) -> Damage {
    { try FamilyFixtures.change($0, "config.json") { $0[key] = value } }
  }
  static func without(_ key: String) -> Damage {
    { try FamilyFixtures.change($0, "config.json") { $0[key] = nil } }
  }
  static func index(_ tensor: String, _ file: String?) -> Damage {
    {
      try FamilyFixtures.change($0, "model.safetensors.index.json") { object in
        var map = object["weight_map"] as? [String: Any] ?? [:]
        map[tensor] = file
        object["weight_map"] = map
      }
    }
  }

  static let cases: [(family: String, code: String, seen: String, damage: Damage)] = [
    ("qwen3", "K214", "x: the folder has no config.json", remove("config.json")),
    ("qwen3", "K213", "x/config.json: at byte 12: the text ends", write("{\"a\": [1, 2,", "config.json")),
    ("qwen3", "K213", "x/config.json is an array", write("[]", "config.json")),
    (
      "qwen3", "K214", "x: the folder has no model.safetensors and no model.safetensors.index.json",
      remove("model.safetensors")
    ),
    ("qwen3", "K211", "model.safetensors", write("oops", "model.safetensors")),
    (
      "llama", "K214", "x: the shard model-00002-of-00004.safetensors is missing",
      remove("model-00002-of-00004.safetensors")
    ),
    (
      "llama", "K214", "x/model-00004-of-00004.safetensors: there is no tensor 'model.norm.weights'",
      index("model.norm.weights", "model-00004-of-00004.safetensors")
    ),
    ("llama", "K209", "x: there is no tensor 'model.norm.weight'", index("model.norm.weight", nil)),
    ("llama", "K208", "'weight_map.model.norm.weight' is '../a'", index("model.norm.weight", "../a")),
    ("qwen3", "K242", "x/config.json: the model type 'mamba' is not supported yet", config("model_type", "mamba")),
    ("qwen3", "K207", "x/config.json has no 'model_type'", without("model_type")),
    ("qwen3", "K207", "x/config.json has no 'hidden_size'", without("hidden_size")),
    ("qwen3", "K208", "x/config.json: 'hidden_size' is 'big'", config("hidden_size", "big")),
    ("qwen3", "K242", "x/config.json: layers -1", config("num_hidden_layers", -1)),
    ("qwen3", "K209", "x: there is no tensor 'model.layers.2.", config("num_hidden_layers", 3)),
    ("qwen3", "K242", "x: tensor 'model.layers.1.", config("num_hidden_layers", 1)),
    (
      "qwen3", "K241", "x/model.safetensors: tensor 'model.layers.0.self_attn.q_proj.weight' is 96 x 64",
      config("head_dim", 16)
    ),
    ("qwen3", "K242", "x/config.json: embedding 72", config("hidden_size", 72)),
    ("qwen3", "K242", "x/config.json: the activation 'gelu'", config("hidden_act", "gelu")),
    (
      "qwen3", "K242", "x/config.json: weights quantised with gptq",
      config("quantization_config", ["quant_method": "gptq"])
    ),
    (
      "llama", "K242", "x/config.json: rotary scaling of the type 'yarn'",
      config("rope_parameters", ["rope_type": "yarn", "factor": 4] as [String: any Sendable])
    ),
    (
      "llama", "K207", "x/config.json: rope_parameters has no 'low_freq_factor'",
      config("rope_parameters", ["rope_type": "llama3", "factor": 4] as [String: any Sendable])
    ),
    (
      "llama", "K242", "x: tensor 'model.layers.0.self_attn.k_proj.bias' belongs to a part",
      config("attention_bias", false)
    ),
    ("llama", "K209", "x: there is no tensor 'model.layers.0.mlp.gate_proj.bias'", config("mlp_bias", true)),
    ("mistral", "K242", "x/config.json: a sliding window of 0", config("sliding_window", 0)),
    (
      "phi3", "K242", "x: 3 rotary factors",
      config(
        "rope_parameters",
        [
          "rope_type": "longrope", "rope_theta": 1e4, "partial_rotary_factor": 0.5,
          "short_factor": [1, 1, 1], "long_factor": [1, 1, 1],
        ] as [String: any Sendable])
    ),
    (
      "phi3", "K242", "x/config.json: 'partial_rotary_factor' is 2.0",
      {
        try FamilyFixtures.change($0, "config.json") { $0["rope_parameters"] = ["partial_rotary_factor": 2.0] }
      }
    ),
  ]

  @Test("a damaged folder is one clear error with its place", arguments: cases.indices)
  func damage(_ index: Int) throws {
    let (family, code, seen, damage) = Self.cases[index]
    let path = try FamilyFixtures.copy(family, as: "x")
    try damage(path)
    let problem = #expect(throws: RuntimeProblem.self) {
      try Model.load(ModelFolder(path: path), pool: WorkerPool(threads: 1))
    }
    #expect(problem?.code == code)
    #expect(problem?.seen.contains(seen) == true, "\(problem?.seen ?? "")")
  }

  @Test("a folder without a tokenizer says which file to fetch")
  func tokenizer() throws {
    let path = try FamilyFixtures.copy("qwen3", as: "x")
    try Self.remove("tokenizer.json")(path)
    let problem = #expect(throws: RuntimeProblem.self) { try Tokenizer(ModelFolder(path: path)) }
    #expect(problem?.code == "K214" && problem?.seen == "x: the folder has no tokenizer.json")
  }

  @Test("JSON files with bytes changed or cut are read or refused, never a crash", arguments: 0..<3 as Range<UInt64>)
  func fuzz(_ seed: UInt64) throws {
    var generator = PythonRandom(seed: seed)
    let files = ["config.json", "tokenizer.json", "model.safetensors.index.json", "tokenizer_config.json"]
    let original = FamilyFixtures.url("llama").path
    let path = try FamilyFixtures.copy("llama", as: "x")
    var refused = 0
    for round in 0..<120 {
      let file = files[round % files.count]
      var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: original + "/" + file)))
      if generator.below(3) == 0 { bytes.removeLast(1 + generator.below(bytes.count - 1)) }
      for _ in 0...generator.below(4) where !bytes.isEmpty {
        bytes[generator.below(bytes.count)] = Array("0123456789{}[]\",:-null".utf8)[generator.below(21)]
      }
      try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + file))
      do {
        let folder = try ModelFolder(path: path)
        _ = try Tokenizer(folder).encode("The cache 12 \u{e9}", parseSpecial: true)
        _ = try Model.load(folder, precision: .f32, pool: WorkerPool(threads: 1))
      } catch let problem as RuntimeProblem {
        refused += 1
        #expect(!problem.code.isEmpty && !problem.seen.isEmpty)
      }
      try Data(contentsOf: URL(fileURLWithPath: original + "/" + file))
        .write(to: URL(fileURLWithPath: path + "/" + file))
    }
    #expect(refused > 20)
  }
}
