import Foundation
import Testing

@testable import Runtime

extension RealModelTests {
  /// The measurements on SmolLM2: shapes, counts and bounds, never times.
  struct MeasureTests {
    @Test("timed work counts tokens and bytes alike in every round")
    func work() throws {
      let engine = try EngineTrial(SharedModel.get(.mixed)).engine()
      let kivi = try Compressor.of("kivi", ["bits": 2, "residual": 32])
      for _ in 0..<2 {
        let prefill = try engine.time(.prefill(tokens: 40, batch: 2))
        #expect(prefill.tokens == 80 && prefill.cacheBytes.payload == 80 * 23_040 && prefill.readBytesPerStep == 0)
        let decode = try engine.time(.decode(depth: 40, batch: 2, steps: 3))
        // Two steps come before those that are timed; a step reads what is there when it attends, its own token included.
        #expect(decode.tokens == 6 && decode.cacheBytes.payload == 2 * 45 * 23_040)
        #expect(decode.readBytesPerStep == 2 * 44 * 23_040)
        #expect(decode.seconds > 0 && prefill.tokensPerSecond > 0)
        #expect(
          try engine.time(.decode(depth: 40, batch: 2, steps: 3), kivi).readBytesPerStep < decode.readBytesPerStep)
      }
      #expect(try engine.time(.decode(depth: 0, batch: 1, steps: 1)).cacheBytes.payload == 4 * 23_040)
      for work in [TimedWork.prefill(tokens: 8_193, batch: 1), .decode(depth: 8_190, batch: 1, steps: 1)] {
        #expect { try engine.time(work) } throws: { ($0 as? RuntimeProblem)?.code == "K603" }
      }
    }

    @Test("requests that are served together count tokens, arrivals and bytes")
    func requests() throws {
      let engine = try EngineTrial(SharedModel.get(.mixed)).engine()
      let run = try engine.time(.requests(prompt: 32, batch: 2, new: 4))
      #expect(run.requests.map(\.outputTokens) == [4, 4] && run.requests.map(\.promptTokens) == [32, 32])
      for request in run.requests { #expect(zip(request.chunks, request.chunks.dropFirst()).allSatisfy { $0 <= $1 }) }
      // The last of the new tokens is not fed: caches hold 35 tokens, and steps read 33, 34 and 35.
      #expect(run.cacheBytes.payload == 2 * 35 * 23_040 && run.readBytesPerStep == 2 * 34 * 23_040)
      #expect(run.forwardSeconds.count == 3 && run.tokens == 72)
      let other = engine.withThreads(1)
      #expect(other.threads == 1 && engine.withThreads(engine.threads) === engine)
      let question = SpeedQuestion.decode(depth: 32, batch: 2, steps: 3, style: .trl)
      let call = try other.timeRound(of: question)
      #expect(call.firstTokenSeconds != nil && call.readBytesPerStep == run.readBytesPerStep)
    }

    @Test(
      "a process occupies little more than what is counted: 32 sequences of 1,024 tokens at 2 bits stay below 450 MB")
    func resident() throws {
      let model = try SharedModel.get(.mixed)
      let engine = try EngineTrial(model).engine()
      let run = try engine.memory(tokens: 1_024, batch: 8, steps: 4, .of("kivi", ["bits": 2]))
      let process = try #require(run.processBytes)
      let text = "counted \(run.peakBytes), process \(process), weights \(model.weightBytes)"
      print("8 sequences of 1,024 tokens, kivi bits=2: \(text)")
      // Working memory of 1,020 rows is 40 MB; pages that are not full and growth are a sixth of what is counted.
      #expect(process < run.peakBytes * 7 / 6 + 55_000_000, "\(text)")
      #expect(process > run.peakBytes * 9 / 10, "\(text)")
      #expect(4 * run.peakBytes * 7 / 6 + 55_000_000 + model.weightBytes < 450_000_000, "\(text)")
      #expect(run.uncompressedBytes == 8 * 1_024 * 23_040)
    }

    private struct Talk: Decodable {
      struct Turn: Decodable { let value: String }
      let conversations: [Turn]
    }

    @Test("the default path's perplexity on 20 thousand tokens is within half a percent of single precision's")
    func perplexity() throws {
      let tokenizer = try Tokenizer(SmolLM2.file())
      let file = URL(fileURLWithPath: try BundledSample.path(home: nil))
      let talks = try JSONDecoder().decode([Talk].self, from: Data(contentsOf: file))
      let turns = talks.flatMap { $0.conversations.map(\.value) }.joined(separator: "\n\n")
      let text = Array(tokenizer.encode(String(turns.prefix(120_000)), parseSpecial: false).prefix(20_481))
      #expect(text.count == 20_481)
      let perplexities = try Model.Precision.allCases.map { precision in
        let engine = try EngineTrial(SharedModel.get(precision)).engine()
        let run = try engine.perplexity(of: text, window: 2_048, stride: 2_048)
        #expect(run.scored == 20_470)
        return exp(try run.meanLogLoss().value)
      }
      let (mixed, single) = (perplexities[0], perplexities[1])
      print("perplexity on 20,470 tokens: default \(mixed), precision=f32 \(single), ratio \(mixed / single)")
      #expect(abs(mixed / single - 1) < 0.005)
    }
  }
}
