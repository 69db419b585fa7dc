import KernelABI

/// Many numbers into one, over all of a tensor or along axes.
extension TensorMath {
  /// What a reduction yields.
  public enum Reduction: String, CaseIterable, Sendable {
    case sum, mean, min, max
    /// Square root of the sum of squares.
    case norm
    /// Sum of magnitudes.
    case norm1
    /// The largest magnitude.
    case normInfinity

    var fold: TensorFold {
      switch self {
      case .sum, .mean: .sum
      case .min: .minimum
      case .max, .normInfinity: .maximum
      case .norm: .sumOfSquares
      case .norm1: .sumOfMagnitudes
      }
    }
  }

  /// All numbers into one.
  ///
  /// - Throws: `RuntimeProblem` K705 for mean, min or max of no numbers.
  public func reduce(_ reduction: Reduction, _ x: Tensor) throws -> Double {
    if x.count == 0, [.mean, .min, .max, .normInfinity].contains(reduction) {
      throw RuntimeProblem("K705", seen: "\(reduction.rawValue) of a tensor of shape \(x.shape)", expected: "numbers")
    }
    let x = reduction == .normInfinity && !x.isTruths ? try apply(.absolute, x) : x
    // The parts do not depend on the threads, so neither does the sum.
    let parts = max(1, (x.count + Self.partNumbers - 1) / Self.partNumbers)
    var results = [Double](repeating: 0, count: parts)
    results.withUnsafeMutableBufferPointer { buffer in
      guard let out = buffer.baseAddress else { return }
      func fold(_ part: Int) {
        let first = part * Self.partNumbers
        out[part] = self.fold(reduction.fold, x, from: first, count: Swift.min(x.count - first, Self.partNumbers))
      }
      // Disjoint results, one a part.
      nonisolated(unsafe) let unsafeFold = fold
      if let pool, parts > 1 { pool.run(parts) { unsafeFold($0) } } else { for part in 0..<parts { fold(part) } }
    }
    switch reduction {
    case .sum, .norm1: return results.reduce(0, +)
    case .mean: return results.reduce(0, +) / Double(x.count)
    case .norm: return results.reduce(0, +).squareRoot()
    case .min: return results.reduce(.infinity) { $0.isNaN || $1.isNaN ? .nan : Swift.min($0, $1) }
    case .max, .normInfinity: return results.reduce(-.infinity) { $0.isNaN || $1.isNaN ? .nan : Swift.max($0, $1) }
    }
  }

  /// One number for every place of the other axes.
  ///
  /// - Throws: `RuntimeProblem` K702 (axis), K705 for mean, min or max along an empty axis.
  public func reduce(_ reduction: Reduction, _ x: Tensor, axes: [Int], keeping: Bool) throws -> Tensor {
    let places = Set(try axes.map { try x.shape.axis($0) }).sorted(by: >)
    let numbers = places.reduce(1) { $0 * x.sizes[$1] }
    if numbers == 0, [.mean, .min, .max, .normInfinity].contains(reduction) {
      throw RuntimeProblem(
        "K705", seen: "\(reduction.rawValue) along axes of no elements of a tensor of shape \(x.shape)",
        expected: "numbers")
    }
    var result = x
    var fold = reduction.fold
    if reduction == .normInfinity, !x.isTruths { result = try apply(.absolute, result) }
    for place in places {
      result = try self.fold(fold, result, place, keeping: keeping)
      // Of what squares and magnitudes were summed to, the next axis takes plain sums.
      if fold == .sumOfSquares || fold == .sumOfMagnitudes { fold = .sum }
    }
    if places.isEmpty, reduction == .norm || reduction == .norm1 { return try apply(.absolute, x) }
    switch reduction {
    case .mean:
      return try apply(.multiply, result, Tensor(TensorShape(known: []), [1 / Float(numbers)]), sign: "mean")
    case .norm: return try apply(.squareRoot, result)
    default: return result.labelled(reduction == .sum || reduction == .norm1 ? .float32 : x.element)
    }
  }

