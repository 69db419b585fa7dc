import Foundation
import KernelABI
import Testing

@testable import Runtime

/// The kernels under tensors, of every instruction set this processor runs, against plain twins in double precision.
@Suite struct TensorKernelTests {
  static let counts = [1, 2, 15, 16, 17, 31, 63, 64, 65, 100, 257]
  static let special: [Float] = [
    0, -0.0, 1, -1, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, .leastNormalMagnitude,
    .greatestFiniteMagnitude,
    0.5, 1.5, 2.5, -2.5, 88.7, 88.8, -87.4, -103.9, -104, 1e-40,
  ]

  static func twin(_ operation: TensorUnary, _ x: Float) -> Double {
    let d = Double(x)
    return switch operation {
    case .negate: -d
    case .absolute: abs(d)
    case .squareRoot: d.squareRoot()
    case .square: Double(x * x)
    case .reciprocal: Double(1 / x)
    case .exponential: Double(Float(exp(d)))
    case .logarithm: log(d)
    case .round: d.rounded(.toNearestOrEven)
    case .floor: d.rounded(.down)
    case .ceiling: d.rounded(.up)
    case .sign: d.isNaN ? .nan : d > 0 ? 1 : d < 0 ? -1 : 0
    case .gaussianGate: d * 0.5 * (1 + erf(d / 2.0.squareRoot()))
    }
  }

  static func twin(_ operation: TensorBinary, _ a: Float, _ b: Float) -> Float {
    switch operation {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .minimum: a.isNaN || b.isNaN ? .nan : min(a, b)
    case .maximum: a.isNaN || b.isNaN ? .nan : max(a, b)
    }
  }

  /// Equal, both NaN, or within a relative error; numbers below the normal range within its last bits.
  static func isClose(_ found: Float, _ expected: Double, _ tolerance: Double) -> Bool {
    if expected.isNaN { return found.isNaN }
    if expected.isInfinite || abs(expected) > Double(Float.greatestFiniteMagnitude) {
      return Double(found) == expected || (found.isInfinite && (found > 0) == (expected > 0))
    }
    return abs(Double(found) - expected) <= tolerance * abs(expected) + 3e-45
  }

