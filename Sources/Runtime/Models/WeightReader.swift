import KernelABI

/// Reads the matrices and vectors of a GGUF file into the layouts the kernels take.
struct WeightReader: WeightSource {
  let file: GGUFFile
  let precision: Model.Precision
  let pool: WorkerPool

  var name: String { file.name }
  var tensorNames: [String] { file.tensorNames }

  func has(_ tensor: String) -> Bool { file.tensors[tensor] != nil }

  func matrix(_ name: String, rows: Range<Int>, of total: Int, inputs: Int) throws -> WeightMatrix {
    try pool.check()
    let matrix = try repacked(name, rows: rows, of: total, inputs: inputs)
    // Repacking leaves off where it is once it is to end.
    try pool.check()
    return matrix
  }

  private func repacked(_ name: String, rows: Range<Int>, of total: Int, inputs: Int) throws -> WeightMatrix {
    let tensor = try file.tensor(name)
    let bytes = try file.tensorBytes(name)
    // The repacked copy is what runs: the file's pages need not stay beside it.
    defer { file.mapped.release(bytes) }
    try check(tensor, shape: [inputs, total])
    guard let base = bytes.baseAddress else { throw wrongShape(tensor, [inputs, total]) }
    let source = base + rows.lowerBound * tensor.rowBytes
    let outputs = rows.count
    if precision == .mixed, inputs % 32 == 0 {
      switch tensor.type {
      case .q4_0: return WeightMatrix(Q4_0.self, source, outputs: outputs, inputs: inputs, pool: pool)
      case .q4_1: return WeightMatrix(Q4_1.self, source, outputs: outputs, inputs: inputs, pool: pool)
      case .q5_0: return WeightMatrix(Q5_0.self, source, outputs: outputs, inputs: inputs, pool: pool)
      case .q5_1: return WeightMatrix(Q5_1.self, source, outputs: outputs, inputs: inputs, pool: pool)
      case .q8_0: return WeightMatrix(Q8_0.self, source, outputs: outputs, inputs: inputs, pool: pool)
      case .q2_K: return WeightMatrix(Q2_K.self, source, outputs: outputs, inputs: inputs, pool: pool)
      case .q3_K: return WeightMatrix(Q3_K.self, source, outputs: outputs, inputs: inputs, pool: pool)
      case .q4_K: return WeightMatrix(Q4_K.self, source, outputs: outputs, inputs: inputs, pool: pool)
      case .q5_K: return WeightMatrix(Q5_K.self, source, outputs: outputs, inputs: inputs, pool: pool)
      case .q6_K: return WeightMatrix(Q6_K.self, source, outputs: outputs, inputs: inputs, pool: pool)
      case .iq4_NL: return WeightMatrix(IQ4_NL.self, source, outputs: outputs, inputs: inputs, pool: pool)
      case .f16: return raw(source, tensor, .float16, outputs, inputs)
      case .bf16: return raw(source, tensor, .bfloat16, outputs, inputs)
      case .f32: return raw(source, tensor, .float32, outputs, inputs)
      default: break
      }
    }
    return WeightMatrix(element: .float32, outputs: outputs, inputs: inputs, pool: pool) { row, target in
      target.withMemoryRebound(to: Float.self, capacity: inputs) { floats in
        _ = GGUFDequantise.write(tensor.type, from: source + row * tensor.rowBytes, elementCount: inputs, to: floats)
      }
    }
  }

  private func raw(
    _ source: UnsafeRawPointer, _ tensor: GGUFTensor, _ element: FloatElement, _ outputs: Int, _ inputs: Int
  ) -> WeightMatrix {
    WeightMatrix(element: element, outputs: outputs, inputs: inputs, pool: pool) { row, target in
      UnsafeMutableRawPointer(target).copyMemory(from: source + row * tensor.rowBytes, byteCount: tensor.rowBytes)
    }
  }

  func vector(_ name: String, count: Int) throws -> AlignedBuffer<Float> {
    let tensor = try file.tensor(name)
    try check(tensor, shape: [count])
    let numbers = try file.dequantise(name)
    let buffer = AlignedBuffer<Float>(count: count)
    for (index, number) in numbers.prefix(count).enumerated() { buffer.base[index] = number }
    return buffer
  }

  private func check(_ tensor: GGUFTensor, shape: [Int]) throws {
    guard tensor.shape == shape else { throw wrongShape(tensor, shape) }
  }

  private func wrongShape(_ tensor: GGUFTensor, _ shape: [Int]) -> RuntimeProblem {
    func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: " x ") }
    return RuntimeProblem(
      "K241", seen: "\(file.name): tensor '\(tensor.name)' is \(text(tensor.shape))",
      expected: text(shape) + ", as the file's own metadata says", suggestion: "convert the model again")
  }
}
