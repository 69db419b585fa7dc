import Testing

@testable import Runtime

/// A model file with a vocabulary of twelve tokens: a b c ab bc abc, a space, its pair with a, and special ones.
private struct SmallVocabulary {
  var model = "gpt2"
  var pre: String? = "gpt-2"
  var tokens = ["a", "b", "c", "ab", "bc", "abc", "Ġ", "Ġa", "<s>", "<s><s>", "<u>", "<|eot_id|>"]
  var kinds: [Int32] = [1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 4, 3]
  // Ranked so that abc comes of a + bc; ab + c is not a merge.
  var merges = ["b c", "a bc", "a b", "Ġ a"]
  var bos: UInt32 = 8

  var file: GGUFFile {
    get throws {
      var builder = GGUFBuilder()
      builder.entries = [
        ("tokenizer.ggml.model", .string(model)),
        ("tokenizer.ggml.tokens", .array(tokens.map { .string($0) }, tag: 8)),
        ("tokenizer.ggml.token_type", .array(kinds.map { .int32($0) }, tag: 5)),
        ("tokenizer.ggml.merges", .array(merges.map { .string($0) }, tag: 8)),
        ("tokenizer.ggml.bos_token_id", .uint32(bos)),
      ]
      if let pre { builder.entries.append(("tokenizer.ggml.pre", .string(pre))) }
      return try GGUFFile(MappedFile(content: builder.bytes, name: "small.gguf"))
    }
  }

  static func tokenizer(_ change: (inout SmallVocabulary) -> Void = { _ in }) throws -> Tokenizer {
    var vocabulary = SmallVocabulary()
    change(&vocabulary)
    return try Tokenizer(vocabulary.file)
  }

  static func problem(_ change: (inout SmallVocabulary) -> Void) -> String {
    do {
      _ = try tokenizer(change)
      return "no problem"
    } catch {
      return "\(error)"
    }
  }
}

@Suite("Tokenizer tables")
struct TokenizerTablesTests {
  @Test("merges go by rank, not from left to right")
  func ranks() throws {
    let tokenizer = try SmallVocabulary.tokenizer()
    #expect(tokenizer.encode("abc", parseSpecial: false) == [5])
    #expect(tokenizer.encode("abab", parseSpecial: false) == [3, 3])
    #expect(tokenizer.encode("ab a abc", parseSpecial: false) == [3, 7, 6, 5])
  }

  @Test("a whole piece is taken as a token only by the rule of Llama 3")
  func wholePieces() throws {
    // Without "a bc" nothing merges into abc.
    #expect(
      try SmallVocabulary.tokenizer { $0.merges = ["b c", "a b"] }.encode("abc", parseSpecial: false) == [0, 4])
    let llama = try SmallVocabulary.tokenizer {
      $0.merges = ["b c", "a b"]
      $0.pre = "llama-bpe"
    }
    #expect(llama.encode("abc", parseSpecial: false) == [5])
    #expect(llama.addsBos)
  }

  @Test("the longest special token wins, and user-defined ones are matched even as plain text")
  func specials() throws {
    let tokenizer = try SmallVocabulary.tokenizer()
    #expect(tokenizer.encode("<s><s><s>a", parseSpecial: true) == [9, 8, 0])
    #expect(tokenizer.encode("a<u>b", parseSpecial: false) == [0, 10, 1])
    #expect(tokenizer.encode("<s>a", parseSpecial: false) == [0])
    #expect(tokenizer.eotId == 11)
    #expect(tokenizer.bosId == 8)
    #expect(tokenizer.eosId == nil)
    #expect(!tokenizer.addsBos)
    #expect(tokenizer.endIds == [11])
    #expect(tokenizer.decode([9, 7, 10, 11], skipSpecial: true) == " a<u>")
  }

  @Test("tables that do not fit are one problem")
  func damaged() {
    #expect(
      SmallVocabulary.problem { $0.model = "bert" }
        == "K221: small.gguf: the tokenizer is of the kind 'bert'; expected 'gpt2', byte-level BPE, or 'llama', SentencePiece"
    )
    #expect(
      SmallVocabulary.problem { $0.pre = "tekken" }
        == "K223: small.gguf: the pre-tokeniser 'tekken' is not supported; expected gpt-2, smollm, llama-bpe, qwen2, default"
    )
    #expect(
      SmallVocabulary.problem { $0.pre = nil }.hasPrefix("K207: small.gguf: the metadata has no 'tokenizer.ggml.pre'"))
    #expect(
      SmallVocabulary.problem { $0.kinds.removeLast() }.hasPrefix(
        "K222: small.gguf: the vocabulary has 12 tokens and 11 token types"))
    #expect(
      SmallVocabulary.problem { $0.kinds[2] = 9 }.hasPrefix(
        "K222: small.gguf: token 2 has the type 9; expected a type from 1 to 6"))
    #expect(
      SmallVocabulary.problem { $0.tokens[2] = "a" }.hasPrefix(
        "K222: small.gguf: tokens 0 and 2 of the vocabulary are both 'a'"))
    for merge in ["", "a", " ", "a ", "a x", "c a", "a b c", "漢 a"] {
      #expect(
        SmallVocabulary.problem { $0.merges.append(merge) }.hasPrefix("K222: small.gguf: merge 5 is '\(merge)'"),
        "'\(merge)'")
    }
    #expect(
      SmallVocabulary.problem { $0.bos = 12 }.hasPrefix(
        "K222: small.gguf: 'tokenizer.ggml.bos_token_id' is 12; expected an id below 12"))
    #expect(
      SmallVocabulary.problem {
        $0.tokens = []
        $0.kinds = []
        $0.merges = []
      }.hasPrefix("K222"))
  }

  @Test("characters cut anywhere stream whole, and what is no character becomes U+FFFD once it is known to be none")
  func streaming() throws {
    // One token a byte, as in the alphabet of byte-level vocabularies.
    let bytes = Array("né漢😀".utf8)
    let alphabet = (UInt32(0)...0x143).compactMap { value in
      Unicode.Scalar(value).flatMap { scalar in ByteAlphabet.byte(scalar).map { ($0, String(scalar)) } }
    }.sorted { $0.0 < $1.0 }.map(\.1)
    #expect(alphabet.count == 256)
    let tokenizer = try SmallVocabulary.tokenizer {
      $0.tokens = alphabet
      $0.kinds = [Int32](repeating: 1, count: 256)
      $0.merges = []
    }
    #expect(tokenizer.missingBytes.isEmpty)
    var stream = StreamDecoder(tokenizer)
    #expect(bytes.map { stream.append(Int32($0)) } == ["n", "", "é", "", "", "漢", "", "", "", "😀"])
    #expect(stream.finish().isEmpty)
    for cut in [[0xF0, 0x9F], [0x80], [0xC3, 0x41], [0xE0, 0x80, 0x41], [0xF5, 0x80, 0x80, 0x80], [0xFF, 0xC3]] {
      let ids = cut.map { Int32($0) }
      var stream = StreamDecoder(tokenizer)
      let streamed = ids.map { stream.append($0) }.joined() + stream.finish()
      #expect(streamed == tokenizer.decode(ids))
      #expect(streamed.contains("\u{FFFD}"))
    }
  }
}
