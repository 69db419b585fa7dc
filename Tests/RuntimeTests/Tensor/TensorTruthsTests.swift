import KernelABI
import Testing

@testable import Runtime

/// Tensors of truths give what the same numbers give as floats.
@Suite struct TensorTruthsTests {
  private static let math = TensorMathTests.math

  /// Truths as comparisons yield them, and the same numbers as floats.
  private static func twins(_ sizes: [Int], seed: Int = 1, above least: Float = 0.2) throws -> (Tensor, Tensor) {
    let x = try TensorMathTests.tensor(sizes, seed: seed)
    let truths = try math.apply(.less, try Tensor([], [least]), x, sign: ">")
    let floats = try Tensor(sizes, x.numbers.map { least < $0 ? 1 : 0 }, element: .bool)
    return (truths, floats)
  }

  @Test(
    "comparisons take a byte a number; widened they equal the floats", arguments: [[0], [1], [17], [3, 70], [70_001]])
  func widened(sizes: [Int]) throws {
    let (truths, floats) = try Self.twins(sizes)
    #expect(truths.isTruths && !floats.isTruths)
    #expect(truths.element == .bool)
    #expect(truths.numbers == floats.numbers)
    #expect((0..<truths.count).allSatisfy { truths[$0] == floats[$0] })
    // Made by the kernel here, by a plain loop there; once made they are the same memory.
    let made = try TensorMathTests.threaded.floats(truths)
    #expect(made.numbers == floats.numbers && !made.isTruths)
    #expect(made.base == truths.base)
    let (other, _) = try Self.twins(sizes)
    #expect(other.withNumbers { Array($0) } == floats.numbers)
    #expect(other == truths && floats == truths && truths == floats)
  }

  @Test("tensors of other truths differ")
  func equality() throws {
    let (truths, floats) = try Self.twins([40])
    let (others, _) = try Self.twins([40], seed: 2)
    #expect(truths != others && others != floats)
    #expect(truths != truths.reshaped(try TensorShape([8, 5])))
  }

  @Test("threads that ask for the floats at once see the same ones")
  func race() throws {
    let (truths, floats) = try Self.twins([10_000])
    let places = AlignedBuffer<UInt>(count: 64)
    WorkerPool(threads: 4).run(64) { task in places.base[task] = UInt(bitPattern: truths.base) }
    #expect(Set((0..<64).map { places.base[$0] }).count == 1)
    #expect(truths.withNumbers { Array($0) } == floats.numbers)
  }

  @Test("reductions count bytes to the same numbers", arguments: TensorMath.Reduction.allCases)
  func reductions(_ reduction: TensorMath.Reduction) throws {
    for least: Float in [0.2, -9, 9] {
      let (truths, floats) = try Self.twins([3, 200, 17], above: least)
      #expect(try Self.math.reduce(reduction, truths) == Self.math.reduce(reduction, floats))
      for axes in [[], [0], [1], [2], [-1], [0, 1], [0, 2], [1, 2], [0, 1, 2]] {
        let found = try Self.math.reduce(reduction, truths, axes: axes, keeping: false)
        let expected = try Self.math.reduce(reduction, floats, axes: axes, keeping: false)
        #expect(found == expected && found.element == expected.element, "\(axes)")
      }
    }
    let (long, floats) = try Self.twins([300_001])
    #expect(try TensorMathTests.threaded.reduce(reduction, long) == Self.math.reduce(reduction, floats))
    let (none, _) = try Self.twins([0, 2])
    if [.sum, .norm, .norm1].contains(reduction) {
      #expect(try Self.math.reduce(reduction, none) == 0)
    } else {
      #expect(throws: RuntimeProblem.self) { try Self.math.reduce(reduction, none) }
    }
  }

