import Foundation
import Testing

@testable import Runtime

/// Softmax, attention, rounding, rotations and decompositions.
@Suite struct TensorAttentionTests {
  private let math = TensorMathTests.math

  @Test("softmax is e^x over its sum, also of numbers whose exponentials overflow")
  func softmax() throws {
    let x = try Tensor([2, 3], [1_000, 1_001, 1_002, -.infinity, 0, -2])
    let found = try math.softmax(x, axis: -1).numbers
    let sum = 1 + exp(-1.0) + exp(-2.0)
    let expected = [exp(-2.0) / sum, exp(-1.0) / sum, 1 / sum, 0, 1 / (1 + exp(-2.0)), exp(-2.0) / (1 + exp(-2.0))]
    #expect(zip(found, expected).allSatisfy { abs(Double($0) - $1) < 1e-6 })
    #expect(found[3] == 0)
    let turned = try math.transpose(try math.softmax(try math.transpose(x), axis: 0))
    #expect(turned.numbers == found)
  }

  @Test("attention of grouped heads equals sums written out, with and without a mask", arguments: [false, true])
  func attention(causal: Bool) throws {
    let (heads, kvHeads, queries, keys, dim) = (4, 2, 3, 5, 8)
    let q = try TensorMathTests.tensor([heads, queries, dim], seed: 1)
    let k = try TensorMathTests.tensor([kvHeads, keys, dim], seed: 2)
    let v = try TensorMathTests.tensor([kvHeads, keys, dim], seed: 3)
    let found = try math.attention(q, k, v, causal: causal)
    for head in 0..<heads {
      for query in 0..<queries {
        let seen = causal ? keys - queries + query + 1 : keys
        let scores = (0..<seen).map { key in
          (0..<dim).reduce(0.0) {
            $0 + Double(TensorMathTests.at(q, [head, query, $1])) * Double(TensorMathTests.at(k, [head / 2, key, $1]))
          } / Double(dim).squareRoot()
        }
        let top = scores.max() ?? 0
        let total = scores.reduce(0) { $0 + exp($1 - top) }
        for channel in 0..<dim {
          let expected = (0..<seen).reduce(0.0) {
            $0 + exp(scores[$1] - top) / total * Double(TensorMathTests.at(v, [head / 2, $1, channel]))
          }
          #expect(abs(Double(TensorMathTests.at(found.output, [head, query, channel])) - expected) < 1e-4)
        }
        for key in seen..<keys { #expect(TensorMathTests.at(found.weights, [head, query, key]) == 0) }
      }
    }
    let problem = #expect(throws: RuntimeProblem.self) {
      try math.attention(q, v, try math.part(v, [.place(0)]), causal: false)
    }
    #expect(problem?.code == "K701")
  }

  @Test(
    "rounding gives the codes and numbers that KIVI's own code gives",
    .enabled(if: GoldenFolder.has("quant.safetensors")))
  func quantiseAsKivi() throws {
    let file = try SafetensorsFile(path: GoldenFolder.url.appendingPathComponent("quant.safetensors").path)
    for bits in [2, 4] {
      let k = try Tensor([3, 160, 64], try file.float32("rand.k"))
      let v = try Tensor([3, 160, 64], try file.float32("rand.v"))
      let keys = try math.quantise(
        try math.part(k, [.slice(low: nil, high: nil), .slice(low: 0, high: 128)]), bits: bits, axis: 1, group: 32)
      let hat = try Tensor([3, 160, 64], try file.float32("rand.kivi\(bits).k_hat"))
      let expected = try math.part(hat, [.slice(low: nil, high: nil), .slice(low: 0, high: 128)])
      #expect(zip(keys.restored.numbers, expected.numbers).allSatisfy { abs($0 - $1) < 1e-4 })
      let values = try math.quantise(
        try math.part(v, [.slice(low: nil, high: nil), .slice(low: 0, high: 32)]), bits: bits, axis: 2, group: 32)
      let valueHat = try Tensor([3, 160, 64], try file.float32("rand.kivi\(bits).v_hat"))
      let expectedValues = try math.part(valueHat, [.slice(low: nil, high: nil), .slice(low: 0, high: 32)])
      #expect(zip(values.restored.numbers, expectedValues.numbers).allSatisfy { abs($0 - $1) < 1e-4 })
    }
  }

