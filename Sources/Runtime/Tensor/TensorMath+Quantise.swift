import KernelABI

/// Rounding to few bits, and rotations before it.
extension TensorMath {
  /// What `quantise` yields.
  public struct Quantised: Sendable {
    /// codes * scales + minima: what a packed cache would read, in the tensor's shape.
    public let restored: Tensor
    public let codes: Tensor
    /// One a group: the tensor's shape with the number of groups along the axis.
    public let scales: Tensor
    public let minima: Tensor
  }

  /// Rounds groups of numbers along an axis to 2^bits levels from their smallest to their largest, ties to even.
  ///
  /// Along the last axis of [heads, tokens, channels] a group lies inside a token ("per token"), along the last but one
  /// inside a channel ("per channel"): see the sheet of KIVI.
  ///
  /// - Parameter group: numbers that share a scale; nil is the whole axis. The last group takes what is left.
  /// - Throws: `RuntimeProblem` K702 (axis), K705 for numbers that are not finite.
  public func quantise(_ x: Tensor, bits: Int, axis: Int, group: Int?) throws -> Quantised {
    let axis = try x.shape.axis(axis)
    guard x.count > 0 else {
      throw RuntimeProblem("K705", seen: "`quantize` of a tensor of shape \(x.shape)", expected: "numbers")
    }
    guard axis == x.shape.dimensions - 1 else {
      var order = Array(x.sizes.indices)
      order.swapAt(axis, x.shape.dimensions - 1)
      let inner = try quantise(try transpose(x, order), bits: bits, axis: -1, group: group)
      return Quantised(
        restored: try transpose(inner.restored, order), codes: try transpose(inner.codes, order),
        scales: try transpose(inner.scales, order), minima: try transpose(inner.minima, order))
    }
    let width = x.sizes[axis]
    let group = min(max(1, group ?? width), width)
    let groups = (width + group - 1) / group
    let (low, high) = (try reduce(.min, x), try reduce(.max, x))
    guard low.isFinite, high.isFinite, (high - low).isFinite else {
      throw RuntimeProblem("K705", seen: "`quantize` of numbers from \(low) to \(high)", expected: "finite numbers")
    }
    let few = TensorShape(known: x.sizes.dropLast() + [groups])
    let x = try floats(x)
    let (restored, codes) = (try memory(x.shape), try memory(x.shape))
    let (scales, minima) = (try memory(few), try memory(few))
    let most = Float(1 << bits) - 1
    shareRows(x.count / width, width: width) { part in
      for row in part {
        for index in 0..<groups {
          let first = row * width + index * group
          let count = min(group, width - index * group)
          let least = Float(kernels.tensors.fold(.minimum, x.base + first, count))
          let scale = (Float(kernels.tensors.fold(.maximum, x.base + first, count)) - least) / most
          kernels.tensors.roundToCodes(
            x.base + first, count, least, scale, most, codes.base + first, restored.base + first)
          scales.base[row * groups + index] = scale
          minima.base[row * groups + index] = least
        }
      }
    }
    return Quantised(
      restored: Tensor(x.shape, restored), codes: Tensor(x.shape, codes, .int32), scales: Tensor(few, scales),
      minima: Tensor(few, minima))
  }

  /// The Walsh-Hadamard transform of each line along an axis, over the square root of its length: a rotation.
  ///
  /// - Throws: `RuntimeProblem` K702 (axis), K705 if the axis is no power of two.
  public func hadamard(_ x: Tensor, axis: Int) throws -> Tensor {
    let axis = try x.shape.axis(axis)
    let (outer, size, inner) = x.shape.around(axis)
    guard size > 0, size & (size - 1) == 0 else {
      throw RuntimeProblem(
        "K705", seen: "`hadamard` along an axis of \(size) of a tensor of shape \(x.shape)",
        expected: "a power of two, such as 64")
    }
    let x = try floats(x)
    let out = try memory(x.shape)
    let factor = 1 / Float(size).squareRoot()
    let binary = kernels.tensors.binary
    shareRows(outer, width: size * inner) { part in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: inner) { area in
        guard let spare = area.baseAddress else { return }
        for row in part {
          let line = out.base + row * size * inner
          line.update(from: x.base + row * size * inner, count: size * inner)
          var half = 1
          while half < size {
            for place in 0..<size where place & half == 0 {
              let (a, b) = (line + place * inner, line + (place + half) * inner)
              binary(.subtract, a, 1, b, 1, inner, spare)
              binary(.add, a, 1, b, 1, inner, a)
              b.update(from: spare, count: inner)
            }
            half *= 2
          }
          kernels.scale(line, factor, size * inner)
        }
      }
    }
    return Tensor(x.shape, out)
  }

  /// The matrix of the transform. // [size, size]
  ///
  /// - Throws: `RuntimeProblem` K705 if the size is no power of two.
  public func hadamard(size: Int) throws -> Tensor { try hadamard(try identity(size), axis: -1) }

  /// Ones on the diagonal. // [size, size]
  ///
  /// - Throws: `RuntimeProblem` K703 for a negative size, K704 for one too large.
  public func identity(_ size: Int) throws -> Tensor {
    let shape = try TensorShape([size, size])
    let out = try memory(shape)
    for place in 0..<size { out.base[place * size + place] = 1 }
    return Tensor(shape, out)
  }
}
