import Foundation
import Testing

@testable import Runtime

/// The published A6000 profile, as the examples hold it, against the sheet; the whole tables where they are at hand.
@Suite("Throughput predictor: published profile") struct PublishedProfileTests {
  /// Folders with the published files: the examples' part, and all rows beside the golden data.
  static let folders: [String] = {
    let whole = GoldenFolder.url.deletingLastPathComponent().appendingPathComponent("data/rethink-kv").path
    return [PublishedRouteTests.folder] + (FileManager.default.fileExists(atPath: whole + "/profiling") ? [whole] : [])
  }()

  private static func predictor(_ folder: String, _ name: String, scaled factor: Double = 1) throws -> ForwardPredictor
  {
    let configuration = try PublishedProfile.configuration(name)
    let profile = try PublishedProfile(folder: folder).layerProfile(configuration)
    return ForwardPredictor(profile.scaled(by: factor), cacheLimitTokens: configuration.cacheLimitTokens)
  }

  private static func near(_ a: Double, _ b: Double, _ tolerance: Double = 1e-9) -> Bool { abs(a - b) <= tolerance }

  @Test("one layer's operators at eight tokens are the sheet's", arguments: folders)
  func operators(folder: String) throws {
    let profile = try PublishedProfile(folder: folder).layerProfile(PublishedProfile.configurations[0])
    func time(_ each: LayerOperator) throws -> Double {
      let place = try #require(LayerOperator.allCases.firstIndex(of: each))
      return PiecewiseLinear(profile.operators[place].map { (Double($0.tokens), $0.milliseconds) })(8)
    }
    let expected: [(LayerOperator, Double)] = [
      (.preProjection, 0.2502), (.postProjection, 0.0920), (.upProjection, 0.4560), (.downProjection, 0.2334),
      (.activation, 0.0108), (.inputNorm, 0.0040), (.postNorm, 0.0040), (.rope, 0.0040), (.add, 0.0020),
    ]
    for (each, milliseconds) in expected { #expect(Self.near(try time(each), milliseconds), "\(each)") }
    let fp16 = try Self.predictor(folder, "fp16")
    #expect(Self.near(fp16.operatorMilliseconds(.decode(batch: 1, cached: 1)), 1.0564))
  }

  @Test("whole forwards are the sheet's", arguments: folders)
  func forwards(folder: String) throws {
    let fp16 = try Self.predictor(folder, "fp16")
    #expect(Self.near(fp16.attentionMilliseconds(.decode(batch: 1, cached: 1_024)), 0.0380))
    #expect(Self.near(fp16.milliseconds(.decode(batch: 1, cached: 1_024)), 35.0208))
    #expect(Self.near(fp16.attentionMilliseconds(.decode(batch: 4, cached: 4_000)), 0.452))
    #expect(Self.near(fp16.milliseconds(.decode(batch: 4, cached: 4_000)), 48.2688))
    #expect(Self.near(fp16.milliseconds(.prefill(batch: 1, tokens: 1_024)), 32 * (5.9108 + 0.5220)))
    #expect(Self.near(fp16.decodeMilliseconds(batch: 4, cached: 4_000), 48.2688))
    let kivi = try Self.predictor(folder, "kivi")
    #expect(Self.near(kivi.milliseconds(.decode(batch: 1, cached: 1_024)), 32 * (1.0564 + 0.577 * 0.0380)))
    #expect(fp16.milliseconds(ForwardBatch()) == 0)
    // A mixed batch has both attentions.
    var mixed = ForwardBatch.prefill(batch: 1, tokens: 1_024)
    mixed.decodes = [1_024]
    #expect(Self.near(fp16.attentionMilliseconds(mixed), 0.5220 + 0.0380))
  }

  @Test("an evicting method's decode does not see the full length", arguments: folders)
  func evicting(folder: String) throws {
    let h2o = try Self.predictor(folder, "h2o")
    #expect(h2o.milliseconds(.decode(batch: 4, cached: 4_000)) == h2o.milliseconds(.decode(batch: 4, cached: 512)))
    let configuration = try PublishedProfile.configuration("h2o")
    let profile = try PublishedProfile(folder: folder)
    let whole = ForwardPredictor(try profile.layerProfile(configuration))
    let accuracy = try #require(try PredictionAccuracy(whole, against: profile.throughput(configuration)).percent)
    // The sheet: 81 to 83 with the full length.
    #expect((81...83).contains(accuracy))
  }

  @Test("measured times are what the artifact's evaluator reads", arguments: folders)
  func measured(folder: String) throws {
    let fp16 = try PublishedProfile(folder: folder).throughput(PublishedProfile.configurations[0])
    func milliseconds(_ tokens: Int) throws -> Double {
      try 1_000 / fp16.evaluatorThroughput(batch: 1, tokens: tokens, stage: .decoding)
    }
    #expect(Self.near(try milliseconds(1_024), 36.804, 5e-4))
    #expect(Self.near(try milliseconds(512), 33.529, 5e-4))
    #expect(routeCode { try fp16.evaluatorThroughput(batch: 3, tokens: 512, stage: .decoding) } == "K632")
  }

  /// The sheet's table: as shipped, one model, same batch, both corrected; and the paper's own column.
  static let table: [(name: String, paper: Double, ours: [Double])] = [
    ("fp16", 88.5, [88.39, 88.38, 95.91, 95.89]), ("kivi", 88.4, [88.45, 88.44, 95.21, 95.20]),
    ("gear", 87.7, [87.74, 87.81, 94.58, 94.64]), ("h2o", 85.8, [85.60, 85.37, 93.01, 92.79]),
    ("stream", 86.6, [86.56, 87.46, 92.77, 93.68]),
  ]

  @Test("table 6 as shipped is within 0.5 points of the paper, and every correction is the sheet's", arguments: folders)
  func table6(folder: String) throws {
    let profile = try PublishedProfile(folder: folder)
    for row in Self.table {
      let measured = try profile.throughput(PublishedProfile.configuration(row.name))
      let predictor = try Self.predictor(folder, row.name)
      let corrections: [PredictionAccuracy.Corrections] = [[], .oneModel, .sameBatch, .both]
      for (correction, expected) in zip(corrections, row.ours) {
        let accuracy = try PredictionAccuracy(predictor, against: measured, corrections: correction)
        #expect(accuracy.points.count == 36)
        #expect(Self.near(try #require(accuracy.percent), expected, 0.0051), "\(row.name) \(correction.rawValue)")
      }
      let shipped = try #require(try PredictionAccuracy(predictor, against: measured).percent)
      #expect(abs(shipped - row.paper) <= 0.5)
    }
  }

  @Test("the forest comes as near to table 6 as the table does, and a shallow one is worse")
  func forest() throws {
    // The largest folder: only with all rows are the forests the sheet's.
    let folder = try #require(Self.folders.last)
    let profile = try PublishedProfile(folder: folder)
    let isWhole = Self.folders.count > 1
    let expected = [("fp16", 88.44, 87.26), ("stream", 86.61, 84.30)]
    for (name, deep, shallow) in expected {
      let configuration = try PublishedProfile.configuration(name)
      let layer = try profile.layerProfile(configuration)
      let measured = try profile.throughput(configuration)
      func accuracy(_ settings: ForestSettings) throws -> Double {
        let predictor = ForwardPredictor(
          layer, regression: .forest(settings), cacheLimitTokens: configuration.cacheLimitTokens)
        return try #require(try PredictionAccuracy(predictor, against: measured).percent)
      }
      // 60 trees stand for 250: both sheet and ours vary by about 0.05 with the seed.
      #expect(abs(try accuracy(ForestSettings(trees: 60)) - deep) < (isWhole ? 0.15 : 0.3))
      if isWhole {
        #expect(abs(try accuracy(ForestSettings(trees: 60, depth: 8, minimumSplit: 10)) - shallow) < 0.3)
      }
    }
  }

  @Test("a polynomial is a worse guess for KIVI's attention than the table", arguments: [folders[0]])
  func polynomial(folder: String) throws {
    let configuration = try PublishedProfile.configuration("kivi")
    let profile = try PublishedProfile(folder: folder)
    let fit = ForwardPredictor(try profile.layerProfile(configuration), regression: .polynomial)
    let accuracy = try #require(try PredictionAccuracy(fit, against: profile.throughput(configuration)).percent)
    #expect((85...88.4).contains(accuracy), "\(accuracy)")
  }

  @Test("a slower machine takes as many times longer", arguments: folders)
  func scaling(folder: String) throws {
    let (one, three) = (try Self.predictor(folder, "gear"), try Self.predictor(folder, "gear", scaled: 3))
    for batch in [ForwardBatch.decode(batch: 3, cached: 700), .prefill(batch: 2, tokens: 900)] {
      #expect(Self.near(three.milliseconds(batch), 3 * one.milliseconds(batch), 1e-9))
    }
  }

  @Test("a folder without the files, and configurations that nobody measured, are told")
  func missing() throws {
    #expect(routeCode { try PublishedProfile(folder: PackageFolder.root.path) } == "K631")
    #expect(routeCode { try PublishedProfile.configuration("snapkv") } == "K633")
    func code(_ method: String, _ given: [String: ParameterValue]) -> String? {
      routeCode { try PublishedProfile.configuration(of: Compressor(method, given)) }
    }
    #expect(code("kivi", ["bits": .int(4)]) == nil && code("kivi", [:]) == nil && code("kivi/rethinking", [:]) == nil)
    #expect(code("kivi", ["bits": .int(2)]) == "K633" && code("snapkv", [:]) == "K633")
    #expect(code("h2o", ["budget": .budget(.tokens(256))]) == "K633")
    #expect(code("streamingllm", ["budget": .budget(.tokens(512))]) == nil)
    #expect(try PublishedProfile.configuration(of: .none).name == "fp16")
  }
}
