import Foundation
import Testing

@testable import Runtime

/// A small SentencePiece file: spaces, letters, some pairs of them, the bytes of U+00E9, and special tokens.
private struct SmallPieces {
  var tokens = [
    "<unk>", "<s>", "</s>", "<u>", "\u{2581}", "a", "b", "c", "ab", "bc", "\u{2581}a", "abc", "<0xC3>", "<0xA9>", "aa",
    "<0xF0>", "<0x9F>",
  ]
  var kinds: [Int32] = [2, 3, 3, 4, 1, 1, 1, 1, 1, 1, 1, 1, 6, 6, 1, 6, 6]
  var scores: [Float] = [0, 0, 0, 0, -9, -9, -9, -9, -2, -1, -3, -4, 0, 0, -2, 0, 0]
  var prefix: Bool?
  var flags: [(String, GGUFBuilder.Value)] = []

  var file: GGUFFile {
    get throws {
      var builder = GGUFBuilder()
      builder.entries = [
        ("tokenizer.ggml.model", .string("llama")),
        ("tokenizer.ggml.tokens", .array(tokens.map { .string($0) }, tag: 8)),
        ("tokenizer.ggml.token_type", .array(kinds.map { .int32($0) }, tag: 5)),
        ("tokenizer.ggml.scores", .array(scores.map { .float32($0) }, tag: 6)),
      ]
      if let prefix { builder.entries.append(("tokenizer.ggml.add_space_prefix", .bool(prefix))) }
      builder.entries += flags
      return try GGUFFile(MappedFile(content: builder.bytes, name: "pieces.gguf"))
    }
  }

  static func tokenizer(_ change: (inout SmallPieces) -> Void = { _ in }) throws -> Tokenizer {
    var pieces = SmallPieces()
    change(&pieces)
    return try Tokenizer(pieces.file)
  }

  static func problem(_ change: (inout SmallPieces) -> Void) -> String {
    do {
      _ = try tokenizer(change)
      return "no problem"
    } catch {
      return "\(error)"
    }
  }
}

@Suite("SentencePiece tokenizers")
struct SentencePieceTests {
  struct Row: Decodable {
    var text: String
    var ids: [Int32]
    var decoded: String
    var plain: [Int32]
  }

  static func fixture(_ name: String) throws -> Tokenizer {
    try Tokenizer(GGUFFile(path: PackageFolder.fixture(name).path))
  }

  // Made by Fixtures/sentencepiece.py with the sentencepiece package.
  @Test("ids and text of 231 rows are those of the sentencepiece package, with tokens for bytes and without")
  func package() throws {
    let rows = try JSONDecoder().decode(
      [Row].self, from: Data(contentsOf: PackageFolder.fixture("sentencepiece.json")))
    #expect(rows.count == 231)
    let tokenizer = try Self.fixture("sentencepiece.gguf")
    let plain = try Self.fixture("sentencepiece_plain.gguf")
    var unknown = 0
    for row in rows {
      #expect(tokenizer.encode(row.text, parseSpecial: false) == row.ids, "'\(row.text)'")
      #expect(plain.encode(row.text, parseSpecial: false) == row.plain, "'\(row.text)', plain")
      unknown += row.plain.filter { $0 == 0 }.count
      // Compared as bytes: Swift's == holds different spellings of one character for equal.
      #expect(Array(tokenizer.decode(row.ids).utf8) == Array(row.decoded.utf8), "'\(row.text)', decoded")
      var stream = StreamDecoder(tokenizer)
      let streamed = row.ids.map { stream.append($0) }.joined() + stream.finish()
      #expect(Array(streamed.utf8) == Array(row.decoded.utf8), "'\(row.text)', streamed")
    }
    #expect(unknown > 50)
    #expect(tokenizer.missingBytes.isEmpty && plain.missingBytes.count == 256)
  }

