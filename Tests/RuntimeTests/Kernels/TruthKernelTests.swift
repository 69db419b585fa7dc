import KernelABI
import Testing

@testable import Runtime

/// The kernels on truths, of every instruction set this processor runs, against plain twins.
@Suite struct TruthKernelTests {
  /// Around the lanes of a vector, and around the blocks that are counted at a time.
  static let counts = TensorKernelTests.counts + [33, 16_319, 16_320, 16_321, 16_385]
  static let steps = [(1, 1), (1, 0), (0, 1), (0, 0)]

  static func twin(_ operation: TensorComparison, _ a: Float, _ b: Float) -> UInt8 {
    let holds =
      switch operation {
      case .less: a < b
      case .lessEqual: a <= b
      case .equal: a == b
      case .unequal: a != b
      }
    return holds ? 1 : 0
  }

  static func truths(_ count: Int, _ draw: inout SeededNumbers) -> [UInt8] {
    (0..<count).map { _ in UInt8(draw.int(0...1)) }
  }

  @Test(
    "comparisons are bytes of 0 and 1, also where one number serves all and beside NaN",
    arguments: InstructionSet.available, TensorComparison.allCases)
  func compare(_ set: InstructionSet, _ operation: TensorComparison) {
    var draw = SeededNumbers(11)
    for count in Self.counts {
      var (a, b) = (draw.numbers(count), draw.numbers(count))
      let special = TensorKernelTests.special
      for place in 0..<count where place % 4 == 0 { a[place] = special[(place / 4 + count) % special.count] }
      for place in 0..<count where place % 5 == 0 { b[place] = place % 2 == 0 ? a[place] : .nan }
      for (aStep, bStep) in Self.steps {
        let found = KernelTrial.guardedBytes(count) {
          set.table.tensors.compare(operation, a, aStep, b, bStep, count, $0)
        }
        let expected = (0..<count).map { Self.twin(operation, a[$0 * aStep], b[$0 * bStep]) }
        #expect(found == expected, "\(set) \(operation) of \(count), steps \(aStep) and \(bStep)")
      }
    }
  }

  @Test("every pair of special numbers compares as IEEE 754 has it", arguments: InstructionSet.available)
  func special(_ set: InstructionSet) {
    let numbers = TensorKernelTests.special
    for operation in TensorComparison.allCases {
      for a in numbers {
        let found = KernelTrial.guardedBytes(numbers.count) {
          set.table.tensors.compare(operation, [a], 0, numbers, 1, numbers.count, $0)
        }
        #expect(found == numbers.map { Self.twin(operation, a, $0) }, "\(set) \(operation)(\(a), ..)")
      }
    }
  }

  @Test(
    "choosing between two numbers, also where one number or one truth serves all", arguments: InstructionSet.available)
  func select(_ set: InstructionSet) {
    var draw = SeededNumbers(3)
    for count in Self.counts {
      let (a, b) = (draw.numbers(count), draw.numbers(count))
      let condition = Self.truths(count, &draw)
      for (aStep, bStep) in Self.steps {
        for step in [1, 0] {
          let found = KernelTrial.guarded(count) {
            set.table.tensors.select(condition, step, a, aStep, b, bStep, count, $0)
          }
          #expect(found == (0..<count).map { condition[$0 * step] != 0 ? a[$0 * aStep] : b[$0 * bStep] })
        }
      }
    }
  }

  @Test("NaN is chosen as any other number is", arguments: InstructionSet.available)
  func selectNaN(_ set: InstructionSet) {
    let found = KernelTrial.guarded(18) {
      set.table.tensors.select(
        [1, 0] + [UInt8](repeating: 0, count: 15) + [1], 1, [.nan], 0, [Float](repeating: 2, count: 18), 1, 18, $0)
    }
    #expect(found.map(\.isNaN) == [true] + [Bool](repeating: false, count: 16) + [true])
  }

  @Test("truths widened are 0 and 1", arguments: InstructionSet.available)
  func widen(_ set: InstructionSet) {
    var draw = SeededNumbers(12)
    for count in Self.counts {
      let truths = Self.truths(count, &draw)
      let found = KernelTrial.guarded(count) { set.table.tensors.widen(truths, count, $0) }
      #expect(found == truths.map { Float($0) })
    }
  }

  @Test("truths are counted, also if all of very many are 1", arguments: InstructionSet.available)
  func count(_ set: InstructionSet) {
    var draw = SeededNumbers(13)
    for count in Self.counts + [0, 1_000_003] {
      let truths = Self.truths(count, &draw)
      #expect(set.table.tensors.countTruths(truths, count) == truths.count { $0 == 1 })
      #expect(set.table.tensors.countTruths([UInt8](repeating: 1, count: count), count) == count)
    }
  }
}
