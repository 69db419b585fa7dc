import Foundation
import Testing

@testable import kvsh

/// `examples/*.kvs`, in small.
@Suite(.serialized)
struct ExampleScriptTests {
  /// A script's arguments in the tests, and what its output must hold.
  struct Script: Sendable {
    let name: String
    let arguments: [String]
    let promises: [String]
    var files: [String] = []
  }

  static let scripts: [Script] = [
    Script(
      name: "demo", arguments: ["3", "12"],
      promises: [
        "fp16", "kivi bits=2", "streamingllm budget=64", "mean_D", "density per percent", "saved lengthdiff.html",
      ],
      files: ["lengthdiff.html"]),
    Script(
      name: "01-first-look", arguments: [],
      promises: ["layers: 30", "cache", "23040 bytes a token", "180 MiB", "Paris", "kettle"]),
    Script(
      name: "02-bits-sweep", arguments: ["3", "12"],
      promises: [
        "scales_KiB", "kivi bits=2 residual=32", "kivi bits=4 residual=32", "kivi bits=8 residual=32", "mean_D",
        "density per percent",
      ]),
    Script(
      name: "03-methods-side-by-side", arguments: ["4", "4"],
      promises: [
        "kivi bits=4 group=32 residual=128", "gear mode=tensor bits=4", "streamingllm sink=64 recent=448",
        "h2o heavy=64 recent=448", "of 20 rows are longer than 512 tokens", "ratio",
      ]),
    Script(
      name: "04-eviction-budgets", arguments: ["3", "12"],
      promises: ["h2o budget=32", "streamingllm budget=128", "least", "at_cap", "text"]),
    Script(
      name: "05-temperature-control", arguments: ["4", "16"],
      promises: ["output_tokens_2", "other dice", "temperature 0.5", "kivi bits=2 residual=32", "density per percent"]),
    Script(
      name: "06-compose", arguments: ["3", "12"],
      promises: ["h2o budget=50% variant=prefill | kivi bits=4 residual=32", "share", "mean_D"]),
    Script(
      name: "07-own-prompts", arguments: ["16"],
      promises: ["saved own-prompts.jsonl", "needle", "third pot", "knows", "streamingllm budget=24"],
      files: ["own-prompts.jsonl"]),
    Script(
      name: "08-a-cache-by-hand", arguments: [],
      promises: [
        "tensor [6, 6] float32", "who looks at whom", "the cache holds 6 tokens, 96 numbers", "23040 bytes a token",
      ]),
    Script(
      name: "09-bits-per-channel-or-per-token", arguments: [],
      promises: ["keys", "largest channel over the mean one", "per_channel", "attention's output is off by", "int32"]),
    Script(
      name: "10-heavy-hitters", arguments: [],
      promises: ["layer 10, head 4", "attention received", "received", "20% of the tokens hold"]),
    Script(
      name: "11-sinks", arguments: [],
      promises: ["first", "share of attention on the first token", "length of the first value", "streamingllm"]),
    Script(
      name: "12-eviction-in-motion", arguments: [],
      promises: ["heavy hitters: what the cache holds", "sliding window", "attention lost", "|"]),
    Script(
      name: "13-a-policy-of-ones-own", arguments: ["3", "12"],
      promises: ["attn_last", "small_keys budget=40%", "looked_at", "fading", "kivi bits=4 residual=32", "mean_D"]),
    Script(
      name: "table-3", arguments: ["16", "3"],
      promises: [
        "measured here, 16 tokens", "prefill        1", "decode        2", "K-4", "G-4", "H2O", "Stream", "12938.7",
        "kivi bits=4 group=32 residual=128", "not distinguishable",
      ]),
    Script(
      name: "table-6", arguments: [PublishedFolder.path ?? PublishedFolder.madeUp, "20"],
      promises: ["fp16    table", "forest", "2048", "tested"]
        + (PublishedFolder.path == nil ? [] : ["88.39", "88.45", "87.74", "95.89", "93.676"])),
    Script(
      name: "rethinking", arguments: ["quick"],
      promises: ["over 2 samples", "saved rethinking.html"], files: ["rethinking.html"]),
    Script(
      name: "tools", arguments: ["quick"],
      promises: [
        "## 1.", "heldout_error", "kivi bits=4 residual=32", "## 2.", "constant", "coverage", "## 3.", "negatives",
        "## 4.", "capacity", "sim_mean_s", "p99_error", "same_server", "measured just now, all at work",
      ]),
    Script(
      name: "14-length-shift", arguments: ["4", "16"],
      promises: ["mean_D", "density per percent", "difference", "mean |difference| in tokens"]),
    Script(
      name: "observation-1", arguments: ["48", "4", "1"],
      promises: [
        "moved_formula", "eager", "flash", "paged", "flash append=copy", "scratch_bytes", "speedup of sinks and window",
        "speedup_low",
      ]),
  ]