  @Test("the pair of the highest score merges first, the leftmost of several")
  func merges() throws {
    let tokenizer = try SmallPieces.tokenizer { $0.prefix = false }
    // bc (-1) before ab (-2); then a bc is abc (-4).
    #expect(tokenizer.encode("abc", parseSpecial: false) == [11])
    #expect(tokenizer.encode("abab", parseSpecial: false) == [8, 8])
    #expect(tokenizer.encode("aaa", parseSpecial: false) == [14, 5])
    #expect(tokenizer.encode("aab", parseSpecial: false) == [14, 6])
    #expect(tokenizer.encode(" a", parseSpecial: false) == [10])
    // A character without a token may still be half of one.
    let half = try SmallPieces.tokenizer {
      $0.prefix = false
      $0.tokens[6] = "d"
    }
    #expect(half.encode("ab", parseSpecial: false) == [8])
    #expect(half.encode("b", parseSpecial: false) == [0])
  }

  @Test("characters without a token become their bytes, or one unknown token for several")
  func fallback() throws {
    let tokenizer = try SmallPieces.tokenizer()
    #expect(tokenizer.encode("\u{E9}", parseSpecial: false) == [4, 12, 13])
    #expect(tokenizer.encode("xy\u{E9}z", parseSpecial: false) == [4, 0, 12, 13, 0])
    #expect(tokenizer.encode("\u{1F600}", parseSpecial: false) == [4, 0])
    #expect(tokenizer.decode([4, 12, 13]) == "\u{E9}")
    #expect(tokenizer.decode([12]) == "\u{FFFD}")
    var stream = StreamDecoder(tokenizer)
    #expect([Int32(4), 12, 13, 5].map { stream.append($0) } == ["", "", "\u{E9}", "a"])
  }

  @Test("a space goes before a text and after a special token, and decoding takes it away again")
  func spaces() throws {
    let tokenizer = try SmallPieces.tokenizer()
    #expect(tokenizer.encode("ab", parseSpecial: false) == [4, 8])
    #expect(tokenizer.encode("", parseSpecial: false).isEmpty)
    #expect(tokenizer.encode("<s>a", parseSpecial: true) == [1, 10])
    #expect(tokenizer.encode("<s>a", parseSpecial: false).first == 4)
    #expect(tokenizer.encode("a<u>a b", parseSpecial: false) == [10, 3, 10, 4, 6])
    for text in ["a", " a", "  ab", "<s>a<u> b</s>", "a b", " "] {
      #expect(tokenizer.decode(tokenizer.encode(text, parseSpecial: true)) == text)
    }
    #expect(tokenizer.decode([1, 10, 2, 10], skipSpecial: true) == "a a")
    #expect(tokenizer.tokenBytes(10) == Array(" a".utf8) && tokenizer.tokenText(10) == " a")
    #expect(tokenizer.tokenText(99) == "\u{FFFD}")
    let bare = try SmallPieces.tokenizer { $0.prefix = false }
    #expect(bare.encode("a", parseSpecial: false) == [5])
    #expect(bare.decode([10]) == " a")
  }

  @Test("flags and ids are the file's, or llama.cpp's defaults")
  func flags() throws {
    let tokenizer = try SmallPieces.tokenizer()
    #expect(tokenizer.addsBos && !tokenizer.addsEos && tokenizer.preTokeniser == nil && tokenizer.bosId == nil)
    let other = try SmallPieces.tokenizer {
      $0.flags = [
        ("tokenizer.ggml.add_bos_token", .bool(false)), ("tokenizer.ggml.add_eos_token", .bool(true)),
        ("tokenizer.ggml.bos_token_id", .uint32(1)), ("tokenizer.ggml.eos_token_id", .uint32(2)),
        ("tokenizer.ggml.unknown_token_id", .uint32(5)),
      ]
    }
    #expect(!other.addsBos && other.addsEos && other.bosId == 1 && other.eosId == 2 && other.endIds == [2])
    #expect(other.encode("x", parseSpecial: false) == [4, 5])
  }

