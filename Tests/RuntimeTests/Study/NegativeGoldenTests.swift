import Foundation
import Testing

@testable import Runtime

/// Counts out of the second paper's published per-sample scores (`data/rethink-kv`, measures/negatives.md).
@Suite("Negative samples: published scores", .enabled(if: PublishedScores.isThere))
struct NegativeGoldenTests {
  struct Expected: Decodable {
    var sets: [String: [String]]
    var total: [String: [String: Int]]
    var byType: [String: [String: [String: Int]]]
    var negatives: [String: [String: [Int]]]

    enum CodingKeys: String, CodingKey {
      case sets, total
      case byType = "by_type"
      case negatives = "ids_theta_0.1"
    }
  }

  @Test("every count of every set, threshold and task type is the expected one")
  func counts() throws {
    let expected = try JSONDecoder().decode(
      Expected.self, from: Data(contentsOf: PublishedScores.folder.appendingPathComponent("expected_negatives.json")))
    let analysis = try NegativeAnalysis(try PublishedScores.sheet())
    let types = try PublishedScores.types()
    let names = ["Summ": "summarization", "QA": "QA", "Code": "code", "Few": "few-shot", "Synth": "synthetic"]
    var checked = 0
    for (name, members) in expected.sets {
      let set = try PublishedScores.places(members, in: analysis.sheet)
      for (theta, count) in try #require(expected.total[name]) {
        let negatives = try analysis.negatives(of: set, theta: try #require(Double(theta)))
        #expect(negatives.count == count, "\(name) at \(theta)")
        let counted = Dictionary(grouping: negatives) { types[analysis.sheet.samples[$0].task] ?? "" }.mapValues(
          \.count)
        for (short, count) in try #require(expected.byType[name]?[theta]) {
          #expect(counted[try #require(names[short])] ?? 0 == count, "\(name) at \(theta), \(short)")
          checked += 1
        }
      }
    }
    #expect(checked == 7 * 9 * 5)
  }

  @Test("the negatives of every set are the expected samples")
  func samples() throws {
    let expected = try JSONDecoder().decode(
      Expected.self, from: Data(contentsOf: PublishedScores.folder.appendingPathComponent("expected_negatives.json")))
    let analysis = try NegativeAnalysis(try PublishedScores.sheet())
    #expect(!expected.negatives.isEmpty)
    for (name, tasks) in expected.negatives {
      let set = try PublishedScores.places(try #require(expected.sets[name]), in: analysis.sheet)
      let found = try analysis.negatives(of: set, theta: 0.1).map { analysis.sheet.samples[$0] }
      let wanted = tasks.flatMap { task, rows in rows.map { "\(task) \($0)" } }
      #expect(Set(found.map { "\($0.task) \($0.sample)" }) == Set(wanted), "\(name)")
      #expect(found.count == wanted.count)
    }
  }

  static let harder: [(members: [String], counts: [Int])] = [
    (["kivi_2bits_g32_r128"], [305, 195, 138, 110, 96, 80, 60, 35, 25]),
    (["gear_4bits"], [292, 205, 155, 129, 107, 90, 68, 47, 38]),
    (["h2o_c512_w32"], [544, 415, 298, 216, 165, 144, 123, 109, 94]),
    (["streamingllm_c512_w32"], [623, 498, 388, 295, 223, 184, 151, 131, 108]),
    (["h2o_c512_w32", "streamingllm_c512_w32"], [369, 253, 160, 111, 85, 70, 56, 50, 37]),
  ]

  @Test("the harder settings have the expected counts", arguments: harder)
  func harderSettings(members: [String], counts: [Int]) throws {
    let analysis = try NegativeAnalysis(try PublishedScores.sheet())
    let set = try PublishedScores.places(members, in: analysis.sheet)
    for (count, theta) in zip(counts, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) {
      #expect(try analysis.negatives(of: set, theta: theta).count == count, "at \(theta)")
    }
  }

  static let plotted: [(members: [String], counts: [Int])] = [
    (["kivi_4bits_g32_r128"], [594, 576, 551, 510, 488, 459, 434, 414]),
    (["gear_8bits"], [665, 654, 626, 573, 555, 513, 458, 425]),
    (["kivi_4bits_g32_r128", "gear_8bits"], [499, 487, 468, 439, 424, 404, 389, 386]),
    (["h2o_c2048_w32"], [755, 748, 720, 675, 651, 591, 527, 490]),
    (["streamingllm_c2048_w32"], [863, 851, 821, 788, 762, 705, 633, 579]),
    (["h2o_c2048_w32", "streamingllm_c2048_w32"], [620, 613, 590, 560, 533, 488, 440, 419]),
  ]

  @Test("the rule of figure 6's script gives what the figure plots", arguments: plotted)
  func figure6(members: [String], counts: [Int]) throws {
    let analysis = try NegativeAnalysis(try PublishedScores.sheet(), rule: .figure6)
    let set = try PublishedScores.places(members, in: analysis.sheet)
    for (count, theta) in zip(counts, [0.01, 0.02, 0.04, 0.08, 0.10, 0.16, 0.24, 0.32]) {
      #expect(analysis.count(try analysis.negatives(of: set, theta: theta)) == count, "at \(theta)")
    }
  }

  /// measures/negatives.md, "Table 7": recomputed, x100.
  static let table7: [(set: [String], type: String, base: Double, first: Double, second: Double)] = [
    (["kivi_4bits_g32_r128", "gear_8bits"], "summarization", 31.61, 24.84, 23.72),
    (["kivi_4bits_g32_r128", "gear_8bits"], "QA", 52.07, 28.87, 28.68),
    (["kivi_4bits_g32_r128", "gear_8bits"], "code", 97.00, 30.00, 30.00),
    (["h2o_c2048_w32", "streamingllm_c2048_w32"], "summarization", 31.62, 24.79, 24.31),
    (["h2o_c2048_w32", "streamingllm_c2048_w32"], "QA", 82.13, 33.86, 30.41),
    (["h2o_c2048_w32", "streamingllm_c2048_w32"], "code", 78.67, 57.21, 61.31),
  ]

  @Test("table 7 comes out of the scores", arguments: table7)
  func benchmarkScores(set: [String], type: String, base: Double, first: Double, second: Double) throws {
    // The benchmark scripts take a score at the bound.
    let analysis = try NegativeAnalysis(try PublishedScores.sheet())
    let types = try PublishedScores.types()
    let columns = try PublishedScores.places(set, in: analysis.sheet)
    let samples = try analysis.negatives(of: columns, theta: 0.1).filter {
      types[analysis.sheet.samples[$0].task] == type
    }
    for (column, expected) in [(nil, base), (columns[0], first), (columns[1], second)] as [(Int?, Double)] {
      let mean = try #require(analysis.macroMean(samples, column: column))
      #expect(abs(mean * 100 - expected) < 0.0051, "\(mean * 100)")
    }
  }

  @Test("task means of the baseline are the published ones")
  func means() throws {
    let sheet = try PublishedScores.sheet()
    let expected = [
      "2wikimqa": 36.42, "gov_report": 29.00, "hotpotqa": 44.99, "lcc": 59.37, "multi_news": 26.48,
      "multifieldqa_en": 39.72, "qmsum": 23.28, "passage_count": 3.09, "passage_retrieval_en": 70.50, "qasper": 26.85,
      "repobench-p": 55.06, "samsum": 41.79, "trec": 74.00, "triviaqa": 46.48,
    ]
    let byTask = Dictionary(grouping: sheet.samples, by: \.task)
    #expect(Set(byTask.keys) == Set(expected.keys))
    for (task, samples) in byTask {
      let mean = samples.reduce(0) { $0 + $1.baseline } / Double(samples.count) * 100
      #expect(abs(mean - (expected[task] ?? 0)) < 0.0051, "\(task) \(mean)")
    }
  }
}

