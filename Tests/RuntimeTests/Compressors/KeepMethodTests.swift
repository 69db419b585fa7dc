import KernelABI
import Testing

@testable import Runtime

/// What leaves, token by token, of the methods that keep by score.
struct KeepMethodTests {
  // Sheet tova, checks 1 and 3.
  @Test("tova drops what the mean over all heads weighs least, the newest too, and all heads keep one set")
  func tova() throws {
    for (budget, expected) in [(3, [0, 1, 2]), (2, [0, 2])] {
      let trial = LayerTrial(try .of("tova", ["budget": budget]), kvHeads: 2)
      trial.prefill(budget)
      for _ in 0..<4 - budget { trial.append(1) }
      trial.cache.observeStep(head: 0, weights: [0.5, 0.1, 0.3, 0.1], count: 4)
      trial.cache.observeStep(head: 1, weights: [0.1, 0.2, 0.6, 0.1], count: 4)
      try trial.cache.finishStep()
      #expect(trial.positions(head: 0) == expected && trial.positions(head: 1) == expected)
      #expect(trial.cache.store.count(head: 0) == budget && trial.cache.store.count(head: 1) == budget)
    }
  }

  @Test("pin_last keeps the newest token of every step")
  func pinned() throws {
    let trial = LayerTrial(try .of("tova", ["budget": 3]).pinned, kvHeads: 1)
    trial.prefill(3)
    for step in 0..<5 {
      trial.step { position in position == 3 + step ? 0 : 1 }
      #expect(trial.positions().count == 3 && trial.positions().last == 3 + step)
    }
  }

  // Sheet knorm: nothing below min_len, nothing in skipped layers.
  @Test("knorm leaves short caches and its first layers alone")
  func knormLimits() throws {
    func kept(_ given: [String: Int], _ tokens: Int) throws -> Int {
      let trial = LayerTrial(try .of("knorm", given))
      trial.prefill(tokens)
      return trial.positions().count
    }
    #expect(try kept(["skip": 0, "least": 20, "budget": 5], 19) == 19)
    #expect(try kept(["skip": 0, "least": 20, "budget": 5], 20) == 5)
    #expect(try kept(["skip": 1, "least": 0, "budget": 5], 40) == 40)
    #expect(try kept(["skip": 0, "least": 0, "budget": 5, "recent": 4], 40) == 5)
  }

  @Test("ties break by position, sinks and windows stay, and the budget is met exactly", arguments: [9, 16, 40])
  func ties(_ tokens: Int) throws {
    // Equal keys: every score is the same.
    let trial = LayerTrial(try .of("keep", ["budget": 8, "sink": 2, "recent": 3], words: ["score": "knorm"]))
    trial.prefill(tokens)
    #expect(trial.positions() == Array(0..<5) + Array(tokens - 3..<tokens))
  }

  @Test("an interval cuts back to the budget every so many steps, and not between", arguments: [1, 4])
  func interval(_ steps: Int) throws {
    let trial = LayerTrial(
      try .of("keep", ["budget": 10, "every": steps], words: ["score": "keydiff"]))
    trial.prefill(30)
    #expect(trial.positions().count == 10)
    for step in 1...12 {
      trial.step()
      #expect(trial.positions().count == 10 + step % steps)
    }
  }

  // Sheet corm, checks 1 and 2.
  @Test("corm drops what no recent query found worth an even share, once its window is full")
  func corm() throws {
    let trial = LayerTrial(try .of("corm", ["window": 3, "recent": 1]), kvHeads: 1)
    trial.prefill(3)
    let rows: [[Float]] = [
      [0.5, 0.1, 0.1, 0.3], [0.4, 0.05, 0.25, 0.1, 0.2], [0.3, 0.05, 0.3, 0.05, 0.1, 0.2],
    ]
    for (step, row) in rows.enumerated() {
      trial.step { row[$0] }
      #expect(trial.positions() == (step < 2 ? Array(0..<4 + step) : [0, 2, 3, 4, 5]))
    }
  }

  // Sheet corm, check 4.
  @Test("corm keeps everything under even attention")
  func cormEven() throws {
    let trial = LayerTrial(try .of("corm", ["window": 4, "recent": 0]), kvHeads: 2)
    trial.prefill(5)
    for step in 0..<20 { trial.step { _ in 1 / Float(6 + step) } }
    #expect(trial.positions(head: 1).count == 25)
  }

  // Sheet corm, Memory: marks are window / 8 bytes a slot, positions 4.
  @Test("corm's marks are counted")
  func cormBytes() throws {
    let trial = LayerTrial(try .of("corm", ["window": 256, "recent": 256]))
    trial.prefill(100)
    #expect(trial.cache.bytes.counted == 100 * 876)
  }

  @Test("corm's cap drops the least marked first")
  func cormCap() throws {
    let trial = LayerTrial(try .of("corm", ["window": 2, "recent": 1, "budget": 3]), kvHeads: 1)
    trial.prefill(3)
    trial.step { [0.9, 0.9, 0.0, 0.1][$0] }
    trial.step { [0.9, 0.0, 0.9, 0.9, 0.1][$0] }
    // Marks: 0 twice, 1, 2 and 3 once; the newest is protected.
    #expect(trial.positions() == [0, 1, 4])
  }

  @Test("bytes after the prompt are the sheets' formulas", arguments: [64, 512])
  func bytes(_ budget: Int) throws {
    // Sheets snapkv, tova, knorm: 768 bytes a token at 3 heads of 64, and 4 a position table and token.
    let snapkv = LayerTrial(try .of("snapkv", ["budget": budget]))
    snapkv.prefill(1000)
    #expect(snapkv.cache.bytes.payload == budget * 768 && snapkv.cache.bytes.counted == budget * (768 + 12))
    let tova = LayerTrial(try .of("tova", ["budget": budget]))
    tova.prefill(1000)
    #expect(tova.cache.bytes.counted == budget * (768 + 4))
    let knorm = LayerTrial(try .of("knorm", ["budget": budget, "skip": 0, "least": 0]))
    knorm.prefill(1000)
    #expect(knorm.cache.bytes.counted == budget * (768 + 12))
  }
}

extension Compressor {
  fileprivate var pinned: Compressor {
    get throws { try Compressor("tova", ["budget": .int(3), "pin_last": .bool(true)]) }
  }
}