  @Test("tables that do not fit are one problem")
  func damaged() {
    #expect(
      SmallPieces.problem { $0.scores.removeLast() }.hasPrefix(
        "K222: pieces.gguf: the vocabulary has 17 tokens and 16 scores; expected as many of one as of the other"))
    #expect(
      SmallPieces.problem { $0.scores[3] = .nan }.hasPrefix(
        "K222: pieces.gguf: the score of token 3 is not a number"))
    for byte in ["<0xC3>", "<0xGG>", "<0x1>", "x", "", "<0x+1>"] {
      #expect(
        SmallPieces.problem { $0.tokens[13] = byte }.hasPrefix(
          "K222: pieces.gguf: token 13, of the kind that stands for a byte, is '\(byte)'; expected <0x00> to <0xFF>"))
    }
    #expect(
      SmallPieces.problem { $0.tokens[6] = "a" }.hasPrefix(
        "K222: pieces.gguf: tokens 5 and 6 of the vocabulary are both 'a'"))
    #expect(SmallPieces.problem { $0.kinds.removeLast() }.hasPrefix("K222: pieces.gguf: the vocabulary has 17 tokens"))
    #expect(
      SmallPieces.problem { $0.flags = [("tokenizer.ggml.unknown_token_id", .uint32(17))] }.hasPrefix(
        "K222: pieces.gguf: 'tokenizer.ggml.unknown_token_id' is 17; expected an id below 17"))
    #expect(
      SmallPieces.problem { $0.flags = [("tokenizer.ggml.add_eos_token", .uint32(1))] }.hasPrefix("K208: pieces.gguf:"))
  }

  @Test("any tables load or are one problem, and what loads encodes, and decodes to the text where it has all bytes")
  func random() throws {
    var problems = 0
    var loaded = 0
    let alphabet = ["\u{2581}", " ", "a", "b", "\u{E9}", "\u{1F600}", "<0x41>", "", "ab", "a\u{301}", "<s>"]
    for seed in 0..<400 {
      var draw = SeededNumbers(seed)
      var pieces = SmallPieces()
      for _ in 0..<draw.int(0...6) {
        let index = draw.int(0...pieces.tokens.count - 1)
        switch draw.int(0...3) {
        case 0: pieces.tokens[index] = (0..<draw.int(0...3)).map { _ in alphabet[draw.int(0...10)] }.joined()
        case 1: pieces.kinds[index] = Int32(draw.int(1...6))
        case 2: pieces.scores[index] = [0, -1, .infinity, -.infinity, 1e30, -2][draw.int(0...5)]
        default: pieces.prefix = draw.int(0...1) == 0
        }
      }
      do {
        let tokenizer = try Tokenizer(pieces.file)
        loaded += 1
        for _ in 0..<20 {
          let text = (0..<draw.int(0...30)).map { _ in alphabet[draw.int(0...10)] }.joined()
          let ids = tokenizer.encode(text, parseSpecial: draw.int(0...1) == 0)
          #expect(ids.allSatisfy { $0 >= 0 && Int($0) < tokenizer.vocabularySize })
          var stream = StreamDecoder(tokenizer)
          let streamed = ids.map { stream.append($0) }.joined() + stream.finish()
          #expect(streamed == tokenizer.decode(ids))
        }
      } catch let problem as RuntimeProblem {
        problems += 1
        #expect(problem.code == "K222")
      }
    }
    #expect(problems > 50 && loaded > 50)
    let whole = try Self.fixture("sentencepiece.gguf")
    for seed in 0..<200 {
      var draw = SeededNumbers(seed)
      let scalars = (0..<draw.int(0...40)).compactMap { _ in
        Unicode.Scalar(UInt32(draw.int(1...[0x7F, 0x7FF, 0xFFFF, 0x10FFFF][draw.int(0...3)])))
      }
      let text = String(String.UnicodeScalarView(scalars.filter { $0 != "\u{2581}" }))
      let found = whole.decode(whole.encode(text, parseSpecial: false))
      #expect(Array(found.utf8) == Array(text.utf8))
    }
  }

  @Test("one word of a megabyte and a megabyte of text encode and decode to themselves")
  func large() throws {
    let tokenizer = try Self.fixture("sentencepiece.gguf")
    for unit in ["abcde", "the 漢字 and\n\u{1F600}  "] {
      let text = String(repeating: unit, count: 1_000_000 / unit.utf8.count)
      #expect(tokenizer.decode(tokenizer.encode(text, parseSpecial: true)) == text)
    }
  }
}