/// The published score files, which are not part of the repository.
enum PublishedScores {
  static let folder = GoldenFolder.url.deletingLastPathComponent().appendingPathComponent("data/rethink-kv")
  static let isThere = FileManager.default.fileExists(atPath: folder.appendingPathComponent("scores/hf.jsonl").path)

  struct Row: Decodable {
    var task: String
    var id: Int
    var score: Double
  }

  /// Read once for all tests: fifty thousand lines.
  private static let read = Result { try readSheet() }

  static func sheet() throws -> ScoreSheet { try read.get() }

  private static func readSheet() throws -> ScoreSheet {
    let scores = folder.appendingPathComponent("scores")
    let names = try FileManager.default.contentsOfDirectory(atPath: scores.path).filter { $0.hasSuffix(".jsonl") }
    let rows = try names.sorted().flatMap { name in
      try GoldenFolder.rows(Row.self, scores.appendingPathComponent(name)).map {
        ScoreSheet.Row(
          configuration: String(name.dropLast(".jsonl".count)), task: $0.task, sample: "\($0.id)", score: $0.score)
      }
    }
    return try ScoreSheet(rows, baseline: "hf")
  }

  static func types() throws -> [String: String] {
    Dictionary(uniqueKeysWithValues: try LongBenchTasks.bundled(home: nil).tasks.map { ($0.name, $0.type) })
  }

  static func places(_ members: [String], in sheet: ScoreSheet) throws -> [Int] {
    try members.map { try #require(sheet.configurations.firstIndex(of: $0)) }
  }
}
