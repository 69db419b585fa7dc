/// Where in a text the thing to be found stands: 0 at its beginning, 1 at its end.
enum NeedleDepth {
  static let parameter = DatasetParameter(
    "depth", .float, range: 0...1,
    doc: "where the needle stands, 0 at the beginning, 1 at the end; not given: spread evenly over the samples")

  /// The depth of a sample: the one asked for, or one of a sequence that is even for any number of samples (multiples of
  /// the golden ratio modulo 1), so that a sample is the same whatever n is.
  static func of(sample: Int, asked: Double?) -> Double {
    if let asked { return asked }
    let turns = 0.5 + Double(sample) * 0.618_033_988_749_894_9
    return turns - turns.rounded(.down)
  }

  /// A sample's name: its number and depth.
  static func name(sample: Int, depth: Double) -> String { "\(sample) at \(Int((depth * 100).rounded()))%" }
}

extension DatasetArguments {
  func float(_ name: String) -> Double? {
    if case .float(let value)? = self[name] { value } else { nil }
  }
}
