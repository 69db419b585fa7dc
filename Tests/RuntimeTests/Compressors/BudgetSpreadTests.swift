import Testing

@testable import Runtime

/// Budgets over layers and heads: the worked numbers of the sheets' Checks.
struct BudgetSpreadTests {
  static func totals(_ budget: Int, window: Int = 8, prompt: Int, layers: Int, beta: Int = 20) -> [Int] {
    (0..<layers).map {
      LayerBudgets.pyramid(beta: beta).tokens(
        budget: budget, window: window, prompt: prompt, layer: $0, layers: layers)
    }
  }

  // Sheet pyramidkv, checks 1 and 2.
  @Test("a pyramid's layers keep what the authors' code keeps")
  func pyramid() {
    let thirtyTwo = Self.totals(128, prompt: 4096, layers: 32)
    #expect(Array(thirtyTwo.prefix(3)) == [242, 235, 228] && thirtyTwo.last == 25)
    #expect(thirtyTwo.reduce(0, +) == 4272)
    let thirty = Self.totals(128, prompt: 4096, layers: 30)
    #expect(thirty.first == 242 && thirty.last == 39 && thirty.reduce(0, +) == 4215)
    let wide = Self.totals(512, prompt: 4096, layers: 30)
    #expect(Array(wide.prefix(3)) == [991, 958, 925] && wide.last == 34)
    #expect(zip(wide, wide.dropFirst()).allSatisfy { $0 >= $1 })
  }

  // Sheet pyramidkv, check 3.
  @Test("a prompt shorter than twice the base has a flat budget")
  func flat() {
    #expect(Self.totals(2048, prompt: 3000, layers: 32).allSatisfy { $0 == 2048 })
    #expect(Self.totals(128, prompt: 127, layers: 32).allSatisfy { $0 == 128 })
  }

  @Test("one layer, and a steep pyramid that would exceed the prompt, stay within it", arguments: [1, 2, 30])
  func bounds(_ layers: Int) {
    for prompt in [260, 300, 1000] {
      for total in Self.totals(128, prompt: prompt, layers: layers) { #expect(total >= 8 && total <= prompt) }
    }
  }

  /// How many tokens each head keeps.
  static func counts(_ rule: HeadBudgets, _ scores: [[Float]], base: Int, protected: Int = 0) -> [Int] {
    rule.counts(scores, budget: base + protected, protected: scores.map { _ in protected })
  }

  static let two: [[Float]] = [[0.9, 0.8, 0.7, 0.1], [0.3, 0.2, 0.1, 0.05]]

  // Sheet adakv, checks 1 and 2.
  @Test(
    "heads share a budget by their scores, mixed with an even share, rounded half to even",
    arguments: [(0.0, [3, 1]), (1.0, [2, 2]), (0.5, [2, 2]), (0.2, [2, 1])])
  func mixed(_ alpha: Double, _ expected: [Int]) {
    #expect(Self.counts(.mixed(alpha: alpha), Self.two, base: 2) == expected)
    #expect(Self.counts(.mixed(alpha: alpha), Self.two, base: 2, protected: 7) == expected)
  }

  // Sheet adakv, check 3: 15 and 5 of 20 winners, base 10, alpha .2.
  @Test("fifteen and five winners become fourteen and six")
  func mixedLarge() {
    func scores(winners: Int, from best: Float) -> [Float] {
      (0..<20).map { (index: Int) -> Float in index < winners ? best - Float(index) : -Float(index) }
    }
    let high = scores(winners: 15, from: 100)
    let low = scores(winners: 5, from: 50)
    #expect(Self.counts(.mixed(alpha: 0.2), [high, low], base: 10) == [14, 6])
  }

  @Test("every head is sure of its best alpha, and the rest goes to the layer's best")
  func guaranteed() {
    #expect(Self.counts(.guaranteed(alpha: 0), Self.two, base: 2) == [3, 1])
    #expect(Self.counts(.guaranteed(alpha: 1), Self.two, base: 2) == [2, 2])
    // A window of protected tokens counts towards what a head is sure of.
    #expect(Self.counts(.guaranteed(alpha: 0.5), Self.two, base: 2, protected: 2) == [3, 1])
    let skewed: [[Float]] = [[9, 8, 7, 6], [0.4, 0.3, 0.2, 0.1]]
    #expect(Self.counts(.guaranteed(alpha: 0.5), skewed, base: 2) == [3, 1])
    #expect(Self.counts(.guaranteed(alpha: 0), skewed, base: 2) == [4, 0])
  }

  // Sheet adakv, check 4, and its rounding drift.
  @Test("what is kept scores at least what an even spread keeps, and misses the budget by rounding only")
  func better() {
    var numbers = SeededNumbers(11)
    for _ in 0..<200 {
      let heads = Int.random(in: 1...5, using: &numbers)
      let scores = (0..<heads).map { _ in (0..<24).map { _ in Float.random(in: 0...1, using: &numbers) } }
      let base = Int.random(in: 1...20, using: &numbers)
      func sum(_ counts: [Int]) -> Float {
        zip(scores, counts).reduce(0) { $0 + $1.0.sorted(by: >).prefix($1.1).reduce(0, +) }
      }
      let free = Self.counts(.mixed(alpha: 0), scores, base: base)
      #expect(free.reduce(0, +) == heads * base)
      #expect(sum(free) >= sum(scores.map { _ in base }) - 1e-4)
      let mixed = Self.counts(.mixed(alpha: 0.2), scores, base: base)
      #expect(abs(Double(mixed.reduce(0, +) - heads * base)) <= 1.5 * Double(heads))
      #expect(mixed.allSatisfy { $0 >= Int(0.2 * Double(base)) })
      let sure = Self.counts(.guaranteed(alpha: 0.3), scores, base: base)
      #expect(sure.reduce(0, +) == heads * base && sure.allSatisfy { $0 >= Int(0.3 * Double(base)) })
    }
  }
}
