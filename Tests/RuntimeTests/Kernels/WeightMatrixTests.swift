import KernelABI
import Testing

@testable import Runtime

struct WeightMatrixTests {
  static let formats: [GGUFType] = [
    .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .iq4_NL,
  ]

  /// Random blocks of a format whose scales and minima are ordinary numbers.
  static func blocks(_ type: GGUFType, count: Int, _ draw: inout SeededNumbers) -> [UInt8] {
    var bytes = (0..<count * type.blockBytes).map { _ in UInt8.random(in: 0...255, using: &draw) }
    for block in 0..<count {
      // Where the scale and the minimum of a block lie, and how large they are.
      let (places, limit): ([Int], Float) =
        switch type {
        case .q4_1, .q5_1: ([0, 2], 0.2)
        case .q4_K, .q5_K: ([0, 2], 5e-3)
        case .q2_K: ([80, 82], 2e-2)
        case .q3_K: ([108], 1e-2)
        case .q6_K: ([208], 1e-3)
        case .iq4_NL: ([0], 0.02)
        default: ([0], 0.2)
        }
      for place in places {
        let bits = Half.bits(Float.random(in: -limit...limit, using: &draw))
        bytes[block * type.blockBytes + place] = UInt8(bits & 255)
        bytes[block * type.blockBytes + place + 1] = UInt8(bits >> 8)
      }
    }
    return bytes
  }

  static func pack(_ type: GGUFType, _ source: UnsafeRawPointer, _ outputs: Int, _ inputs: Int, _ pool: WorkerPool)
    -> WeightMatrix?
  {
    switch type {
    case .q4_0: WeightMatrix(Q4_0.self, source, outputs: outputs, inputs: inputs, pool: pool)
    case .q4_1: WeightMatrix(Q4_1.self, source, outputs: outputs, inputs: inputs, pool: pool)
    case .q5_0: WeightMatrix(Q5_0.self, source, outputs: outputs, inputs: inputs, pool: pool)
    case .q5_1: WeightMatrix(Q5_1.self, source, outputs: outputs, inputs: inputs, pool: pool)
    case .q8_0: WeightMatrix(Q8_0.self, source, outputs: outputs, inputs: inputs, pool: pool)
    case .q2_K: WeightMatrix(Q2_K.self, source, outputs: outputs, inputs: inputs, pool: pool)
    case .q3_K: WeightMatrix(Q3_K.self, source, outputs: outputs, inputs: inputs, pool: pool)
    case .q4_K: WeightMatrix(Q4_K.self, source, outputs: outputs, inputs: inputs, pool: pool)
    case .q5_K: WeightMatrix(Q5_K.self, source, outputs: outputs, inputs: inputs, pool: pool)
    case .q6_K: WeightMatrix(Q6_K.self, source, outputs: outputs, inputs: inputs, pool: pool)
    case .iq4_NL: WeightMatrix(IQ4_NL.self, source, outputs: outputs, inputs: inputs, pool: pool)
    default: nil
    }
  }

  /// Outputs [rows, panels * 16] of one matrix for x [rows, inputs].
  static func multiply(_ matrix: WeightMatrix, _ x: [Float], _ set: InstructionSet, _ pool: WorkerPool) -> [Float] {
    var activations = Activations()
    let rows = x.count / matrix.inputs
    activations.reserve(rows: rows, width: matrix.inputs)
    for (i, number) in x.enumerated() { activations.floats[i] = number }
    return KernelTrial.guarded(rows * matrix.panels * 16) { out in
      activations.placed.multiply(
        Product(matrix: matrix.placed, out: out, outStride: matrix.panels * 16), rows: rows, set.table, pool)
    }
  }

  @Test("a repacked matrix multiplies like its blocks dequantised one by one", arguments: formats)
  func blockFormats(_ type: GGUFType) throws {
    for (trial, set) in InstructionSet.available.enumerated() {
      for threads in [1, 2] {
        let pool = WorkerPool(threads: threads)
        for outputs in [1, 16, 40] {
          var draw = SeededNumbers(trial &* 10 &+ outputs)
          let inputs = type.blockElements * draw.int(1...(type.blockElements == 32 ? 5 : 2))
          let bytes = Self.blocks(type, count: outputs * inputs / type.blockElements, &draw)
          var weights = [Float](repeating: 0, count: outputs * inputs)
          let matrix = try bytes.withUnsafeBytes { source -> WeightMatrix in
            let base = try #require(source.baseAddress)
            GGUFDequantise.write(type, from: base, elementCount: weights.count, to: &weights)
            return try #require(Self.pack(type, base, outputs, inputs, pool))
          }
          let x = draw.numbers(3 * inputs)
          let found = Self.multiply(matrix, x, set, pool)
          let codes = ScalarTwins.quantiseRows(x)
          let rounded = codes.codes.indices.map { Double(codes.codes[$0]) * Double(codes.scales[$0 / 32]) }
          let twin = ScalarTwins.multiply(
            rounded, KernelTests.doubles(weights), rows: 3, outputs: outputs, inputs: inputs)
          for row in 0..<3 {
            for output in 0..<matrix.panels * 16 {
              let number = found[row * matrix.panels * 16 + output]
              guard output < outputs else {
                #expect(number == 0)
                continue
              }
              #expect(abs(Double(number) - twin[row * outputs + output]) < 1e-3)
            }
          }
        }
      }
    }
  }

