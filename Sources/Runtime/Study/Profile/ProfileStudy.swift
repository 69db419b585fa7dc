/// Visits every length of every configuration in turn, so that what else the machine does falls on all of them alike.
public enum ProfileStudy {
  /// - Parameters:
  ///   - visit: fills caches and times forwards; which configuration, which length, which round.
  ///   - onVisit: told before each visit how many are done.
  /// - Returns: what was found of each configuration. // [configurations][visits]
  public static func run(
    configurations: Int, _ grid: ProfileGrid,
    onVisit: (_ configuration: Int, _ done: Int) -> Void = { _, _ in },
    visit: (_ configuration: Int, _ length: Int, _ round: Int) throws -> ProfileVisit
  ) rethrows -> [[ProfileVisit]] {
    var found = [[ProfileVisit]](repeating: [], count: configurations)
    var done = 0
    for round in 0..<grid.rounds {
      for (place, length) in grid.lengths.enumerated() {
        for turn in 0..<configurations {
          let index = (turn + place + round) % configurations
          onVisit(index, done)
          found[index].append(try visit(index, length, round))
          done += 1
        }
      }
    }
    return found
  }
}
