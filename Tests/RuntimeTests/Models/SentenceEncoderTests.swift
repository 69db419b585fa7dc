import Foundation
import Testing

@testable import Runtime

/// The encoders that the tests read, and what others computed with them.
enum EncoderFixtures {
  /// A text of `expected.json`: ids by the tokenizers library, embedding by NumPy (make_encoder.py).
  struct Row: Decodable, Sendable {
    var text: String
    var pieces: [Int32]
    var embedding: [Double]
  }

  /// A row of golden/embed.jsonl, by sentence-transformers.
  struct GoldenRow: Decodable, Sendable {
    var id: Int
    var a: String
    var b: String
    var cosine: Double
    var idsA: [Int32]
    var idsB: [Int32]
    var embeddingA: [Float]?

    enum CodingKeys: String, CodingKey {
      case id, a, b, cosine
      case idsA = "ids_a"
      case idsB = "ids_b"
      case embeddingA = "embedding_a"
    }
  }

  static let tiny = PackageFolder.fixture("encoder/tiny").path

  static func rows() throws -> [Row] {
    try JSONDecoder().decode([Row].self, from: Data(contentsOf: PackageFolder.fixture("encoder/expected.json")))
  }

  /// The whole golden file where it is at hand, else the rows that the suite carries.
  static func goldenRows() throws -> [GoldenRow] {
    try GoldenFolder.rows(
      GoldenRow.self,
      GoldenFolder.has("embed.jsonl")
        ? GoldenFolder.url.appendingPathComponent("embed.jsonl") : PackageFolder.fixture("encoder/embed_subset.jsonl"))
  }

  /// all-MiniLM-L6-v2 where scripts/setup puts it.
  static let real = SetupFolder.path + "/encoders/all-MiniLM-L6-v2"

  static func encoder(_ path: String, _ set: InstructionSet? = nil, threads: Int = 2) throws -> SentenceEncoder {
    try SentenceEncoder(path: path, kernels: try set ?? InstructionSet.chosen(), pool: WorkerPool(threads: threads))
  }

  /// A copy of the tiny encoder's folder in a temporary place.
  static func copy() throws -> String {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("kvsh-encoder-\(UUID().uuidString)").path
    try FileManager.default.copyItem(atPath: tiny, toPath: path)
    return path
  }
}

@Suite("Sentence encoder")
struct SentenceEncoderTests {
  @Test("a tiny encoder gives NumPy's embeddings on every instruction set", arguments: InstructionSet.available)
  func tiny(_ set: InstructionSet) throws {
    let encoder = try EncoderFixtures.encoder(EncoderFixtures.tiny, set)
    #expect(encoder.dimensions == 32 && encoder.windowTokens == 24)
    let rows = try EncoderFixtures.rows()
    let embeddings = try encoder.embed(rows.map(\.text))
    for (row, embedding) in zip(rows, embeddings) {
      #expect(encoder.tokenizer.pieces(row.text) == row.pieces, "\(row.text)")
      let worst = zip(embedding, row.embedding).map { abs(Double($0) - $1) }.max() ?? 1
      #expect(worst < 2e-6, "\(row.text): \(worst)")
    }
  }

  @Test("an embedding does not depend on the texts beside it nor on the threads")
  func independence() throws {
    let texts = try EncoderFixtures.rows().map(\.text)
    let together = try EncoderFixtures.encoder(EncoderFixtures.tiny).embed(texts + texts.reversed())
    let alone = try EncoderFixtures.encoder(EncoderFixtures.tiny, threads: 1)
    for (place, text) in (texts + texts.reversed()).enumerated() {
      #expect(try alone.embed([text]) == [together[place]])
    }
  }

  @Test("a long text has a first and a last window, a short one the same twice")
  func windows() throws {
    let encoder = try EncoderFixtures.encoder(EncoderFixtures.tiny)
    let short = encoder.windows("the cache")
    #expect(short.first == [2, 87, 88, 3] && short.last == short.first)
    let pieces = encoder.tokenizer.pieces(String(repeating: "the cache of a model ", count: 9) + "long key")
    let long = encoder.windows(String(repeating: "the cache of a model ", count: 9) + "long key")
    #expect(long.first == [2] + pieces.prefix(22) + [3])
    #expect(long.last == [2] + pieces.suffix(22) + [3])
    #expect(encoder.window(String(repeating: "the ", count: 100)).count == 24)
    // What lies beyond the window is left out rather than read past the positions.
    let tooLong = [Int32](repeating: 87, count: 200)
    #expect(try encoder.embed(windows: [tooLong]) == encoder.embed(windows: [Array(tooLong.prefix(24))]))
    #expect(try encoder.embed(windows: [[]]) == encoder.embed([""]))
  }