  private static let folder = CommandExampleTests.package + "/examples"

  @Test("every script has a test")
  func all() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder).filter { $0.hasSuffix(".kvs") }
    #expect(names.sorted() == Self.scripts.map { $0.name + ".kvs" }.sorted())
    #expect(names.count >= 7)
  }

  @Test("a script does what it says, from any folder, and leaves only what it says it saves", arguments: scripts)
  func script(each: Script) throws {
    let (home, work) = (try TemporaryFolder(), try TemporaryFolder())
    try RealModel.link(into: home.path + "/kvsh")
    let path = "\(Self.folder)/\(each.name).kvs"
    #expect(try KvshCall(["check", path], in: home).result() == .init(status: 0, output: "", errors: ""))
    let result = try KvshCall([path] + each.arguments, in: home, workingFolder: work.path).result()
    #expect(result.status == 0, "\(result.errors)")
    for promise in each.promises { #expect(result.output.contains(promise), "\(promise) in\n\(result.output)") }
    #expect(try FileManager.default.contentsOfDirectory(atPath: work.path).sorted() == each.files.sorted())
    for file in each.files {
      let size = try FileManager.default.attributesOfItem(atPath: work.path + "/" + file)[.size] as? Int
      #expect((size ?? 0) > 100)
    }
  }

  @Test("without the published measurements, or a folder that has none, table-6 says so in one sentence")
  func withoutMeasurements() throws {
    let home = try TemporaryFolder()
    func errors(_ arguments: [String]) throws -> String {
      let result = try KvshCall(["\(Self.folder)/table-6.kvs"] + arguments, in: home, workingFolder: home.path).result()
      #expect(result.status != 0 && result.output.isEmpty)
      return result.errors
    }
    #expect(try errors([]).contains("the published measurements are missing: clone the paper's artifact"))
    #expect(try errors(["nowhere"]).contains("nowhere has no profiling/mlp.csv"))
  }

  @Test(
    "what a script asserts about bytes is true of a compressed cache: fewer bits hold less, budgets hold what they say")
  func numbers() throws {
    let test = try CommandSession()
    let held = try test.table(
      """
      let rows = compress kivi bits=[2, 4, 8] residual=32 | run sharegpt n=3 max=12
      rows | summarize held=mean(cache_bytes) by=config
      """
    ).doubles("held")
    #expect(held.count == 4)
    #expect(held[1] < held[2] && held[2] < held[3] && held[3] < held[0])
    let kept = try test.table(
      """
      let full = run sharegpt n=3 max=12
      let rows = compress streamingllm budget=[32, 64] | run sharegpt n=3 max=12 baseline=off
      rows | join full on=sample | derive share=payload_bytes / payload_bytes_2 | select config share payload_bytes
      """)
    // 32 and 64 tokens, or the whole of a shorter conversation.
    for (row, budget) in [32, 32, 32, 64, 64, 64].enumerated() {
      #expect(kept.ints("payload_bytes")[row] <= budget * 23_040)
      #expect(kept.doubles("share")[row] <= 1)
    }
  }
}
