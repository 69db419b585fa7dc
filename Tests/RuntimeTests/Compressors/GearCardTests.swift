import Testing

@testable import Runtime

struct GearCardTests {
  static func code(_ parameters: [String: ParameterValue]) -> String? {
    do {
      _ = try Compressor("gear", parameters)
      return nil
    } catch let problem as RuntimeProblem {
      return problem.code
    } catch {
      return "\(error)"
    }
  }

  @Test("defaults depend on the mode")
  func defaults() throws {
    let tensor = try #require(try Compressor("gear").slots.codec as? GearTensorCodec)
    #expect(
      tensor.settings == GearTensorSettings(bits: 4, outlier: 0.02, rank: 0.02, loops: 3, interval: 20, seed: 0))
    let group = try #require(try Compressor("gear", ["mode": .word("group")]).slots.codec as? GearGroupCodec)
    #expect(
      group.settings
        == GearGroupSettings(
          bits: 4, outlier: 0.02, rank: 4, rankDecode: 2, loops: 3, interval: 64, group: 64, seed: 0))
  }

  @Test("the second paper's setting is 4 bits with 2 % outliers and 2 % rank every 20 tokens")
  func preset() throws {
    let codec = try #require(try Compressor("gear/rethinking").slots.codec as? GearTensorCodec)
    #expect(codec.settings == GearTensorSettings(bits: 4, outlier: 0.02, rank: 0.02, loops: 3, interval: 20, seed: 0))
    let eight = try #require(try Compressor("gear/rethinking", ["bits": .int(8)]).slots.codec as? GearTensorCodec)
    #expect(eight.settings.bits == 8)
  }

  @Test(
    "combinations that make no sense are refused",
    arguments: [
      ["bits": .int(2)], ["rank": .int(4)], ["group": .int(64)], ["rank_decode": .int(1)],
      ["mode": .word("group"), "bits": .int(8)], ["mode": .word("group"), "interval": .int(20)],
      ["mode": .word("group"), "rank": .float(0.5)],
    ] as [[String: ParameterValue]])
  func combinations(_ parameters: [String: ParameterValue]) {
    #expect(Self.code(parameters) == "K304")
  }

  @Test(
    "values out of range are refused",
    arguments: [
      ["bits": .int(3)], ["outlier": .float(0.3)], ["interval": .int(0)], ["loops": .int(0)], ["seed": .int(-1)],
      ["mode": .word("row")],
    ] as [[String: ParameterValue]])
  func ranges(_ parameters: [String: ParameterValue]) {
    #expect(Self.code(parameters) == "K303")
  }

  @Test("groups that straddle heads are refused, by gear and kivi alike, before a cache is made")
  func straddlingGroups() throws {
    let shape = CacheShape(layers: 1, kvHeads: 1, groupHeads: 1, headDim: 32)
    for compressor in [
      try Compressor("gear", ["mode": .word("group")]), try Compressor("kivi", ["group": .int(64)]),
    ] {
      #expect { try compressor.check(shape: shape) } throws: { ($0 as? RuntimeProblem)?.code == "K305" }
    }
    try Compressor("gear").check(shape: shape)
  }
}