  @Test("embeddings have unit length, and the cosine of a text with itself is 1")
  func unitLength() throws {
    let embeddings = try EncoderFixtures.encoder(EncoderFixtures.tiny).embed(try EncoderFixtures.rows().map(\.text))
    for embedding in embeddings {
      #expect(abs(SentenceEncoder.cosine(embedding, embedding) - 1) < 1e-6)
    }
  }

  @Test(
    "sizes that the kernels cannot take, other activations and other models are refused by name",
    arguments: [
      ("hidden_size", 40, "K242"), ("num_attention_heads", 3, "K242"), ("hidden_act", "relu", "K242"),
      ("model_type", "roberta", "K242"), ("position_embedding_type", "relative_key", "K242"),
      ("num_hidden_layers", 0, "K242"), ("num_hidden_layers", 3, "K209"), ("intermediate_size", 64, "K241"),
      ("vocab_size", 10, "K242"), ("max_position_embeddings", 2, "K242"), ("hidden_size", "many", "K208"),
    ] as [(String, any Sendable, String)])
  func refusals(key: String, value: any Sendable, code: String) throws {
    let folder = try EncoderFixtures.copy()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FamilyFixtures.change(folder, "config.json") { $0[key] = value }
    #expect(problem { try EncoderFixtures.encoder(folder) }?.code == code)
  }

  @Test("a folder without a part, and a tokenizer of another kind, are told as such")
  func parts() throws {
    let folder = try EncoderFixtures.copy()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FamilyFixtures.change(folder, "tokenizer.json") { $0["pre_tokenizer"] = ["type": "Whitespace"] }
    #expect(problem { try EncoderFixtures.encoder(folder) }?.seen.contains("Whitespace") == true)
    try FileManager.default.removeItem(atPath: folder + "/tokenizer.json")
    #expect(problem { try EncoderFixtures.encoder(folder) }?.code == "K214")
    try FileManager.default.removeItem(atPath: folder + "/model.safetensors")
    #expect(problem { try EncoderFixtures.encoder(folder) }?.code == "K214")
  }

  @Test("weights that are not finite are told, and the answer is not used")
  func notFinite() throws {
    let folder = try EncoderFixtures.copy()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let url = URL(fileURLWithPath: folder + "/model.safetensors")
    var data = try Data(contentsOf: url)
    // The last number of the file is the last norm's offset.
    data.replaceSubrange(data.count - 4..<data.count, with: [0, 0, 0xC0, 0x7F])
    try data.write(to: url)
    let encoder = try EncoderFixtures.encoder(folder)
    #expect(problem { try encoder.embed(["the cache"]) }?.code == "K651")
  }

  @Test("a cancelled pool ends the work")
  func cancelled() throws {
    let cancellation = Cancellation()
    let encoder = try SentenceEncoder(
      path: EncoderFixtures.tiny, kernels: try InstructionSet.chosen(),
      pool: WorkerPool(threads: 2, cancellation: cancellation))
    cancellation.cancel()
    #expect(throws: CancellationError.self) { try encoder.embed(["the cache"]) }
  }

  private func problem(_ work: () throws -> some Any) -> RuntimeProblem? {
    do {
      _ = try work()
      return nil
    } catch {
      return error as? RuntimeProblem
    }
  }
}

/// all-MiniLM-L6-v2 beside the sentence-transformers library: 60 pairs, or the 24 of `embed_subset.jsonl`.
@Suite("MiniLM")
struct SentenceEncoderGoldenTests {
  @Test("scripts/setup has fetched the encoder")
  func isThere() {
    #expect(
      FileManager.default.fileExists(atPath: EncoderFixtures.real + "/model.safetensors"),
      "there is no \(EncoderFixtures.real): run scripts/setup")
  }

  @Test(
    "ids are exact, cosines and embeddings within 1e-4 on every instruction set", arguments: InstructionSet.available)
  func golden(_ set: InstructionSet) throws {
    let encoder = try EncoderFixtures.encoder(EncoderFixtures.real, set)
    let rows = try EncoderFixtures.goldenRows()
    #expect(rows.count >= 20 && rows.contains { $0.embeddingA != nil })
    let embeddings = try encoder.embed(rows.flatMap { [$0.a, $0.b] })
    for (place, row) in rows.enumerated() {
      #expect(encoder.window(row.a) == row.idsA, "\(row.id)")
      #expect(encoder.window(row.b) == row.idsB, "\(row.id)")
      let (a, b) = (embeddings[2 * place], embeddings[2 * place + 1])
      #expect(abs(SentenceEncoder.cosine(a, b) - row.cosine) < 1e-4, "\(row.id)")
      guard let expected = row.embeddingA else { continue }
      #expect(zip(a, expected).allSatisfy { abs($0 - $1) < 1e-4 }, "\(row.id)")
    }
  }
}
