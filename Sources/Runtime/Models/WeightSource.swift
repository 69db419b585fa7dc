/// Where a model's weights come from: tensors by name, whatever holds them.
protocol WeightSource {
  /// The file or folder, which messages name.
  var name: String { get }
  var tensorNames: [String] { get }

  func has(_ tensor: String) -> Bool

  /// Some rows of a matrix [outputs, inputs], repacked for the kernels.
  ///
  /// - Throws: `RuntimeProblem` K209 (no such tensor), K206 or K212 (type), K241 (shape).
  func matrix(_ name: String, rows: Range<Int>, of outputs: Int, inputs: Int) throws -> WeightMatrix

  /// A vector of single-precision numbers; throws as `matrix` does.
  func vector(_ name: String, count: Int) throws -> AlignedBuffer<Float>
}

extension WeightSource {
  /// A whole matrix [outputs, inputs].
  func matrix(_ name: String, outputs: Int, inputs: Int) throws -> WeightMatrix {
    try matrix(name, rows: 0..<outputs, of: outputs, inputs: inputs)
  }
}
