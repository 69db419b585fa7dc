/// A measured forward beside what is predicted of it.
public struct TestedForward: Sendable, Equatable {
  /// Whether it was kept back from what the prediction was made of.
  public let isHeldOut: Bool
  public let point: PredictionAccuracy.Point
}
