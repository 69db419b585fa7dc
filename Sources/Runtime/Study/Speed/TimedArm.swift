/// One side of a comparison of speeds: work that can be done again and again from the same start.
public struct TimedArm {
  public let label: String
  /// Does the work once; what has to be prepared is not in its time.
  public let once: () throws -> TimedRun

  public init(_ label: String, once: @escaping () throws -> TimedRun) {
    self.label = label
    self.once = once
  }
}
