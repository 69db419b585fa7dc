@testable import Runtime

/// Arms that take the time they are told, and a clock that moves with them.
final class SyntheticArms {
  private(set) var seconds = 0.0
  private(set) var rounds: [String: Int] = [:]
  /// Passes before and between runs, as filling caches does.
  var preparation = 0.0

  func now() -> Double { seconds }

  /// - Parameter time: seconds of the run with this number, from 0 on.
  func arm(_ label: String, tokens: Int = 100, _ time: @escaping (_ run: Int) -> Double) -> TimedArm {
    TimedArm(label) {
      let run = self.rounds[label, default: 0]
      self.rounds[label] = run + 1
      let own = time(run)
      self.seconds += own + self.preparation
      return TimedRun(seconds: own, tokens: tokens)
    }
  }

  /// Noise of up to `share` to either side, the same in every test.
  static func noise(_ share: Double, seed: Int) -> (_ run: Int) -> Double {
    { run in
      var generator = ResampleGenerator(seed: UInt64(seed), resample: UInt64(run))
      return 1 + share * (2 * Double(generator.next() >> 11) * 0x1p-53 - 1)
    }
  }
}
