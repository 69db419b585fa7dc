import Testing

@testable import Runtime

/// The search for the length from which a configuration pays.
@Suite("Break-even search") struct BreakEvenSearchTests {
  @Test(
    "lengths double, the greatest included",
    arguments: [(256, 4_096, [256, 512, 1_024, 2_048, 4_096]), (100, 350, [100, 200, 350]), (7, 7, [7]), (9, 3, [9])])
  func doubled(least: Int, greatest: Int, expected: [Int]) {
    #expect(BreakEvenSearch(least: least, greatest: greatest).doubled == expected)
  }

  @Test("lengths at the ends of what a number holds do not overflow")
  func extreme() {
    let lengths = BreakEvenSearch(least: -5, greatest: .max).doubled
    #expect(lengths.first == 1 && lengths.last == .max && lengths.count < 70)
  }

  @Test(
    "a border is found to a tenth of its length, with few measurements", arguments: [300, 700, 1_000, 1_500, 4_000])
  func border(truth: Int) throws {
    var asked: [Int] = []
    let result = BreakEvenSearch(least: 256, greatest: 4_096).run { tokens in
      asked.append(tokens)
      return tokens >= truth ? .faster : .notDistinguishable
    }
    let (from, notAt) = (try #require(result.from), try #require(result.notAt))
    #expect(notAt < truth && truth <= from && Double(from - notAt) <= max(16, 0.1 * Double(from)))
    #expect(asked.count <= 9 && Set(asked).count == asked.count)
    #expect(result.verdicts.map(\.tokens) == asked.sorted())
  }

  @Test("everywhere faster: from the least on; nowhere: never, and nothing is halved")
  func ends() {
    let search = BreakEvenSearch(least: 256, greatest: 2_048)
    let always = search.run { _ in .faster }
    #expect(always.from == 256 && always.notAt == nil && always.verdicts.count == 4)
    let never = search.run { _ in .slower }
    #expect(never.from == nil && never.notAt == nil && never.verdicts.count == 4)
  }

  @Test("faster in the middle alone is not faster from there on")
  func middle() {
    let result = BreakEvenSearch(least: 256, greatest: 2_048).run { $0 == 512 ? .faster : .slower }
    #expect(result.from == nil && result.verdicts.count == 4)
    let twice = BreakEvenSearch(least: 256, greatest: 2_048).run { $0 == 512 || $0 > 1_500 ? .faster : .slower }
    #expect(twice.from.map { $0 > 1_024 } == true)
  }

  @Test("what cannot be measured ends the range, and what was measured still counts", arguments: 0...4)
  func ended(after: Int) {
    var asked = 0
    let result = BreakEvenSearch(least: 256, greatest: 4_096).run { _ -> SpeedVerdict? in
      asked += 1
      return asked > after ? nil : .faster
    }
    #expect(result.verdicts.count == after && result.from == (after > 0 ? 256 : nil))
  }
}
