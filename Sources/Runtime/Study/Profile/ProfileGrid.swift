/// Which forwards `profile` times, how often, and which of them it keeps back to test predictions on.
public struct ProfileGrid: Sendable, Equatable {
  /// Requests that decode together, ascending.
  public let batches: [Int]
  /// Tokens of a prompt, and in the cache when steps begin, ascending.
  public let lengths: [Int]
  /// How often every length of every configuration is visited.
  public let rounds: Int
  /// How often a visit comes to each batch, and the steps it times there.
  public static let cycles = 2
  public static let steps = 4

  /// - Throws: K640 without batches or lengths, for one below 1, or a length that is no longer than the largest batch: the
  ///   operators' times are told apart by new tokens alone.
  public init(batches: [Int], lengths: [Int], rounds: Int) throws {
    (self.batches, self.lengths) = (Set(batches).sorted(), Set(lengths).sorted())
    self.rounds = rounds
    guard let least = self.batches.first, let most = self.batches.last, let shortest = self.lengths.first, least >= 1,
      shortest > most, rounds >= 1
    else {
      throw RouteProblems.grid("batch=\(batches) tokens=\(lengths) rounds=\(rounds)")
    }
  }

  /// Steps behind the prompt of a visit; one before each turn is not timed.
  public var stepsOfVisit: Int { Self.stepsOfVisit(batches: batches.count) }
  public static func stepsOfVisit(batches: Int) -> Int { cycles * batches * (steps + 1) }
  public var mostBatch: Int { batches[batches.count - 1] }
  public var visits: Int { rounds * lengths.count }

  /// Every third decode point, in diagonals, of the lengths between the first and the last: a table keeps its ends' values,
  /// so a point that is kept back needs profiled ones of its batch on both sides.
  public func isHeldOut(batch: Int, length: Int) -> Bool {
    guard let place = lengths.firstIndex(of: length), let turn = batches.firstIndex(of: batch) else { return false }
    return (place + turn) % 3 == 1 && place > 0 && place < lengths.count - 1
  }

  /// Every third length of prompts, but not the longest: prompts run one behind the other, so one that is profiled tells of
  /// any number of them.
  public func isHeldOut(promptLength length: Int) -> Bool {
    guard let place = lengths.firstIndex(of: length) else { return false }
    return place % 3 == 1 && place < lengths.count - 1
  }
}