  @Test("codes, scales and minima restore the numbers; a last group takes what is left; one number is kept")
  func quantise() throws {
    let x = try TensorMathTests.tensor([3, 10, 4], seed: 5)
    for axis in 0..<3 {
      let found = try math.quantise(x, bits: 3, axis: axis, group: 4)
      #expect(found.codes.numbers.allSatisfy { $0 >= 0 && $0 <= 7 && $0 == $0.rounded() })
      #expect(found.scales.sizes[axis] == (x.sizes[axis] + 3) / 4)
      for place in TensorMathTests.places(x.sizes) {
        var group = place
        group[axis] /= 4
        let scale = TensorMathTests.at(found.scales, group)
        let back = TensorMathTests.at(found.codes, place) * scale + TensorMathTests.at(found.minima, group)
        #expect(TensorMathTests.at(found.restored, place) == back)
        #expect(abs(back - TensorMathTests.at(x, place)) <= scale * 0.5001 + 1e-6)
      }
    }
    #expect(try math.quantise(try Tensor([2], [5, 5]), bits: 2, axis: 0, group: nil).restored.numbers == [5, 5])
    #expect(throws: RuntimeProblem.self) {
      try math.quantise(try Tensor([2], [5, .nan]), bits: 2, axis: 0, group: nil)
    }
  }

  @Test("the Hadamard matrix of 4, and a rotation that undoes itself along any axis")
  func hadamard() throws {
    let half: Float = 0.5
    #expect(
      try math.hadamard(size: 4).numbers == [1, 1, 1, 1, 1, -1, 1, -1, 1, 1, -1, -1, 1, -1, -1, 1].map { $0 * half })
    let x = try TensorMathTests.tensor([2, 8, 4], seed: 6)
    for axis in 0..<3 {
      let twice = try math.hadamard(try math.hadamard(x, axis: axis), axis: axis)
      #expect(zip(twice.numbers, x.numbers).allSatisfy { abs($0 - $1) < 1e-5 })
    }
    #expect(throws: RuntimeProblem.self) { try math.hadamard(try Tensor([3], [1, 2, 3]), axis: 0) }
  }

  @Test(
    "svd and qr multiply back to the matrix, with orthonormal factors",
    arguments: [[5, 3], [3, 5], [4, 4], [2, 6, 3], [1, 1]])
  func factors(sizes: [Int]) throws {
    let x = try TensorMathTests.tensor(sizes, seed: 7)
    func isNear(_ a: Tensor, _ b: Tensor) -> Bool {
      a.sizes == b.sizes && zip(a.numbers, b.numbers).allSatisfy { abs($0 - $1) < 1e-4 }
    }
    func gram(_ a: Tensor) throws -> Tensor {
      var order = Array(a.sizes.indices)
      order.swapAt(a.sizes.count - 1, a.sizes.count - 2)
      return try math.product(try math.transpose(a, order), a)
    }
    let (u, s, vt) = try math.singularValues(x)
    let k = min(sizes[sizes.count - 1], sizes[sizes.count - 2])
    let spread = try math.reshape(s, Array(sizes.dropLast(2)) + [1, k])
    #expect(isNear(try math.product(try math.apply(.multiply, u, spread, sign: "*"), vt), x))
    #expect(s.numbers.allSatisfy { $0 >= 0 })
    let one = try math.identity(k)
    let stack = try math.apply(.multiply, one, try math.full(Array(sizes.dropLast(2)) + [1, 1], 1), sign: "*")
    let expected = sizes.count > 2 ? stack : one
    #expect(isNear(try gram(u), expected))
    let (q, r) = try math.orthogonal(x)
    #expect(isNear(try math.product(q, r), x))
    #expect(isNear(try gram(q), expected))
    for place in TensorMathTests.places(r.sizes) where place[place.count - 2] > place[place.count - 1] {
      #expect(TensorMathTests.at(r, place) == 0)
    }
    #expect(throws: RuntimeProblem.self) { try math.singularValues(try Tensor([1, 2], [.nan, 1])) }
    #expect(throws: RuntimeProblem.self) { try math.orthogonal(try Tensor([2], [1, 2])) }
  }
}
