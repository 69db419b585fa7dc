import KernelABI

/// Order and running sums along an axis.
extension TensorMath {
  /// Runs `body` on each line along an axis as contiguous numbers; it writes `out`, `size` or fewer numbers a line.
  private func lines(
    _ x: Tensor, _ axis: Int, out size: Int, element: Tensor.Element,
    _ body: (UnsafeMutableBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
  ) throws -> Tensor {
    let x = try floats(x)
    let (outer, length, inner) = x.shape.around(axis)
    var sizes = x.sizes
    sizes[axis] = size
    let shape = TensorShape(known: sizes)
    let out = try memory(shape)
    shareRows(outer * inner, width: length) { part in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: length + size) { area in
        let numbers = x.base
        let source = UnsafeMutableBufferPointer(rebasing: area[..<length])
        let target = UnsafeMutableBufferPointer(rebasing: area[length...])
        for line in part {
          let (row, column) = (line / inner, line % inner)
          for place in 0..<length { source[place] = numbers[(row * length + place) * inner + column] }
          body(source, target)
          for place in 0..<size { out.base[(row * size + place) * inner + column] = target[place] }
        }
      }
    }
    return Tensor(shape, out, element)
  }

  /// Sums of a line up to and with each number.
  ///
  /// - Throws: `RuntimeProblem` K702 (axis).
  public func cumulativeSum(_ x: Tensor, axis: Int) throws -> Tensor {
    let axis = try x.shape.axis(axis)
    return try lines(x, axis, out: x.sizes[axis], element: .float32) { source, target in
      var total = 0.0
      for place in source.indices {
        total += Double(source[place])
        target[place] = Float(total)
      }
    }
  }

  /// Each line in order; NaN stands last.
  ///
  /// - Throws: `RuntimeProblem` K702 (axis).
  public func sort(_ x: Tensor, axis: Int, descending: Bool) throws -> Tensor {
    let axis = try x.shape.axis(axis)
    return try lines(x, axis, out: x.sizes[axis], element: x.element) { source, target in
      for place in source.indices { target[place] = source[place] }
      var line = target
      line.sort { Self.precedes($0, $1, descending) }
    }
  }

  /// Places that put each line in order; equal numbers by place.
  ///
  /// - Throws: `RuntimeProblem` K702 (axis), K705 for an axis with more places than are exact.
  public func order(_ x: Tensor, axis: Int, descending: Bool) throws -> Tensor {
    let axis = try x.shape.axis(axis)
    try Self.checkPlaces(x.sizes[axis], x.shape)
    return try lines(x, axis, out: x.sizes[axis], element: .int32) { source, target in
      for (index, place) in Self.ranked(source, descending).enumerated() { target[index] = Float(place) }
    }
  }

  /// The k largest numbers of each line, largest first, and their places; equal numbers by place.
  ///
  /// - Throws: `RuntimeProblem` K702 (axis), K705 if the axis has fewer than k elements.
  public func largest(_ x: Tensor, count k: Int, axis: Int) throws -> (values: Tensor, places: Tensor) {
    let axis = try x.shape.axis(axis)
    guard k >= 0, k <= x.sizes[axis] else {
      throw RuntimeProblem(
        "K705", seen: "topk of \(k) along axis \(axis) of a tensor of shape \(x.shape)",
        expected: "0 to \(x.sizes[axis])")
    }
    try Self.checkPlaces(x.sizes[axis], x.shape)
    let places = try lines(x, axis, out: k, element: .int32) { source, target in
      for (index, place) in Self.ranked(source, true).prefix(k).enumerated() { target[index] = Float(place) }
    }
    return (try gather(x, places, axis: axis), places)
  }

  private static func ranked(_ line: UnsafeMutableBufferPointer<Float>, _ descending: Bool) -> [Int] {
    line.indices.sorted { a, b in
      if precedes(line[a], line[b], descending) { return true }
      return precedes(line[b], line[a], descending) ? false : a < b
    }
  }

  private static func precedes(_ a: Float, _ b: Float, _ descending: Bool) -> Bool {
    if a.isNaN || b.isNaN { return !a.isNaN }
    return descending ? a > b : a < b
  }
}
