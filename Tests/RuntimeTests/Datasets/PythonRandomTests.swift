import Testing

@testable import Runtime

/// Golden values: CPython 3, `r = random.Random(seed)` and then what each test names.
@Suite("Python's generator") struct PythonRandomTests {
  @Test("the first outputs of seed 0 are CPython's")
  func firstOutputs() {
    var generator = PythonRandom(seed: 0)
    #expect(
      (0..<5).map { _ in generator.nextWord() } == [
        3_626_764_237, 1_654_615_998, 3_255_389_356, 3_823_568_514, 1_806_341_205,
      ])
  }

  @Test(
    "a shuffle of 0..9 and the two outputs after it are CPython's, for seeds of one and two words",
    arguments: [
      (0, [7, 8, 1, 5, 3, 4, 2, 0, 9, 6], [1_537_810_351, 2_505_606_783]),
      (42, [7, 3, 2, 8, 5, 6, 9, 4, 0, 1], [2_536_146_025, 1_812_140_441]),
      (4_294_967_295, [0, 7, 1, 5, 2, 6, 4, 8, 3, 9], [1_525_079_338, 3_854_456_112]),
      (4_294_967_296, [8, 9, 3, 2, 4, 7, 0, 6, 5, 1], [60_122_280, 593_069_562]),
      (9_223_372_036_854_775_813, [6, 8, 3, 1, 9, 0, 4, 7, 2, 5], [515_564_807, 1_040_163_335]),
    ] as [(UInt64, [Int], [UInt32])])
  func shuffles(seed: UInt64, order: [Int], after: [UInt32]) {
    var generator = PythonRandom(seed: seed)
    var list = Array(0..<10)
    generator.shuffle(&list)
    #expect(list == order)
    #expect([generator.nextWord(), generator.nextWord()] == after)
  }

  @Test("a shuffle of 100 and one as long as the real file are CPython's")
  func longShuffles() {
    var hundred = Array(0..<100)
    var generator = PythonRandom(seed: 0)
    generator.shuffle(&hundred)
    #expect(hundred == ShareGPTGolden.shuffled100)

    var all = Array(0..<94_145)
    generator = PythonRandom(seed: 0)
    generator.shuffle(&all)
    #expect(Array(all.prefix(5)) == [35774, 9897, 49889, 90736, 23354])
    #expect(Array(all.suffix(5)) == [67013, 33936, 5306, 55125, 50494])
  }

  @Test("random(), choice and choices draw as CPython does")
  func draws() {
    var generator = PythonRandom(seed: 7)
    #expect(
      (0..<3).map { _ in generator.nextUnit() } == [0.32383276483316237, 0.15084917392450192, 0.6509344730398537])
    generator = PythonRandom(seed: 0)
    #expect(generator.choices(count: 10, draws: 12) == [8, 7, 4, 2, 5, 4, 7, 3, 4, 5, 9, 5])
    generator = PythonRandom(seed: 0)
    #expect((0..<12).map { _ in generator.choice(count: 5) } == [3, 3, 0, 2, 4, 3, 3, 2, 3, 2, 4, 1])
  }

  @Test("randbelow handles bounds wider than a word, a bound of one and no bound at all")
  func below() {
    var generator = PythonRandom(seed: 3)
    let wide = (0..<4).map { _ in generator.below(1_000_000_000_000) }
    #expect(wide == [649_562_111_997, 144_071_367_498, 522_284_859_645, 638_342_608_038])
    #expect([generator.below(1), generator.below(1)] == [0, 0])
    #expect(generator.below(1 << 62) == 2_392_118_536_154_618_968)
    #expect(generator.below(0) == 0 && generator.below(-3) == 0)
    #expect(generator.choice(count: 0) == nil && generator.choices(count: 0, draws: 3).isEmpty)
  }
}
