import Testing

@testable import Runtime

struct KiviCardTests {
  @Test("key and value bits follow bits unless given")
  func bits() throws {
    let plain = try #require(try Compressor("kivi").slots.codec as? GroupedCodec)
    #expect(plain.keyBits == 2 && plain.valueBits == 2 && plain.group == 32 && plain.residual == 128)
    let mixed = try #require(
      try Compressor("kivi", ["bits": .int(4), "v_bits": .int(2)]).slots.codec as? GroupedCodec)
    #expect(mixed.keyBits == 4 && mixed.valueBits == 2)
  }

  @Test("the second paper's setting is 4 bits, groups of 32, residual 128")
  func preset() throws {
    let codec = try #require(try Compressor("kivi/rethinking").slots.codec as? GroupedCodec)
    #expect(codec.keyBits == 4 && codec.valueBits == 4 && codec.group == 32 && codec.residual == 128)
  }

  @Test("a residual that groups do not divide is refused")
  func residual() {
    #expect { try Compressor("kivi", ["residual": .int(100)]) } throws: { ($0 as? RuntimeProblem)?.code == "K304" }
    #expect { try Compressor("kivi", ["residual": .int(64), "group": .int(128)]) } throws: {
      ($0 as? RuntimeProblem)?.code == "K304"
    }
  }
}
