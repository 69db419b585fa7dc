import KernelABI

/// Reads the matrices and vectors of a model folder into the layouts the kernels take.
struct FolderWeightReader: WeightSource {
  let folder: ModelFolder
  let precision: Model.Precision
  let pool: WorkerPool

  var name: String { folder.name }
  var tensorNames: [String] { folder.tensorNames }

  func has(_ tensor: String) -> Bool { folder.has(tensor) }

  func matrix(_ name: String, rows: Range<Int>, of total: Int, inputs: Int) throws -> WeightMatrix {
    try pool.check()
    let matrix = try repacked(name, rows: rows, of: total, inputs: inputs)
    // Repacking leaves off where it is once it is to end.
    try pool.check()
    return matrix
  }

  private func repacked(_ name: String, rows: Range<Int>, of total: Int, inputs: Int) throws -> WeightMatrix {
    let file = try folder.shard(of: name)
    let tensor = try file.tensor(name)
    let element = try element(of: tensor, file)
    try check(tensor, shape: [total, inputs], file)
    let rowBytes = inputs * element.bytes
    let bytes = try file.tensorBytes(name)
    guard let base = bytes.baseAddress, bytes.count == total * rowBytes else {
      throw wrongShape(tensor, [total, inputs], file)
    }
    let source = base + rows.lowerBound * rowBytes
    if precision == .mixed || element == .float32 {
      return WeightMatrix(element: element, outputs: rows.count, inputs: inputs, pool: pool) { row, target in
        UnsafeMutableRawPointer(target).copyMemory(from: source + row * rowBytes, byteCount: rowBytes)
      }
    }
    return WeightMatrix(element: .float32, outputs: rows.count, inputs: inputs, pool: pool) { row, target in
      target.withMemoryRebound(to: Float.self, capacity: inputs) { floats in
        for input in 0..<inputs {
          let bits = (source + row * rowBytes + input * 2).loadUnaligned(as: UInt16.self)
          floats[input] = element == .float16 ? Half.float(bits) : Float(bitPattern: UInt32(bits) << 16)
        }
      }
    }
  }

  func vector(_ name: String, count: Int) throws -> AlignedBuffer<Float> {
    let file = try folder.shard(of: name)
    let tensor = try file.tensor(name)
    _ = try element(of: tensor, file)
    try check(tensor, shape: [count], file)
    let buffer = AlignedBuffer<Float>(count: count)
    for (index, number) in try file.float32(name).prefix(count).enumerated() { buffer.base[index] = number }
    return buffer
  }

  private func element(of tensor: SafetensorsTensor, _ file: SafetensorsFile) throws -> FloatElement {
    switch tensor.type {
    case .f32: return .float32
    case .f16: return .float16
    case .bf16: return .bfloat16
    default:
      throw RuntimeProblem(
        "K212", seen: "\(folder.name)/\(file.name): weight '\(tensor.name)' is of the type \(tensor.type.rawValue)",
        expected: "F32, F16 or BF16", suggestion: "save the model in one of these")
    }
  }

  private func check(_ tensor: SafetensorsTensor, shape: [Int], _ file: SafetensorsFile) throws {
    guard tensor.shape == shape else { throw wrongShape(tensor, shape, file) }
  }

  private func wrongShape(_ tensor: SafetensorsTensor, _ shape: [Int], _ file: SafetensorsFile) -> RuntimeProblem {
    func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: " x ") }
    return RuntimeProblem(
      "K241", seen: "\(folder.name)/\(file.name): tensor '\(tensor.name)' is \(text(tensor.shape))",
      expected: text(shape) + ", as config.json says", suggestion: "fetch weights and config.json of the same model")
  }
}
