import Foundation
import Testing

@testable import Runtime

/// The classifier of task types, on prompts whose words are known.
@Suite("Task types") struct TaskStudyTests {
  /// Prompts of two types and four tasks; every word of a type is its own, and every task has words that no other has.
  private static func samples(_ count: Int = 12, noise: Bool = false) -> [TaskStudy.Sample] {
    let words = ["code": ["def", "return", "import"], "QA": ["who", "where", "answer"]]
    return words.sorted { $0.key < $1.key }.flatMap { type, own in
      ["a", "b"].flatMap { task in
        (0..<count).map { place in
          let text = own.map { "\($0) \(type)\(task) item\(place)x \(noise ? "" : $0)" }.joined(separator: " ")
          return TaskStudy.Sample(
            task: "\(type)-\(task)", type: type, template: "Task \(type): \(text)", bare: text)
        }
      }
    }
  }

  /// Not a digest, but as spread as one.
  static func digest(_ text: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hash = (hash ^ hash >> 29) &* 0xbf58_476d_1ce4_e5b9
    hash ^= hash >> 32
    let text = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }

  private static func code(_ work: () throws -> Void) -> String? {
    do { try work() } catch { return (error as? RuntimeProblem)?.code }
    return nil
  }

  @Test("types whose words differ are told apart on prompts and on tasks that were not seen")
  func separable() throws {
    let classifier = try TaskStudy(Self.samples(), sha256: Self.digest).classifier
    #expect(classifier.types == ["QA", "code"] && classifier.requests == 48 && classifier.isSound)
    for form in TaskScore.Form.allCases {
      for unseen in TaskScore.Unseen.allCases {
        let score = try #require(
          classifier.scores.first { $0.form == form && $0.unseen == unseen && $0.type == nil })
        #expect(score.count == 48 && score.right == 48 && score.baseline == 0.5, "\(form) \(unseen)")
        #expect(score.takenFor == ["QA": 24, "code": 24])
      }
    }
    #expect(classifier.types(of: ["who is it, where, answer", "def f: return import"]) == ["QA", "code"])
    for shares in classifier.shares(["who", ""]) { #expect(abs(shares.reduce(0, +) - 1) < 1e-12) }
  }

  @Test("labels that say nothing about the text are told no better than by chance, so nothing leaks into the judgement")
  func chance() throws {
    var samples = Self.samples(20)
    for place in samples.indices {
      // A label by another hash than the folds'.
      samples[place].type = Self.digest("label\(place)").hasSuffix("0") || place % 2 == 0 ? "QA" : "code"
      samples[place].task = "one-\(samples[place].type)"
      samples[place].template = "item \(place)"
      samples[place].bare = "thing \(place) of many"
    }
    let scores = try TaskStudy(samples, sha256: Self.digest).classifier.scores
    let all = try #require(scores.first { $0.form == .bare && $0.unseen == .prompts && $0.type == nil })
    #expect(all.count == 80 && all.accuracy < 0.65)
    // The only task of a type cannot be told without it.
    #expect(scores.allSatisfy { $0.unseen == .prompts })
  }

  @Test("a prompt that comes twice counts once, and all of a task are on one side")
  func sides() throws {
    let samples = Self.samples()
    let study = try TaskStudy(samples + samples.prefix(5), sha256: Self.digest)
    #expect(study.repeated == 5 && study.classifier.requests == 48)
    let folds = TaskStudy.foldsOfTasks(samples)
    for task in Set(samples.map(\.task)) {
      #expect(Set(zip(samples, folds).filter { $0.0.task == task }.map { $0.1 }).count == 1)
    }
    // Both tasks of a type are never left out together.
    #expect(Set(folds.compactMap { $0 }).count == 2)
  }

  @Test("too few prompts of a type, and one type alone, are refused with what there is")
  func few() {
    #expect(Self.code { _ = try TaskStudy(Self.samples(2), sha256: Self.digest) } == "K660")
    let one = Self.samples().filter { $0.type == "QA" }
    #expect(Self.code { _ = try TaskStudy(one, sha256: Self.digest) } == "K660")
    #expect(Self.code { _ = try TaskStudy([], sha256: Self.digest) } == "K660")
  }

  @Test("a classifier is read as it was written, and one whose parts do not fit is not sound")
  func stored() throws {
    let classifier = try TaskStudy(Self.samples(), sha256: Self.digest).classifier
    let text = String(decoding: try JSONEncoder().encode(classifier), as: UTF8.self)
    func read(_ text: String) throws -> TaskClassifier {
      try JSONDecoder().decode(TaskClassifier.self, from: Data(text.utf8))
    }
    #expect(try read(text) == classifier)
    #expect(try !read(text.replacing("[\"QA\",\"code\"]", with: "[\"QA\",\"code\",\"few-shot\"]")).isSound)
  }

  @Test("words of both ends count, the middle of a long prompt does not, and Chinese is read by characters")
  func features() {
    let middle = String(repeating: "filler ", count: 1_000)
    let (a, b) = ("start one " + middle + "end", "start one " + middle + "word " + middle + "end")
    #expect(
      TaskFeatures.row(a).prefix(2 * TaskFeatures.buckets) == TaskFeatures.row(b).prefix(2 * TaskFeatures.buckets))
    #expect(TaskFeatures.row("one two") != TaskFeatures.row("one three"))
    let first = TaskFeatures.hashed(Array("请回答问题".unicodeScalars)[...])
    #expect(first.count { $0 > 0 } > 5)
    for text in ["", " ", "\u{0}\n\n", "?"] {
      let row = TaskFeatures.row(text)
      #expect(row.count == TaskFeatures.width && row.allSatisfy(\.isFinite))
    }
  }
}
