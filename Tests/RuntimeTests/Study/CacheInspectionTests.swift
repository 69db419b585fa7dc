import Testing

@testable import Runtime

/// What is said of a cache is what it holds, and the reasons are those of the method.
struct CacheInspectionTests {
  private func inspect(
    _ compressor: Compressor, prompt: Int = 40, follow: Int = 0
  ) throws -> (inspection: CacheInspection, tiny: TinyModel) {
    let tiny = TinyModel()
    let engine = try EngineTrial(try tiny.model()).engine()
    return (try engine.inspect(tiny.text(prompt), follow: follow, compressor), tiny)
  }

  @Test("uncompressed, every token is there in the cache's own precision because nothing had to leave")
  func uncompressed() throws {
    let (inspection, tiny) = try inspect(.none)
    #expect(inspection.heads.count == tiny.layers * tiny.kvHeads)
    for head in inspection.heads {
      #expect(head.tokens.count == 40 && head.kept == 40)
      #expect(head.tokens.allSatisfy { $0.bits == StoredBits(key: 32, value: 32) && $0.reason == .fits })
    }
    #expect(inspection.heads.reduce(0) { $0 + $1.heldBytes } <= inspection.bytes.held)
    #expect(inspection.keptShare(position: 7) == 1)
  }

  @Test("sinks and window are told apart, and what lies between them is dropped")
  func sinks() throws {
    let compressor = try Compressor.of("streamingllm", ["sink": 3, "recent": 5], words: ["variant": "prefill"])
    for head in try inspect(compressor).inspection.heads {
      #expect(head.tokens.indices.filter { head.tokens[$0].reason == .sink } == [0, 1, 2])
      #expect(head.tokens.indices.filter { head.tokens[$0].reason == .window } == Array(35..<40))
      #expect(head.tokens[3..<35].allSatisfy { $0.reason == .dropped && $0.bits == nil && $0.rank == nil })
    }
  }

  @Test("tokens behind the prompt are new where nothing leaves any more, in the window where the oldest leaves")
  func following() throws {
    let once = try Compressor.of("streamingllm", ["sink": 3, "recent": 5], words: ["variant": "prefill"])
    for head in try inspect(once, follow: 4).inspection.heads {
      #expect(head.tokens.count == 44)
      #expect(head.tokens.indices.filter { head.tokens[$0].reason == .new } == Array(40..<44))
      #expect(head.tokens.indices.filter { head.tokens[$0].reason == .window } == Array(35..<40))
    }
    let always = try Compressor.of("streamingllm", ["sink": 3, "recent": 5])
    for head in try inspect(always, follow: 4).inspection.heads {
      #expect(head.tokens.indices.filter { head.tokens[$0].reason == .window } == Array(39..<44))
      #expect(head.kept == 8)
    }
  }

  @Test("ranks follow scores: what is kept for its score outranks what was dropped", arguments: ["prefill", "decode"])
  func ranks(variant: String) throws {
    let given = ["heavy": 6, "recent": 4]
    for head in try inspect(Compressor.of("h2o", given, words: ["variant": variant])).inspection.heads {
      let ranked = head.tokens.filter { $0.rank != nil }
      #expect(ranked.count == 36)
      #expect(ranked.compactMap(\.rank).sorted() == Array(1...36))
      for token in ranked {
        #expect((token.reason == .score) == ((token.rank ?? 0) <= 6))
        #expect((token.reason == .dropped) == ((token.rank ?? 0) > 6))
      }
      let sorted = ranked.sorted { ($0.rank ?? 0) < ($1.rank ?? 0) }.compactMap(\.score)
      #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0 >= $1 })
      #expect(head.tokens[36...].allSatisfy { $0.reason == .window })
    }
  }

  @Test(
    "a codec's packed tokens have its bits and the rest is exact",
    arguments: [("kivi", ["bits": 2, "group": 32, "residual": 32]), ("gear", ["bits": 4])] as [(String, [String: Int])])
  func bits(name: String, given: [String: Int]) throws {
    let bits = Double(given["bits"] ?? 0)
    let (inspection, _) = try inspect(Compressor.of(name, given), prompt: 70)
    for head in inspection.heads {
      let keys = head.tokens.compactMap(\.bits?.key)
      #expect(keys.count == 70 && Set(keys).isSubset(of: [bits, 32]) && keys.first == bits)
      // Packed tokens come first.
      #expect(zip(keys, keys.dropFirst()).allSatisfy { $0 <= $1 })
    }
    // Payload is what the bits say, of keys and values together.
    let tiny = TinyModel()
    let payload = inspection.heads.reduce(0.0) { total, head in
      total
        + head.tokens.compactMap(\.bits).reduce(0.0) {
          $0 + (($1.key < 32 ? $1.key : 0) + ($1.value < 32 ? $1.value : 0)) * Double(tiny.headDim) / 8
        }
    }
    #expect(Double(inspection.bytes.payload) >= payload && Double(inspection.bytes.payload) < payload + 4_096)
  }

  @Test("a text that does not fit is one problem")
  func problems() throws {
    for (prompt, follow) in [(0, 0), (4, 1 << 20)] {
      #expect {
        try inspect(.none, prompt: prompt, follow: follow)
      } throws: {
        ($0 as? RuntimeProblem)?.code == "K603"
      }
    }
  }
}