  private func fold(_ fold: TensorFold, _ x: Tensor, _ axis: Int, keeping: Bool) throws -> Tensor {
    let (outer, size, inner) = x.shape.around(axis)
    let shape = x.shape.reduced(axis, keeping: keeping)
    let out = try memory(shape)
    if inner == 1 {
      shareRows(outer, width: size) { part in
        for row in part { out.base[row] = Float(self.fold(fold, x, from: row * size, count: size)) }
      }
      return Tensor(shape, out)
    }
    // Columns in strips that fit the cache; every strip of every outer row is a task.
    let strip = Swift.min(inner, 4_096)
    let strips = (inner + strip - 1) / strip
    shareRows(outer * strips, width: size * strip) { part in
      for task in part {
        let (row, first) = (task / strips, task % strips * strip)
        foldColumns(
          fold, x, from: row * size * inner + first, rows: size, stride: inner, width: Swift.min(strip, inner - first),
          out.base + row * inner + first)
      }
    }
    return Tensor(shape, out)
  }

  /// out[column] = fold of x[place + row * stride + column] over the rows; sums in runs of 64 rows, so that errors stay
  /// small.
  private func foldColumns(
    _ fold: TensorFold, _ x: Tensor, from place: Int, rows: Int, stride: Int, width: Int,
    _ out: UnsafeMutablePointer<Float>
  ) {
    let binary = kernels.tensors.binary
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * width) { area in
      guard let run = area.baseAddress else { return }
      let term = run + width
      guard fold != .minimum, fold != .maximum else {
        out.update(repeating: fold == .minimum ? .infinity : -.infinity, count: width)
        for row in 0..<rows {
          let source = read(x, place + row * stride, width, into: term)
          binary(fold == .minimum ? .minimum : .maximum, out, 1, source, 1, width, out)
        }
        return
      }
      let unary: TensorUnary? = fold == .sumOfSquares ? .square : fold == .sumOfMagnitudes ? .absolute : nil
      out.update(repeating: 0, count: width)
      for first in Swift.stride(from: 0, to: rows, by: 64) {
        run.update(repeating: 0, count: width)
        for row in first..<Swift.min(rows, first + 64) {
          var source = read(x, place + row * stride, width, into: term)
          if let unary {
            kernels.tensors.unary(unary, source, width, term)
            source = UnsafePointer(term)
          }
          binary(.add, run, 1, source, 1, width, run)
        }
        binary(.add, out, 1, run, 1, width, out)
      }
    }
  }

  /// Places of the largest or smallest numbers along an axis; the first of equal ones, and of NaN if there is any.
  ///
  /// - Throws: `RuntimeProblem` K702 (axis), K705 along an empty axis or one with more places than are exact.
  public func extremePlaces(_ x: Tensor, axis: Int, largest: Bool) throws -> Tensor {
    let axis = try x.shape.axis(axis)
    let (outer, size, inner) = x.shape.around(axis)
    try Self.checkPlaces(size, x.shape)
    let x = try floats(x)
    let shape = x.shape.reduced(axis, keeping: false)
    let out = try memory(shape)
    shareRows(outer, width: size * inner) { part in
      for row in part {
        if inner == 1 {
          out.base[row] = Float(extremePlace(x.base + row * size, size, largest: largest))
          continue
        }
        for column in 0..<inner {
          let line = x.base + row * size * inner + column
          var best = 0
          for place in 1..<Swift.max(size, 1) where !line[best * inner].isNaN {
            let (found, seen) = (line[best * inner], line[place * inner])
            if seen.isNaN || (largest ? seen > found : seen < found) { best = place }
          }
          out.base[row * inner + column] = Float(best)
        }
      }
    }
    return Tensor(shape, out, .int32)
  }

  /// The same of one line: runs are folded by the kernel, then only the winning one is walked.
  private func extremePlace(_ line: UnsafePointer<Float>, _ count: Int, largest: Bool) -> Int {
    let run = 128
    var (best, first) = (kernels.tensors.fold(largest ? .maximum : .minimum, line, Swift.min(run, count)), 0)
    for start in Swift.stride(from: run, to: count, by: run) where !best.isNaN {
      let found = kernels.tensors.fold(largest ? .maximum : .minimum, line + start, Swift.min(run, count - start))
      if found.isNaN || (largest ? found > best : found < best) { (best, first) = (found, start) }
    }
    let places = first..<Swift.min(first + run, count)
    return places.first { best.isNaN ? line[$0].isNaN : Double(line[$0]) == best } ?? first
  }

  static func checkPlaces(_ size: Int, _ shape: TensorShape) throws {
    guard size > 0, size <= 1 << 24 else {
      throw RuntimeProblem(
        "K705", seen: "places along an axis of \(size.grouped) of a tensor of shape \(shape)",
        expected: "1 to 16,777,216 elements")
    }
  }
}
