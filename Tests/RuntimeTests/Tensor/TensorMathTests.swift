import Foundation
import Testing

@testable import Runtime

/// Tensors against plain loops over small shapes, and what the threads may not change.
@Suite struct TensorMathTests {
  static let math = TensorMath(kernels: InstructionSet.available[0], pool: nil)
  static let threaded = TensorMath(kernels: InstructionSet.available[0], pool: WorkerPool(threads: 3))

  static func tensor(_ sizes: [Int], seed: Int = 1) throws -> Tensor {
    var draw = SeededNumbers(seed)
    return try Tensor(sizes, draw.numbers(sizes.reduce(1, *)))
  }

  /// The number of a tensor at places, each read as 0 along an axis of size 1 and left out where an axis is missing.
  static func at(_ x: Tensor, _ places: [Int]) -> Float {
    let own = places.suffix(x.sizes.count)
    var index = 0
    for (place, size) in zip(own, x.sizes) { index = index * size + (size == 1 ? 0 : place) }
    return x[index]
  }

  static func places(_ sizes: [Int]) -> [[Int]] {
    sizes.reduce([[]]) { found, size in found.flatMap { each in (0..<size).map { each + [$0] } } }
  }

  @Test(
    "shapes stretch as NumPy's do",
    arguments: [
      ([3], [3]), ([2, 3], [3]), ([3], [2, 3]), ([2, 1], [1, 4]), ([4, 1, 5], [3, 1]), ([2, 3, 4], [2, 1, 4]),
      ([1], [5]),
      ([], [2, 2]), ([2, 3, 1, 2], [3, 5, 1]), ([17, 1], [17, 33]), ([0, 3], [3]), ([5, 1, 1], [1, 6, 7]),
    ])
  func broadcast(a: [Int], b: [Int]) throws {
    let (x, y) = (try Self.tensor(a, seed: 1), try Self.tensor(b, seed: 2))
    let found = try Self.math.apply(.subtract, x, y, sign: "-")
    let places = Self.places(found.sizes)
    #expect(found.numbers == places.map { Self.at(x, $0) - Self.at(y, $0) })
    let dimensions = max(a.count, b.count)
    let pad = { (sizes: [Int]) in [Int](repeating: 1, count: dimensions - sizes.count) + sizes }
    #expect(found.sizes == zip(pad(a), pad(b)).map { $0 == 1 ? $1 : $0 })
    let condition = try Self.math.apply(.less, x, y, sign: "<")
    #expect(condition.element == .bool && condition.isTruths)
    #expect(
      try Self.math.select(condition, x, y).numbers == places.map { min(Self.at(x, $0), Self.at(y, $0)) })
  }

  @Test("shapes that do not stretch to one are refused with both")
  func shapes() throws {
    let problem = #expect(throws: RuntimeProblem.self) {
      try Self.math.apply(.add, try Self.tensor([2, 3]), try Self.tensor([2, 4]), sign: "+")
    }
    #expect(problem?.code == "K701")
    #expect(problem?.seen == "`+` of the shapes [2, 3] and [2, 4]")
    #expect(problem?.expected == "from the last axis on equal sizes, or 1 on one side (3 and 4 differ)")
  }

  @Test("reductions along every axis and set of axes equal plain sums", arguments: TensorMath.Reduction.allCases)
  func reductions(_ reduction: TensorMath.Reduction) throws {
    let x = try Self.tensor([3, 70, 5], seed: 3)
    for axes in [[0], [1], [2], [-1], [0, 1], [0, 2], [1, 2], [0, 1, 2]] {
      let found = try Self.math.reduce(reduction, x, axes: axes, keeping: true)
      let reduced = Set(axes.map { ($0 + 3) % 3 })
      #expect(found.sizes == x.sizes.enumerated().map { reduced.contains($0.offset) ? 1 : $0.element })
      for place in Self.places(found.sizes) {
        let numbers = Self.places(x.sizes).filter { each in
          (0..<3).allSatisfy { reduced.contains($0) || each[$0] == place[$0] }
        }.map { Double(Self.at(x, $0)) }
        let expected: Double =
          switch reduction {
          case .sum: numbers.reduce(0, +)
          case .mean: numbers.reduce(0, +) / Double(numbers.count)
          case .min: numbers.min() ?? 0
          case .max: numbers.max() ?? 0
          case .norm: numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
          case .norm1: numbers.reduce(0) { $0 + abs($1) }
          case .normInfinity: numbers.map(abs).max() ?? 0
          }
        let size = numbers.reduce(0) { $0 + abs($1) }
        #expect(abs(Double(Self.at(found, place)) - expected) < 1e-6 * size)
      }
      let dropped = try Self.math.reduce(reduction, x, axes: axes, keeping: false)
      #expect(dropped.numbers == found.numbers)
      #expect(dropped.sizes == x.sizes.enumerated().filter { !reduced.contains($0.offset) }.map(\.element))
    }
    let whole = try Self.math.reduce(reduction, x)
    #expect(abs(whole - Double(try Self.math.reduce(reduction, x, axes: [0, 1, 2], keeping: false)[0])) < 1e-3)
  }

  @Test("threads change no bit")
  func threads() throws {
    let x = try Self.math.normal([7, 1_000, 64], seed: 5)
    #expect(try Self.threaded.normal([7, 1_000, 64], seed: 5) == x)
    for reduction in TensorMath.Reduction.allCases {
      #expect(try Self.math.reduce(reduction, x) == Self.threaded.reduce(reduction, x))
      for axis in 0..<3 {
        #expect(
          try Self.math.reduce(reduction, x, axes: [axis], keeping: false)
            == Self.threaded.reduce(reduction, x, axes: [axis], keeping: false))
      }
    }
    let y = try Self.math.normal([1_000, 1], seed: 6)
    #expect(try Self.math.apply(.divide, x, y, sign: "/") == Self.threaded.apply(.divide, x, y, sign: "/"))
    #expect(try Self.math.softmax(x, axis: 1) == Self.threaded.softmax(x, axis: 1))
    let w = try Self.math.normal([64, 50], seed: 7)
    #expect(try Self.math.product(x, w) == Self.threaded.product(x, w))
    #expect(try Self.math.sort(x, axis: 1, descending: true) == Self.threaded.sort(x, axis: 1, descending: true))
  }

  @Test("a call from inside a task runs, and gives the same")
  func nested() throws {
    let x = try Self.math.normal([1 << 18], seed: 1)
    let expected = try Self.math.reduce(.sum, x)
    let pool = WorkerPool(threads: 3)
    let inner = TensorMath(kernels: InstructionSet.available[0], pool: pool)
    let results = AlignedBuffer<Double>(count: 8)
    pool.run(8) { task in results.base[task] = (try? inner.reduce(.sum, x)) ?? .nan }
    #expect((0..<8).allSatisfy { results.base[$0] == expected })
  }

  @Test(
    "matrix products equal plain sums",
    arguments: [
      ([3, 4], [4, 5]), ([4], [4]), ([4], [4, 3]), ([3, 4], [4]), ([2, 3, 4], [4, 16]), ([2, 3, 4], [2, 4, 2]),
      ([2, 1, 3, 4], [5, 4, 17]), ([70, 33], [33, 48]), ([1, 1], [1, 1]), ([2, 0], [0, 3]),
    ])
  func products(a: [Int], b: [Int]) throws {
    let (x, y) = (try Self.tensor(a, seed: 8), try Self.tensor(b, seed: 9))
    let found = try Self.math.product(x, y)
    let (left, right) = (a.count == 1 ? [1] + a : a, b.count == 1 ? b + [1] : b)
    let (p, q) = (try Self.math.reshape(x, left), try Self.math.reshape(y, right))
    let lead = try TensorShape(Array(left.dropLast(2))).broadcast(with: TensorShape(Array(right.dropLast(2))), for: "@")
    var expected: [Double] = []
    for place in Self.places(lead.sizes + [left[left.count - 2], right[right.count - 1]]) {
      let (row, column) = (place[place.count - 2], place[place.count - 1])
      let outer = Array(place.dropLast(2))
      expected.append(
        (0..<left[left.count - 1]).reduce(0.0) {
          $0 + Double(Self.at(p, outer + [row, $1])) * Double(Self.at(q, outer + [$1, column]))
        })
    }
    #expect(found.count == expected.count)
    #expect(zip(found.numbers, expected).allSatisfy { abs(Double($0) - $1) < 1e-4 * (1 + abs($1)) })
    let sizes =
      lead.sizes + (a.count == 1 ? [] : [left[left.count - 2]]) + (b.count == 1 ? [] : [right[right.count - 1]])
    #expect(found.sizes == sizes)
  }

  @Test("parts, transposes and joins hold the numbers that their places say")
  func parts() throws {
    let x = try Self.tensor([4, 5, 6], seed: 10)
    let part = try Self.math.part(x, [.slice(low: 1, high: -1), .place(-2), .places([5, 0, 0])])
    #expect(part.sizes == [2, 3])
    #expect(part.numbers == Self.places([2, 3]).map { Self.at(x, [$0[0] + 1, 3, [5, 0, 0][$0[1]]]) })
    #expect(try Self.math.part(x, [.slice(low: 3, high: 1)]).sizes == [0, 5, 6])
    #expect(try Self.math.part(x, [.slice(low: -100, high: 100)]) == x)
    let turned = try Self.math.transpose(x, [2, 0, 1])
    #expect(turned.numbers == Self.places([6, 4, 5]).map { Self.at(x, [$0[1], $0[2], $0[0]]) })
    #expect(try Self.math.transpose(try Self.math.transpose(x)) == x)
    let halves = try [0, 1, 2].map { axis in
      let cut = { (low: Int?, high: Int?) in
        [TensorMath.Subscript](repeating: .slice(low: nil, high: nil), count: axis) + [.slice(low: low, high: high)]
      }
      return try Self.math.concatenate(
        [try Self.math.part(x, cut(nil, 2)), try Self.math.part(x, cut(2, nil))], axis: axis)
    }
    #expect(halves.allSatisfy { $0 == x })
    #expect(throws: RuntimeProblem.self) { try Self.math.part(x, [.place(4)]) }
    #expect(throws: RuntimeProblem.self) { try Self.math.part(x, [.place(-5)]) }
    #expect(throws: RuntimeProblem.self) { try Self.math.reshape(x, [7, -1]) }
  }

  @Test("order, largest numbers and running sums equal those of plain lists")
  func order() throws {
    let x = try Self.tensor([2, 9, 3], seed: 11)
    for axis in 0..<3 {
      let last = try Self.math.transpose(x, [0, 1, 2].filter { $0 != axis } + [axis])
      func lines(_ t: Tensor) throws -> [[Float]] {
        let turned = try Self.math.transpose(t, [0, 1, 2].filter { $0 != axis } + [axis])
        let width = turned.sizes[2]
        return stride(from: 0, to: turned.count, by: max(width, 1)).map { Array(turned.numbers[$0..<$0 + width]) }
      }
      let plain = try lines(x)
      #expect(last.count == x.count)
      #expect(try lines(Self.math.sort(x, axis: axis, descending: false)) == plain.map { $0.sorted() })
      let k = min(2, x.sizes[axis])
      let top = try Self.math.largest(x, count: k, axis: axis)
      #expect(try lines(top.values) == plain.map { Array($0.sorted(by: >).prefix(k)) })
      #expect(
        try lines(top.places)
          == plain.map { line in line.sorted(by: >).prefix(k).map { Float(line.firstIndex(of: $0) ?? -1) } })
      #expect(
        try lines(Self.math.cumulativeSum(x, axis: axis))
          == plain.map { line in line.indices.map { Float(line[...$0].reduce(0.0) { $0 + Double($1) }) } })
      let best = try Self.math.extremePlaces(x, axis: axis, largest: true)
      #expect(best.numbers == plain.map { line in Float(line.firstIndex(of: line.max() ?? 0) ?? -1) })
    }
    let ties = try Tensor([5], [2, 7, .nan, 7, 2])
    #expect(try Self.math.order(ties, axis: 0, descending: true).numbers == [1, 3, 0, 4, 2])
    #expect(try Self.math.extremePlaces(ties, axis: 0, largest: false).numbers == [2])
  }

  @Test("an extreme stands at the first of equal numbers, in lines of any length", arguments: [1, 127, 128, 129, 400])
  func extremePlaces(count: Int) throws {
    for place in Set([0, count / 2, count - 1]) {
      var numbers = (0..<count).map { Float($0 % 7) }
      numbers[place] = 9
      numbers[count - 1] = 9
      let line = try Tensor([1, count], numbers)
      #expect(try Self.math.extremePlaces(line, axis: 1, largest: true).numbers == [Float(place)])
      let mirrored = try Tensor([1, count], numbers.map { -$0 })
      #expect(try Self.math.extremePlaces(mirrored, axis: 1, largest: false).numbers == [Float(place)])
      numbers[place] = .nan
      let strange = try Tensor([1, count], numbers)
      #expect(try Self.math.extremePlaces(strange, axis: 1, largest: true).numbers == [Float(place)])
    }
  }

  @Test("a tensor too large is refused before any memory is taken")
  func tooLarge() {
    for sizes in [[1 << 40], [1 << 20, 1 << 20], [Int.max, Int.max], [1 << 29, 2]] {
      let problem = #expect(throws: RuntimeProblem.self) { try Self.math.full(sizes, 0) }
      #expect(problem?.code == "K704", "\(sizes)")
    }
    #expect(throws: RuntimeProblem.self) { try Self.math.full([-1], 0) }
    #expect(throws: RuntimeProblem.self) { try Self.math.full([Int](repeating: 1, count: 9), 0) }
    #expect(throws: RuntimeProblem.self) { try Self.math.range(from: 0, to: 1e18, by: 1) }
    #expect(throws: RuntimeProblem.self) { try Self.math.range(from: 0, to: 1, by: 0) }
  }

  @Test("normal numbers have mean 0 and deviation 1, and a longer tensor begins like a shorter one")
  func normal() throws {
    let x = try Self.math.normal([100_001], seed: 3)
    #expect(abs(try Self.math.reduce(.mean, x)) < 0.02)
    #expect(abs(try Self.math.reduce(.norm, x) / Double(x.count).squareRoot() - 1) < 0.02)
    #expect(try Self.math.normal([77], seed: 3).numbers == Array(x.numbers[..<77]))
    #expect(try Self.math.normal([77], seed: 4).numbers != Array(x.numbers[..<77]))
  }
}
