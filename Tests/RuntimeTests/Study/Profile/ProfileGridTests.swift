import Testing

@testable import Runtime

/// Which places are visited, in which order, and which are kept back.
@Suite("Profile: grid") struct ProfileGridTests {
  @Test(
    "about every third place is kept back, none of them the first or last of its batch",
    arguments: [[1, 2, 4], [1, 2, 4, 8], [1, 2, 3, 4, 5]])
  func heldOut(batches: [Int]) throws {
    let grid = try ProfileGrid(batches: batches, lengths: (1...11).map { $0 * 100 }, rounds: 1)
    var held: [(Int, Int)] = []
    for batch in batches {
      for length in grid.lengths where grid.isHeldOut(batch: batch, length: length) { held.append((batch, length)) }
    }
    #expect((0.25...0.4).contains(Double(held.count) / Double(batches.count * 11)))
    #expect(held.allSatisfy { ![100, 1_100].contains($0.1) })
    #expect(Set(held.map { $0.0 }) == Set(batches))
    let prompts = grid.lengths.filter { grid.isHeldOut(promptLength: $0) }
    #expect(prompts == [200, 500, 800])
    // Enough of each stage for an interval of 90 %.
    #expect(held.count >= 9 && prompts.count * batches.count >= 9)
    #expect(!grid.isHeldOut(batch: 77, length: 100) && !grid.isHeldOut(promptLength: 77))
  }

  @Test("every configuration is visited at every length in every round, and another one begins each time")
  func turns() throws {
    let grid = try ProfileGrid(batches: [1], lengths: [10, 20], rounds: 2)
    var order: [[Int]] = []
    var told: [Int] = []
    let found = ProfileStudy.run(
      configurations: 3, grid, onVisit: { told.append($1) },
      visit: { configuration, length, round in
        order.append([round, length, configuration])
        return ProfileVisit(samples: [], heldBytes: length + configuration)
      })
    #expect(found.map(\.count) == [4, 4, 4] && told == Array(0..<12))
    #expect(found[2].map(\.heldBytes) == [12, 22, 12, 22])
    #expect(order.map { $0[2] } == [0, 1, 2, 1, 2, 0, 1, 2, 0, 2, 0, 1])
  }

  @Test(
    "a grid without batches or lengths, or with lengths that batches reach, is refused",
    arguments: [([], [64]), ([1], []), ([0], [64]), ([1, 64], [64, 128]), ([1], [1])])
  func refused(batches: [Int], lengths: [Int]) {
    #expect(routeCode { try ProfileGrid(batches: batches, lengths: lengths, rounds: 1) } == "K640")
  }

  @Test("batches and lengths may come in any order, and twice")
  func order() throws {
    let grid = try ProfileGrid(batches: [4, 1, 4], lengths: [64, 32, 64], rounds: 1)
    #expect(grid.batches == [1, 4] && grid.lengths == [32, 64] && grid.mostBatch == 4 && grid.visits == 2)
    #expect(grid.stepsOfVisit == 2 * 2 * 5)
  }
}
