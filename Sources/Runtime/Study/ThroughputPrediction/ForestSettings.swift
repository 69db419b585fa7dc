/// The hyperparameters of a random forest, those of Vidur's search; the seed makes it repeatable.
public struct ForestSettings: Sendable, Equatable {
  public var trees: Int
  /// Splits from the root to a leaf at most.
  public var depth: Int
  /// A node with fewer rows is a leaf.
  public var minimumSplit: Int
  public var seed: UInt64

  public init(trees: Int = 250, depth: Int = 32, minimumSplit: Int = 2, seed: UInt64 = 0) {
    self.trees = trees
    self.depth = depth
    self.minimumSplit = minimumSplit
    self.seed = seed
  }
}
