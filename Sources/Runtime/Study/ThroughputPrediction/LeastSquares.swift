/// Linear least squares by Householder's reflections.
enum LeastSquares {
  /// The coefficients that bring `design` nearest to `targets`; 0 for a column that those before it already span.
  ///
  /// - Parameter design: // [rows][columns], all rows alike
  static func solve(_ design: [[Double]], _ targets: [Double]) -> [Double] {
    let (rows, columns) = (design.count, design.first?.count ?? 0)
    guard columns > 0 else { return [] }
    // By column, so that the inner loops run through memory in order.
    var matrix = (0..<columns).map { column in design.map { $0[column] } }
    var right = targets
    var pivots: [(row: Int, column: Int)] = []
    for column in 0..<columns where pivots.count < rows {
      let top = pivots.count
      let whole = matrix[column].reduce(0) { $0 + $1 * $1 }.squareRoot()
      let norm = matrix[column][top...].reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard norm > whole * 1e-12, norm > 0 else { continue }
      var vector = Array(matrix[column][top...])
      vector[0] += vector[0] < 0 ? -norm : norm
      let squares = vector.reduce(0) { $0 + $1 * $1 }
      for other in column..<columns { reflect(&matrix[other], vector, squares, from: top) }
      reflect(&right, vector, squares, from: top)
      pivots.append((top, column))
    }
    var solution = [Double](repeating: 0, count: columns)
    for (row, column) in pivots.reversed() {
      var rest = right[row]
      for (_, later) in pivots where later > column { rest -= matrix[later][row] * solution[later] }
      solution[column] = rest / matrix[column][row]
    }
    return solution
  }

  private static func reflect(_ column: inout [Double], _ vector: [Double], _ squares: Double, from top: Int) {
    var dot = 0.0
    for place in vector.indices { dot += vector[place] * column[top + place] }
    let factor = 2 * dot / squares
    for place in vector.indices { column[top + place] -= factor * vector[place] }
  }
}
