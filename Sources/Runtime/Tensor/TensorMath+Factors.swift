import CLapack

/// Decompositions by LAPACK, in double precision inside.
extension TensorMath {
  /// Rows and columns that LAPACK's 32-bit sizes and a patient reader allow.
  private static let mostSide = 8_192

  /// x = (u * s) @ vt for a matrix or each matrix of a stack; k = min(rows, columns).
  ///
  /// - Returns: u [.., rows, k], s [.., k] descending, vt [.., k, columns].
  /// - Throws: `RuntimeProblem` K705 for no matrix or one too large, K707 if LAPACK finds none.
  public func singularValues(_ x: Tensor) throws -> (u: Tensor, s: Tensor, vt: Tensor) {
    let (lead, rows, columns) = try Self.matrix(x, "svd")
    let x = try floats(x)
    let k = min(rows, columns)
    let u = try memory(TensorShape(lead + [rows, k]))
    let s = try memory(TensorShape(lead + [k]))
    let vt = try memory(TensorShape(lead + [k, columns]))
    for index in 0..<(lead.reduce(1, *)) {
      var a = Self.doubles(x.base + index * rows * columns, rows * columns)
      try Self.checkFinite(a, "svd", x.shape)
      // Read by columns, the matrix is its own transpose, and so the factors change places.
      var (m, n, least, lwork, info): (Int32, Int32, Int32, Int32, Int32) =
        (Int32(columns), Int32(rows), Int32(k), -1, 0)
      var left = [Double](repeating: 0, count: columns * k)
      var right = [Double](repeating: 0, count: k * rows)
      var values = [Double](repeating: 0, count: k)
      var places = [Int32](repeating: 0, count: 8 * k)
      var query = [0.0]
      dgesdd_("S", &m, &n, &a, &m, &values, &left, &m, &right, &least, &query, &lwork, &places, &info, 1)
      lwork = Int32(query[0])
      var work = [Double](repeating: 0, count: Int(lwork))
      dgesdd_("S", &m, &n, &a, &m, &values, &left, &m, &right, &least, &work, &lwork, &places, &info, 1)
      guard info == 0 else { throw Self.failed("svd", x.shape) }
      for place in 0..<k * rows { u.base[index * rows * k + place] = Float(right[place]) }
      for place in 0..<k { s.base[index * k + place] = Float(values[place]) }
      for place in 0..<k * columns { vt.base[index * k * columns + place] = Float(left[place]) }
    }
    return (
      Tensor(TensorShape(known: lead + [rows, k]), u), Tensor(TensorShape(known: lead + [k]), s),
      Tensor(TensorShape(known: lead + [k, columns]), vt)
    )
  }

  /// x = q @ r with orthonormal columns of q and r upper triangular; k = min(rows, columns).
  ///
  /// - Returns: q [.., rows, k], r [.., k, columns].
  /// - Throws: `RuntimeProblem` K705 for no matrix or one too large, K707 if LAPACK finds none.
  public func orthogonal(_ x: Tensor) throws -> (q: Tensor, r: Tensor) {
    let (lead, rows, columns) = try Self.matrix(x, "qr")
    let x = try floats(x)
    let k = min(rows, columns)
    let q = try memory(TensorShape(lead + [rows, k]))
    let r = try memory(TensorShape(lead + [k, columns]))
    for index in 0..<(lead.reduce(1, *)) {
      let source = Self.doubles(x.base + index * rows * columns, rows * columns)
      try Self.checkFinite(source, "qr", x.shape)
      var a = [Double](repeating: 0, count: rows * columns)
      for row in 0..<rows { for column in 0..<columns { a[column * rows + row] = source[row * columns + column] } }
      var (m, n, least, info): (Int32, Int32, Int32, Int32) = (Int32(rows), Int32(columns), Int32(k), 0)
      var tau = [Double](repeating: 0, count: k)
      var lwork = Int32(64 * max(columns, 1))
      var work = [Double](repeating: 0, count: Int(lwork))
      dgeqrf_(&m, &n, &a, &m, &tau, &work, &lwork, &info)
      guard info == 0 else { throw Self.failed("qr", x.shape) }
      for row in 0..<k {
        for column in row..<columns { r.base[(index * k + row) * columns + column] = Float(a[column * rows + row]) }
      }
      dorgqr_(&m, &least, &least, &a, &m, &tau, &work, &lwork, &info)
      guard info == 0 else { throw Self.failed("qr", x.shape) }
      for row in 0..<rows {
        for column in 0..<k { q.base[(index * rows + row) * k + column] = Float(a[column * rows + row]) }
      }
    }
    return (Tensor(TensorShape(known: lead + [rows, k]), q), Tensor(TensorShape(known: lead + [k, columns]), r))
  }

  private static func matrix(_ x: Tensor, _ name: String) throws -> (lead: [Int], rows: Int, columns: Int) {
    let sides = x.sizes.suffix(2)
    guard sides.count == 2, let rows = sides.first, let columns = sides.last, sides.allSatisfy({ 1...mostSide ~= $0 })
    else {
      throw RuntimeProblem(
        "K705", seen: "`\(name)` of a tensor of shape \(x.shape)",
        expected: "a matrix of 1 to \(mostSide.grouped) rows and columns, or a stack of them")
    }
    return (Array(x.sizes.dropLast(2)), rows, columns)
  }

  private static func doubles(_ x: UnsafePointer<Float>, _ count: Int) -> [Double] { (0..<count).map { Double(x[$0]) } }

  private static func checkFinite(_ numbers: [Double], _ name: String, _ shape: TensorShape) throws {
    // LAPACK may never end on NaN.
    guard numbers.allSatisfy(\.isFinite) else { throw failed(name, shape) }
  }

  private static func failed(_ name: String, _ shape: TensorShape) -> RuntimeProblem {
    RuntimeProblem("K707", seen: "`\(name)` of a tensor of shape \(shape) failed", expected: "finite numbers")
  }
}
