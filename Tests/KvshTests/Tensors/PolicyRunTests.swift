import Foundation
import Lang
import Testing

@testable import Runtime
@testable import kvsh

/// Policies of the language inside the engine.
@Suite(.serialized) struct PolicyRunTests {
  static let smallKeys = "policy small_keys { score = -norm(K, axis=-1) }\n"

  /// Positions that each head of each layer keeps of a prompt.
  static func kept(_ compressor: Compressor, _ ids: [Int32], decode steps: [Int32] = []) throws -> [[[Int32]]] {
    let model = try loaded.get()
    let pass = ForwardPass(model: model, kernels: InstructionSet.available[0].table, pool: WorkerPool(threads: 2))
    let cache = try pass.makeCache(compressor)
    try pass.run([.prompt(ids, of: cache, isLast: true)])
    for token in steps { try pass.run([.step(token, of: cache)]) }
    return (0..<model.cacheShape.layers).map { layer in
      (0..<model.cacheShape.kvHeads).map { cache.positions(layer: layer, head: $0) }
    }
  }

  private static let loaded = Result {
    try Model.load(try GGUFFile(path: try RealModel.path()), precision: .mixed, pool: WorkerPool(threads: 2))
  }

  static func compressor(_ text: String) throws -> Compressor {
    let test = try CommandSession(hasModel: false)
    return try #require(try test.run(text).configurations?.first)
  }

  /// A text long enough to be cut: token ids that are words.
  static let ids: [Int32] = (0..<300).map { Int32(300 + $0 * 131 % 20_000) }

  @Test("the highest scores stay, the protected tokens beside them, whatever they score")
  func positions() throws {
    let newest = try Self.kept(Self.compressor("policy p { score = positions }\ncompress p budget=50"), Self.ids)
    #expect(newest.allSatisfy { $0.allSatisfy { $0 == Array(250..<300) } })
    let first = try Self.kept(
      Self.compressor("policy p { score = -positions }\ncompress p budget=50 recent=10"), Self.ids)
    #expect(first.allSatisfy { $0.allSatisfy { $0 == Array(0..<40) + Array(290..<300) } })
    let sinks = try Self.kept(
      Self.compressor("policy p(of=7) { score = arange(tokens) % of }\ncompress p budget=100 sink=4 of=3"), Self.ids)
    // 99 tokens behind the sinks score 2; of equal scores the earliest stay.
    let expected = Array(0..<4) + (4..<300).filter { $0 % 3 == 2 }.prefix(96)
    #expect(sinks.allSatisfy { $0.allSatisfy { $0 == expected.map(Int32.init) } })
  }

  @Test("layer, heads and the rest are what they say")
  func inputs() throws {
    let checks = """
      policy p {
        assert heads == 3 and layers == 30 and head_dim == 64 and tokens == 300 and seen == 300
        assert layer >= 0 and layer < layers
        assert K.shape == [3, 300, 64] and V.shape == [3, 300, 64] and positions.shape == [3, 300]
        assert attn_last.shape == [3, 300] and attn_sum.shape == [3, 300] and attn_window.shape == [3, 8, 300]
        assert max(abs(sum(attn_last, axis=-1) - 1)) < 0.001
        assert max(abs(sum(attn_window, axis=-1) - 1)) < 0.001
        assert max(abs(attn_window[:, -1] - attn_last)) < 0.0001
        assert max(abs(sum(attn_sum, axis=-1) - 300)) < 0.1
        score = attn_sum
      }
      compress p budget=50% window=8
      """
    let kept = try Self.kept(Self.compressor(checks), Self.ids)
    #expect(kept.allSatisfy { $0.allSatisfy { $0.count == 150 } })
  }

  @Test("minus the norm of the key keeps exactly the tokens of the built-in knorm", arguments: ["30%", "50%", "20"])
  func asKnorm(budget: String) throws {
    let own = try Self.kept(
      Self.compressor("policy knorm2 { score = -norm(K, axis=-1) }\ncompress knorm2 budget=\(budget)"), Self.ids)
    let built = try Self.kept(Self.compressor("compress knorm/kvpress budget=\(budget)"), Self.ids)
    #expect(own == built)
  }

  @Test("attention sums keep the tokens that h2o keeps at the prompt's end")
  func asHeavyHitters() throws {
    let own = try Self.kept(
      Self.compressor("policy p { score = attn_sum }\ncompress p budget=90 recent=60"), Self.ids)
    let built = try Self.kept(
      Compressor(
        "h2o",
        [
          "variant": .word("prefill"), "heavy": .budget(.tokens(30)), "recent": .budget(.tokens(60)),
        ]), Self.ids)
    #expect(own == built)
  }

  @Test("a state follows its tokens through evictions while decoding")
  func states() throws {
    // A token's state counts the scorings it has seen, so it tells its age whatever slot it stands in.
    let text = """
      policy p {
        state age = zeros(heads, tokens)
        age = age + 1
        let newest = max(positions)
        assert all(where(positions >= 300, age == newest - positions + 1, age == newest - 299 + 1))
        score = positions % 7
      }
      compress p budget=100 recent=8 every=3
      """
    let kept = try Self.kept(Self.compressor(text), Self.ids, decode: (0..<20).map { Int32(500 + $0) })
    #expect(kept.allSatisfy { $0.allSatisfy { $0.count >= 100 && $0.count < 103 && $0.contains(319) } })
  }

