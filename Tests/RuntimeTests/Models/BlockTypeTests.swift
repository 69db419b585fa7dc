import Testing

@testable import Runtime

/// Small models whose matrices are random blocks of one type, run in both precisions.
struct BlockTypeTests {
  /// The tiny model with every matrix replaced by blocks of the type, of about the same spread.
  static func file(_ type: GGUFType) throws -> GGUFFile {
    let tiny = TinyModel(kvHeads: 2, groupHeads: 2, headDim: 64, hidden: 256, feedForward: 512, seed: 9)
    var builder = tiny.builder
    var draw = SeededNumbers(9)
    for index in builder.tensors.indices where builder.tensors[index].shape.count == 2 {
      let inputs = Int(builder.tensors[index].shape[0])
      let elements = inputs * Int(builder.tensors[index].shape[1])
      let spread = builder.tensors[index].name == "token_embd.weight" ? 1 : 1.3 / Float(inputs).squareRoot()
      builder.tensors[index].type = type.rawValue
      builder.tensors[index].bytes = blocks(type, elements, spread: spread, &draw)
    }
    return try GGUFFile(MappedFile(content: builder.bytes, name: "\(type.name).gguf"))
  }

  /// Random codes and integer scales; the half-precision numbers above them make the mean 0 and the deviation `spread`.
  static func blocks(_ type: GGUFType, _ elements: Int, spread: Float, _ draw: inout SeededNumbers) -> [UInt8] {
    // Where scale and minimum lie in a block, and the minimum that centres the numbers for a scale of 1.
    let (scale, minimum): (Int, (place: Int, number: Float)?) =
      switch type {
      case .q4_1: (0, (2, -7.5))
      case .q5_1: (0, (2, -15.5))
      case .q2_K: (80, (82, 1.5))
      case .q3_K: (108, nil)
      case .q4_K: (0, (2, 7.5))
      case .q5_K: (0, (2, 15.5))
      case .q6_K: (208, nil)
      default: (0, nil)
      }
    let count = elements / type.blockElements
    var bytes = (0..<count * type.blockBytes).map { _ in UInt8.random(in: 0...255, using: &draw) }
    func set(_ place: Int, _ number: Float) {
      let bits = Half.bits(number)
      for block in 0..<count {
        bytes[block * type.blockBytes + place] = UInt8(bits & 255)
        bytes[block * type.blockBytes + place + 1] = UInt8(bits >> 8)
      }
    }
    func setAll(_ d: Float) {
      set(scale, d)
      if let minimum { set(minimum.place, minimum.number * d) }
    }
    setAll(1)
    var floats = [Float](repeating: 0, count: elements)
    bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress else { return }
      GGUFDequantise.write(type, from: base, elementCount: elements, to: &floats)
    }
    let square = floats.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(elements)
    setAll(spread / Float(square.squareRoot()))
    return bytes
  }

  @Test(
    "a model of each block type gives the logits of its floats, but for what rounding activations to bytes costs",
    arguments: WeightMatrixTests.formats)
  func runs(_ type: GGUFType) throws {
    let file = try Self.file(type)
    let pool = WorkerPool(threads: 2)
    let exact = try Model.load(file, precision: .f32, pool: pool)
    let mixed = try Model.load(file, precision: .mixed, pool: pool)
    #expect(mixed.weightBytes < exact.weightBytes / 3)
    let text = TinyModel().text(40)
    let expected = try EngineTrial(exact).logits(Array(text[..<37]), then: Array(text[37...]))
    let found = try EngineTrial(mixed).logits(Array(text[..<37]), then: Array(text[37...]))
    for (found, expected) in zip(found, expected) {
      let size = (expected.reduce(0) { $0 + $1 * $1 } / Float(expected.count)).squareRoot()
      #expect(size > 0.5 && size < 5)
      let difference = Float(largestDifference(found, expected))
      #expect(difference < 0.2 * size && difference > 0, "\(difference) of \(size)")
    }
  }
}