  @Test(
    "operators read truths as 0 and 1 whatever the shapes",
    arguments: [
      ([70_001], [70_001]), ([70_001], []), ([], [5_000]), ([6, 50], [50]), ([6, 50], [6, 1]), ([3], [2, 1, 3]),
    ])
  func operators(a: [Int], b: [Int]) throws {
    let ((x, xFloats), (y, yFloats)) = (try Self.twins(a, seed: 3), try Self.twins(b, seed: 4))
    let numbers = try TensorMathTests.tensor(b, seed: 5)
    for math in [TensorMathTests.math, TensorMathTests.threaded] {
      for operation in [TensorBinary.add, .subtract, .multiply, .minimum, .maximum] {
        for (right, rightFloats) in [(y, yFloats), (numbers, numbers)] {
          let found = try math.apply(operation, x, right, sign: "+")
          let expected = try Self.math.apply(operation, xFloats, rightFloats, sign: "+")
          #expect(found == expected && found.element == expected.element)
          let turned = try math.apply(operation, right, x, sign: "+")
          #expect(try turned == Self.math.apply(operation, rightFloats, xFloats, sign: "+"))
        }
      }
      for operation in TensorComparison.allCases {
        let found = try math.apply(operation, x, y, sign: "<")
        #expect(try found == Self.math.apply(operation, xFloats, yFloats, sign: "<"))
      }
      let chosen = try math.select(x, y, numbers)
      #expect(try chosen == Self.math.select(xFloats, yFloats, numbers))
    }
    // Long rows were read in blocks and never made floats, but for `select`, which takes its choices as floats.
    if case .truths(let storage) = x.storage, a == [70_001], b == a { #expect(storage.madeFloats == nil) }
  }

  @Test("`not` is being equal to 0, and a number holds unless it is 0; NaN is not")
  func holds() throws {
    let x = try Tensor([5], [0, -0.0, 2, .nan, -.infinity])
    #expect(try Self.math.truths(x).numbers == [0, 0, 1, 1, 1])
    #expect(try Self.math.apply(.equal, x, try Tensor([], [0]), sign: "==").numbers == [1, 1, 0, 0, 0])
    let (truths, floats) = try Self.twins([99])
    #expect(try Self.math.truths(truths) == floats)
    #expect(
      try Self.math.apply(.equal, truths, try Tensor([], [0]), sign: "==").numbers == floats.numbers.map { 1 - $0 })
    // What is chosen with floats as the condition.
    let chosen = try Self.math.select(x, try Tensor([], [7]), try Tensor([], [8]))
    #expect(chosen.numbers == [8, 8, 7, 7, 7])
  }

  @Test("other work gives the same of truths as of floats")
  func others() throws {
    let (truths, floats) = try Self.twins([4, 8, 6], seed: 6)
    let math = Self.math
    let works: [(String, (Tensor) throws -> Tensor)] = [
      ("negate", { try math.apply(.negate, $0) }), ("transpose", { try math.transpose($0, [2, 0, 1]) }),
      ("part", { try math.part($0, [.slice(low: 1, high: 3), .place(2)]) }),
      ("places", { try math.part($0, [.places([3, 0]), .slice(low: 2, high: nil)]) }),
      ("one", { try math.part($0, [.place(1), .place(2), .place(3)]) }),
      ("reshape", { try math.reshape($0, [12, -1]) }), ("take", { try math.take($0, [2, 0, 2], axis: 1) }),
      ("gather", { try math.gather($0, try math.order($0, axis: 1, descending: true), axis: 1) }),
      ("concat", { try math.concatenate([$0, $0], axis: 1) }), ("choose", { try math.choose($0, $0) }),
      ("choose of numbers", { try math.choose(try TensorMathTests.tensor([4, 8, 6]), $0) }),
      ("sort", { try math.sort($0, axis: 1, descending: false) }), ("cumsum", { try math.cumulativeSum($0, axis: 2) }),
      ("argmax", { try math.extremePlaces($0, axis: 2, largest: true) }),
      ("softmax", { try math.softmax($0, axis: -1) }),
      ("product", { try math.product($0, try math.transpose($0, [0, 2, 1])) }),
      ("power", { try math.power($0, try Tensor([], [3])) }),
      ("remainder", { try math.remainder($0, try Tensor([], [2])) }),
      ("clamp", { try math.clamp($0, 0.25, 0.5) }), ("hadamard", { try math.hadamard($0, axis: 1) }),
      ("quantise", { try math.quantise($0, bits: 2, axis: -1, group: 3).codes }),
      ("svd", { try math.singularValues($0).s }), ("qr", { try math.orthogonal($0).r }),
    ]
    for (name, work) in works {
      let (found, expected) = (try work(truths), try work(floats))
      #expect(found == expected && found.element == expected.element, "\(name)")
    }
  }

  @Test("parts of truths stay bytes")
  func parts() throws {
    let (truths, _) = try Self.twins([40, 50])
    #expect(try Self.math.transpose(truths).isTruths)
    #expect(try Self.math.part(truths, [.place(3)]).isTruths)
    #expect(try Self.math.reshape(truths, [2_000]).isTruths)
    guard case .truths(let storage) = truths.storage else { return }
    #expect(storage.madeFloats == nil)
  }
}
