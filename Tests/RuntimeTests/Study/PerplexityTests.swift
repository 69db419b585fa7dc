import Foundation
import Testing

@testable import Runtime

/// Windows of a text, and that every way of feeding it scores the same tokens alike.
struct PerplexityTests {
  @Test(
    "every token is scored once at most, with the context that was asked for",
    arguments: [(2, 2, 1), (10, 4, 2), (11, 4, 4), (100, 16, 3), (5, 8, 8), (17, 16, 16), (33, 32, 1), (9, 4, 3)])
  func windows(_ row: (count: Int, window: Int, stride: Int)) {
    let windows = PerplexityWindows(count: row.count, window: row.window, stride: row.stride).windows
    // Without overlap the first token of a window has nothing before it.
    let unforetold = Set(row.stride == row.window ? Array(stride(from: 0, to: row.count, by: row.window)) : [0])
    #expect(windows.flatMap { Array($0.scored) } == (0..<row.count).filter { !unforetold.contains($0) })
    for (index, window) in windows.enumerated() {
      #expect(window.tokens.count <= row.window)
      #expect(window.scored.upperBound == window.tokens.upperBound)
      let context = window.scored.lowerBound - window.tokens.lowerBound
      #expect(context >= (index == 0 ? 1 : max(1, row.window - row.stride)))
    }
  }

  private func engine(chunk: Int = 2_048) throws -> (engine: BatchEngine, text: [Int32], tiny: TinyModel) {
    let tiny = TinyModel()
    let trial = try EngineTrial(try tiny.model(), threads: 1)
    return (trial.engine(chunkTokens: chunk), tiny.text(60), tiny)
  }

  @Test("losses are those of the logits, whatever the chunks")
  func losses() throws {
    let (engine, text, tiny) = try engine()
    let trial = try EngineTrial(try tiny.model(), threads: 1)
    let logits = try trial.logits([text[0]], then: Array(text[1..<20]))
    var expected = 0.0
    for (row, next) in zip(logits, text[1..<20]) {
      let top = Double(row.max() ?? 0)
      expected += top + log(row.reduce(0.0) { $0 + exp(Double($1) - top) }) - Double(row[Int(next)])
    }
    let run = try engine.perplexity(of: Array(text.prefix(20)), window: 20, stride: 20)
    #expect(run.scored == 19)
    #expect(abs(try run.meanLogLoss().value - expected / 19) < 1e-4)
    let chunked = try self.engine(chunk: 16).engine
    #expect(
      try chunked.perplexity(of: Array(text.prefix(40)), window: 40, stride: 40).windowMeans
        == engine.perplexity(of: Array(text.prefix(40)), window: 40, stride: 40).windowMeans)
  }

  @Test("steps score what one prompt scores; a method that keeps everything changes no bit; one that does not, does")
  func feeding() throws {
    let (engine, text, _) = try engine()
    func run(_ compressor: Compressor, _ feeding: BatchEngine.Feeding, batch: Int = 3) throws -> PerplexityRun {
      try engine.perplexity(of: text, window: 24, stride: 8, compressor, feeding: feeding, batch: batch)
    }
    let prompt = try run(.none, .prompt)
    let steps = try run(.none, .steps)
    #expect(prompt.scored == 59 && steps.scored == 59)
    #expect(abs(try prompt.meanLogLoss().value - steps.meanLogLoss().value) < 1e-4)
    #expect(try run(.none, .steps, batch: 1).windowMeans == steps.windowMeans)
    #expect(try run(.of("h2o", ["budget": 512]), .steps).windowMeans == steps.windowMeans)
    #expect(try run(.of("h2o", ["budget": 4]), .steps).windowMeans != steps.windowMeans)
    #expect(try steps.meanLogLoss().low != nil)
  }

  @Test("what cannot be scored is one problem")
  func problems() throws {
    let (engine, text, tiny) = try engine()
    for (text, window, stride) in [
      (text, 1, 1), (text, 1 << 20, 1), (text, 8, 9), (text, 8, 0), ([text[0]], 8, 8), ([], 8, 8),
    ] {
      #expect { try engine.perplexity(of: text, window: window, stride: stride) } throws: {
        ($0 as? RuntimeProblem)?.code == "K608"
      }
    }
    #expect(throws: RuntimeProblem.self) {
      try engine.perplexity(of: [0, Int32(tiny.vocabulary)], window: 8, stride: 8)
    }
  }
}
