import Runtime
import Testing

@Suite("Pairing of lengths")
struct LengthPairingTests {
  private func row(_ sample: String, _ tokens: Int, atCap: Bool = false) -> ResponseLength {
    ResponseLength(sample: sample, tokens: tokens, atCap: atCap)
  }

  @Test("rows pair by sample whatever their order")
  func bySample() throws {
    let pairing = try LengthPairing(
      uncompressed: [row("a", 1), row("b", 2, atCap: true), row("c", 3)],
      compressed: [row("c", 30), row("d", 40), row("a", 10, atCap: true)])
    #expect(
      pairing.pairs == [
        LengthPair(sample: "a", uncompressedTokens: 1, compressedTokens: 10, compressedAtCap: true),
        LengthPair(sample: "c", uncompressedTokens: 3, compressedTokens: 30),
      ])
    #expect(pairing.uncompressedOnly == ["b"])
    #expect(pairing.compressedOnly == ["d"])
  }

  @Test("a sample that occurs twice is refused on either side")
  func duplicate() {
    #expect(
      throws: RuntimeProblem(
        "K623", seen: "sample 'a' occurs twice among the compressed rows", expected: "one row per sample",
        suggestion: "keep one run per configuration with `where`")
    ) { try LengthPairing(uncompressed: [row("a", 1)], compressed: [row("a", 1), row("a", 2)]) }
    #expect(
      metricProblemCode { try LengthPairing(uncompressed: [row("a", 1), row("a", 1)], compressed: [row("a", 1)]) }
        == "K623")
  }

  @Test("no sample in common is refused, and so is nothing at all")
  func nothingInCommon() {
    #expect(metricProblemCode { try LengthPairing(uncompressed: [row("a", 1)], compressed: [row("b", 1)]) } == "K624")
    #expect(metricProblemCode { try LengthPairing(uncompressed: [], compressed: []) } == "K624")
  }

  @Test("a negative length is refused")
  func negative() {
    #expect(metricProblemCode { try LengthPairing(uncompressed: [row("a", -1)], compressed: [row("a", 1)]) } == "K625")
  }
}