  @Test("a budget that covers everything changes no bit of the text")
  func lossless() throws {
    let test = try CommandSession()
    let rows = try test.table(
      Self.smallKeys + "compress small_keys budget=4000 | run sharegpt n=3 max=8 temperature=0.7 | select config text")
    let texts = rows.strings("text")
    #expect(texts.count == 6 && Array(texts[..<3]) == Array(texts[3...]))
  }

  @Test("rows are kept by the policy's text: the same text returns at once, another one runs")
  func stored() throws {
    let test = try CommandSession()
    let line = "compress p budget=40 | run sharegpt n=2 max=6 | select text"
    let first = try test.table("policy p { score = -norm(K, axis=-1) }\n" + line).strings("text")
    _ = test.progress.taken()
    #expect(try test.table("policy p { score = -norm(K, axis=-1) }\n" + line).strings("text") == first)
    #expect(test.progress.taken().isEmpty)
    _ = try test.table("policy p { score = norm(K, axis=-1) }\n" + line)
    #expect(!test.progress.taken().isEmpty)
  }

  @Test("a mistake in a running policy ends the run at its place, and finished rows stay")
  func mistakes() throws {
    let test = try CommandSession()
    for (score, code, seen) in [
      ("log(-norm(K, axis=-1))", "K712", "the score of policy `p` in layer 0, KV head 0, is nan for token 0"),
      ("norm(K)", "K711", "the score of policy `p` in layer 0 is a tensor of shape []"),
      ("K @ V", "K701", "`@` of the shapes"), ("norm(K, axis=5)", "K702", "axis=5 of a tensor of shape"),
    ] {
      let problem = try test.problem("policy p { score = \(score) }\ncompress p budget=8 | run sharegpt n=2 max=4")
        .problem
      #expect(problem.code == code)
      #expect(problem.seen.hasPrefix(seen), "\(problem.seen)")
      #expect(problem.span?.source.text(in: 0..<8) == "policy p")
    }
    // The baseline ran first, so its rows are there: the same line without the policy returns at once.
    _ = test.progress.taken()
    #expect(try test.table("run sharegpt n=2 max=4").rowCount == 2)
    #expect(test.progress.taken().isEmpty)
  }

  @Test(
    "what cannot be a policy, or a parameter of one, is found before anything runs",
    arguments: [
      ("policy kivi { score = K }", "K070", "`kivi` is a method of kvsh"),
      ("policy p(budget=3) { score = K }", "K070", "every policy has a parameter `budget` already"),
      ("policy p(a=\"x\") { score = K }", "K070", "the default of `a` is a string"),
      ("policy p { score = K }\ncompress p budget=0", "K303", "p: budget=0"),
      ("policy p { score = K }\ncompress p b=1", "K014", "`compress p` has no parameter `b`"),
      ("policy p { score = attn_window }\ncompress p every=4", "K304", "p: every=4 with attn_window"),
      ("policy p(a) { score = K * a }\ncompress p", "K304", "p: a is not given"),
      ("policy p { score = norm(K, axis=-1) }\ncompress p budget=20 recent=30", "K304", "p: budget=20 leaves nothing"),
    ])
  func refused(text: String, code: String, seen: String) throws {
    let problem = try CommandSession(hasModel: false).problem(text).problem
    #expect(problem.code == code)
    #expect(problem.seen.hasPrefix(seen), "\(problem.seen)")
  }

  @Test("a policy is swept, composed, listed, explained and completed like a method")
  func everywhere() throws {
    let test = try CommandSession(hasModel: false)
    let text = "# Small keys stay.\npolicy zeal(a=1) { score = -norm(K, axis=-1) * a }\n"
    let swept = try #require(try test.run(text + "compress zeal budget=[10, 20%] a=[1, 0.5]").configurations)
    #expect(
      swept.map(\.label) == [
        "zeal budget=10 a=1", "zeal budget=10 a=0.5", "zeal budget=20% a=1", "zeal budget=20% a=0.5",
      ])
    #expect(swept[0].specification.contains("score = -norm(K, axis=-1) * a"))
    #expect(try test.run("compress zeal | compress kivi bits=4").configurations?.first?.label == "zeal | kivi bits=4")
    #expect(try test.run("[zeal(budget=9), kivi]").configurations?.count == 2)
    #expect(try test.problem("compress zeal | compress h2o").problem.code == "K306")
    #expect(try test.table("compressors | where name == \"zeal\"").strings("summary") == ["Small keys stay."])
    _ = test.printed()
    try test.run("help zeal")
    let help = test.printed().joined(separator: "\n")
    for part in ["Small keys stay.", "score = -norm(K, axis=-1) * a", "budget", "Of the policy"] {
      #expect(help.contains(part))
    }
    let completer = Completer(context: test.session.context)
    #expect(completer.completions("compress zea", at: 12).map(\.text) == ["zeal"])
    #expect(completer.completions("compress zeal a", at: 15).map(\.text) == ["a="])
  }
}