  @Test("one-hot activations read back every weight of every block format", arguments: formats)
  func oneHot(_ type: GGUFType) throws {
    var draw = SeededNumbers(4)
    let pool = WorkerPool(threads: 1)
    let (outputs, inputs) = (20, 2 * type.blockElements)
    let bytes = Self.blocks(type, count: outputs * inputs / type.blockElements, &draw)
    var weights = [Float](repeating: 0, count: outputs * inputs)
    let matrix = try bytes.withUnsafeBytes { source -> WeightMatrix in
      let base = try #require(source.baseAddress)
      GGUFDequantise.write(type, from: base, elementCount: weights.count, to: &weights)
      return try #require(Self.pack(type, base, outputs, inputs, pool))
    }
    var x = [Float](repeating: 0, count: inputs * inputs)
    for i in 0..<inputs { x[i * inputs + i] = 127 }
    let found = Self.multiply(matrix, x, .base, pool)
    for i in 0..<inputs {
      for output in 0..<outputs {
        let expected = 127 * weights[output * inputs + i]
        #expect(abs(found[i * 32 + output] - expected) <= 1e-5 * abs(expected) + 1e-4)
      }
    }
  }

  @Test("a row read back is the row dequantised, to the bit, in every block format", arguments: formats)
  func copyRow(_ type: GGUFType) throws {
    var draw = SeededNumbers(6)
    let (outputs, inputs) = (21, 2 * type.blockElements)
    let bytes = Self.blocks(type, count: outputs * 2, &draw)
    var weights = [Float](repeating: 0, count: outputs * inputs)
    let matrix = try bytes.withUnsafeBytes { source -> WeightMatrix in
      let base = try #require(source.baseAddress)
      GGUFDequantise.write(type, from: base, elementCount: weights.count, to: &weights)
      return try #require(Self.pack(type, base, outputs, inputs, WorkerPool(threads: 2)))
    }
    for row in 0..<outputs {
      var found = [Float](repeating: .nan, count: inputs)
      matrix.copyRow(row, into: &found)
      #expect(found == Array(weights[row * inputs..<(row + 1) * inputs]), "row \(row)")
    }
  }

  @Test("float rows are repacked without loss")
  func floatRows() {
    var draw = SeededNumbers(5)
    let (outputs, inputs) = (21, 50)
    let pool = WorkerPool(threads: 2)
    for element in KernelTests.elements {
      let weights = KernelTrial.representable(draw.numbers(outputs * inputs), element)
      let matrix = WeightMatrix(element: element, outputs: outputs, inputs: inputs, pool: pool) { row, target in
        let bytes = KernelTrial.bytes(Array(weights[row * inputs..<(row + 1) * inputs]), element)
        for (i, byte) in bytes.enumerated() { target[i] = byte }
      }
      #expect(!matrix.takesQuantisedRows && matrix.bytes == 32 * inputs * element.bytes)
      var x = [Float](repeating: 0, count: inputs * inputs)
      for i in 0..<inputs { x[i * inputs + i] = 1 }
      for set in InstructionSet.available {
        let found = Self.multiply(matrix, x, set, pool)
        for i in 0..<inputs {
          #expect((0..<outputs).allSatisfy { found[i * 32 + $0] == weights[$0 * inputs + i] })
          #expect(found[i * 32 + outputs..<(i + 1) * 32].allSatisfy { $0 == 0 })
        }
      }
    }
  }

  @Test("repacking leaves off within a matrix once it is to end, and the threads stay usable")
  func leavesOff() throws {
    let cancellation = Cancellation()
    let pool = WorkerPool(threads: 1, cancellation: cancellation)
    var rows = 0
    func read(_ row: Int, _ target: UnsafeMutablePointer<UInt8>) {
      target.update(repeating: 0, count: 32 * 4)
      rows += 1
      if rows == 20 { cancellation.cancel() }
    }
    _ = WeightMatrix(element: .float32, outputs: 16_000, inputs: 32, pool: pool, row: read)
    // The panel of 16 rows that it was in, and no more.
    #expect(rows == 32)
    #expect(throws: CancellationError.self) { try pool.check() }
    cancellation.reset()
    _ = WeightMatrix(element: .float32, outputs: 1_600, inputs: 32, pool: pool, row: read)
    #expect(rows == 32 + 1_600)
  }

  @Test("a model whose loading is to end is none, and loads when it is asked for again", arguments: [1, 2])
  func loading(_ threads: Int) throws {
    let cancellation = Cancellation()
    let pool = WorkerPool(threads: threads, cancellation: cancellation)
    let file = try TinyModel().file()
    cancellation.cancel()
    #expect(throws: CancellationError.self) { try Model.load(file, pool: pool) }
    cancellation.reset()
    #expect(try Model.load(file, pool: pool).layers.count == 2)
  }
}