  @Test("operations on one number, over all counts and special numbers", arguments: InstructionSet.available)
  func unary(_ set: InstructionSet) {
    let kernels = set.table.tensors
    var draw = SeededNumbers(1)
    // Far below 0 the gate is a small difference of large numbers, so its error is set beside x: a test of its own.
    for operation in TensorUnary.allCases where operation != .gaussianGate {
      let tolerance = [.exponential, .logarithm].contains(operation) ? 3e-7 : 1e-7
      for count in Self.counts {
        var x = draw.numbers(count, scale: 10)
        for place in 0..<count where place % 3 == 0 { x[place] = Self.special[(place + count) % Self.special.count] }
        let found = KernelTrial.guarded(count) { kernels.unary(operation, x, count, $0) }
        for place in 0..<count {
          let expected = Self.twin(operation, x[place])
          #expect(
            Self.isClose(found[place], expected, tolerance),
            "\(set) \(operation)(\(x[place])) = \(found[place]), \(expected)")
        }
      }
    }
  }

  @Test("exp and log keep their digits over their whole range", arguments: InstructionSet.available)
  func range(_ set: InstructionSet) {
    let kernels = set.table.tensors
    let x = (0..<20_000).map { Float($0) / 100 - 110 }
    var found = [Float](repeating: 0, count: x.count)
    kernels.unary(.exponential, x, x.count, &found)
    let wrong = x.indices.filter { !Self.isClose(found[$0], Double(Float(exp(Double(x[$0])))), 3e-7) }
    #expect(wrong.isEmpty, "exp(\(wrong.prefix(3).map { x[$0] }))")
    let wide = (0..<20_000).map { (index: Int) -> Float in Float(exp(Double(index) / 110 - 95)) }
    let nearOne = (1..<2_000).map { (index: Int) -> Float in 1 + Float(index - 1_000) * 1e-6 }
    let y: [Float] = wide + nearOne
    var logs = [Float](repeating: 0, count: y.count)
    kernels.unary(.logarithm, y, y.count, &logs)
    // Near 1 the logarithm is near 0, so the error is set beside the argument's own distance from 1.
    let far = y.indices.filter { (index: Int) -> Bool in
      let expected = log(Double(y[index]))
      return abs(Double(logs[index]) - expected) > 3e-7 * abs(expected) + 1e-13
    }
    #expect(far.isEmpty, "log(\(far.prefix(3).map { y[$0] }))")
  }

  @Test(
    "the Gaussian gate is x times the normal distribution's share, to 2e-7 of x", arguments: InstructionSet.available)
  func gaussianGate(_ set: InstructionSet) {
    let kernels = set.table.tensors
    let x =
      (0..<24_001).map { Float($0 - 12_000) / 1_000 } + [0, -0.0, 1e-30, -1e-30, 100, -100, 1e38, -1e38, .infinity]
    let found = KernelTrial.guarded(x.count) { kernels.unary(.gaussianGate, x, x.count, $0) }
    for (x, found) in zip(x, found) {
      let expected = Self.twin(.gaussianGate, x)
      #expect(
        Double(found) == expected || abs(Double(found) - expected) <= 2e-7 * abs(Double(x)),
        "\(set) gaussianGate(\(x)) = \(found), \(expected)")
    }
    let strange = KernelTrial.guarded(2) { kernels.unary(.gaussianGate, [.nan, -.infinity], 2, $0) }
    #expect(strange[0].isNaN && strange[1].isNaN)
  }

  @Test("operations on two numbers, also where one serves all", arguments: InstructionSet.available)
  func binary(_ set: InstructionSet) {
    let kernels = set.table.tensors
    var draw = SeededNumbers(2)
    for operation in TensorBinary.allCases {
      for count in Self.counts {
        var (a, b) = (draw.numbers(count), draw.numbers(count))
        for place in 0..<count where place % 4 == 0 { a[place] = Self.special[(place + count) % Self.special.count] }
        for place in 0..<count where place % 5 == 0 { b[place] = place % 2 == 0 ? a[place] : .nan }
        for (aStep, bStep) in [(1, 1), (1, 0), (0, 1), (0, 0)] {
          let found = KernelTrial.guarded(count) { kernels.binary(operation, a, aStep, b, bStep, count, $0) }
          for place in 0..<count {
            let expected = Self.twin(operation, a[place * aStep], b[place * bStep])
            let isSame = found[place] == expected || (found[place].isNaN && expected.isNaN)
            #expect(isSame, "\(set) \(operation)(\(a[place * aStep]), \(b[place * bStep])) = \(found[place])")
          }
        }
      }
    }
  }

  @Test("folds over all counts, with NaN wherever it stands", arguments: InstructionSet.available)
  func fold(_ set: InstructionSet) {
    let kernels = set.table.tensors
    var draw = SeededNumbers(4)
    for count in Self.counts + [0, 4_095, 4_096, 4_097, 10_000] {
      let x = draw.numbers(count)
      let d = x.map(Double.init)
      let size = d.reduce(0) { $0 + abs($1) } + 1e-9
      #expect(abs(kernels.fold(.sum, x, count) - d.reduce(0, +)) < 1e-6 * size)
      #expect(abs(kernels.fold(.sumOfMagnitudes, x, count) - d.reduce(0) { $0 + abs($1) }) < 1e-6 * size)
      let squares = d.reduce(0) { $0 + $1 * $1 }
      #expect(abs(kernels.fold(.sumOfSquares, x, count) - squares) <= 1e-6 * squares)
      #expect(kernels.fold(.minimum, x, count) == Double(x.min() ?? .infinity))
      #expect(kernels.fold(.maximum, x, count) == Double(x.max() ?? -.infinity))
      guard count > 0 else { continue }
      var spoilt = x
      spoilt[draw.int(0...count - 1)] = .nan
      for operation in TensorFold.allCases {
        #expect(kernels.fold(operation, spoilt, count).isNaN, "\(operation) \(count)")
      }
    }
  }

  @Test("a sum of ten million equal numbers keeps its digits")
  func longSum() {
    let x = [Float](repeating: 0.1, count: 10_000_000)
    for set in InstructionSet.available {
      #expect(abs(set.table.tensors.fold(.sum, x, x.count) / 1e7 - Double(Float(0.1))) < 2e-8)
    }
  }

  @Test("rounding to codes: the same codes and numbers as the twin", arguments: InstructionSet.available)
  func codes(_ set: InstructionSet) {
    var draw = SeededNumbers(5)
    for count in Self.counts {
      let x = draw.numbers(count)
      let (least, scale) = (x.min() ?? 0, ((x.max() ?? 0) - (x.min() ?? 0)) / 3)
      var restored = [Float](repeating: 0, count: count)
      let codes = KernelTrial.guarded(count) { out in
        set.table.tensors.roundToCodes(x, count, least, scale, 3, out, &restored)
      }
      let expected = x.map { scale == 0 ? 0 : min(3, max(0, (($0 - least) / scale).rounded(.toNearestOrEven))) }
      #expect(codes == expected)
      #expect(restored == expected.map { $0 * scale + least })
    }
  }
}
