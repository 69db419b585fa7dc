import Foundation
import Testing

@testable import Runtime

@Suite("damaged ShareGPT files") struct ShareGPTFuzzTests {
  private static let sample = Array(
    """
    [{"id":"a_0","conversations":[{"from":"human","value":"Caf\\u00e9 \\ud83d\\ude00 \\"naïve\\" 你好"},
    {"from":"gpt","value":"Line\\nline — 😀 and a tail"},{"from":"human","value":"x"}],"extra":[1,-2.5e3,{"k":null}]},
     {"id":7,"conversations":[{"value":"only"}]} , {"x":true},
     {"conversations":[{"value":"second prompt"},{"value":"second answer"}]}]
    """.utf8)

  @Test("cut at any byte, the file is one error and says so")
  func cuts() {
    for length in Self.sample.indices {
      let cut = Array(Self.sample.prefix(length))
      let problem = #expect(throws: RuntimeProblem.self, "cut at \(length)") { try ShareGPTFile(cut, name: "cut.json") }
      #expect(["K403", "K405"].contains(problem?.code ?? ""), "cut at \(length): \(problem?.description ?? "")")
    }
  }

  /// Foundation's parser is the other opinion on what is JSON. It lets a comma stand before a closing bracket, which the
  /// grammar does not.
  @Test(
    "with bytes changed, every text can be asked for, and what is refused as JSON is no JSON",
    arguments: 0..<8 as Range<UInt64>)
  func flips(seed: UInt64) {
    var generator = PythonRandom(seed: seed)
    var read = 0
    for _ in 0..<2_000 {
      var bytes = Self.sample
      for _ in 0...generator.below(3) {
        let at = generator.below(bytes.count)
        switch generator.below(3) {
        case 0: bytes[at] = UInt8(generator.below(256))
        case 1: bytes.remove(at: at)
        default: bytes.insert(Array("[]{}\",:\\u0d8".utf8)[generator.below(12)], at: at)
        }
      }
      do {
        let file = try ShareGPTFile(bytes, name: "flipped.json")
        read += 1
        let isJSON = (try? JSONSerialization.jsonObject(with: Data(bytes))) != nil
        #expect(isJSON || file.loneSurrogates > 0, "accepted: \(String(decoding: bytes, as: UTF8.self))")
        for conversation in file.conversations + file.loneTurns {
          #expect(!file.id(conversation).isEmpty || conversation.id?.isEmpty == true)
          #expect(file.prompt(conversation).utf8.count + (file.reference(conversation)?.utf8.count ?? 0) < 500)
        }
      } catch let problem as RuntimeProblem {
        #expect(problem.seen.hasPrefix("flipped.json: "))
        if problem.code == "K403" && !Self.hasTrailingComma(bytes) {
          let other = try? JSONSerialization.jsonObject(with: Data(bytes))
          #expect(other == nil, "\(problem.description) in \(String(decoding: bytes, as: UTF8.self))")
        }
      } catch {
        Issue.record("\(error)")
      }
    }
    #expect(read > 100)
  }

  private static func hasTrailingComma(_ bytes: [UInt8]) -> Bool {
    let dense = bytes.filter { !" \n\r\t".utf8.contains($0) }
    return zip(dense, dense.dropFirst()).contains { $0 == UInt8(ascii: ",") && ($1 == 0x5d || $1 == 0x7d) }
  }

  @Test("texts are those of Foundation's parser")
  func agreesWithFoundation() throws {
    let file = try ShareGPTFile(Self.sample, name: "sample.json")
    let other = try JSONSerialization.jsonObject(with: Data(Self.sample)) as? [[String: Any]]
    for conversation in file.conversations {
      let turns = other?[conversation.record - 1]["conversations"] as? [[String: Any]]
      #expect(turns?[0]["value"] as? String == file.prompt(conversation))
      #expect(turns?[1]["value"] as? String == file.reference(conversation))
    }
    #expect(file.conversations.map(\.record) == [1, 4])
  }
}
