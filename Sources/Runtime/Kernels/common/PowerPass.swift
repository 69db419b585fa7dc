import CIntrinsics
import KernelABI

/// q[j * qStride + row] = matrix row . p[j, :]; the columns are a multiple of 16.
@Sendable func projectRows(
  _ matrix: MatrixRows, _ rows: Int, _ p: UnsafePointer<Float>, _ rank: Int, _ q: UnsafeMutablePointer<Float>,
  _ qStride: Int
) {
  let columns = matrix.columns
  var j = 0
  while j < rank {
    let vectors = rank - j >= 3 ? 3 : 1
    let direction = p + j * columns
    var row = 0
    while row < rows {
      let source = matrix.from(row).base
      let target = q + j * qStride + row
      if rows - row >= 4 {
        if vectors == 3 {
          projectTile(source, columns, direction, target, qStride, rows: 4, vectors: 3)
        } else {
          projectTile(source, columns, direction, target, qStride, rows: 4, vectors: 1)
        }
        row = row + 4
      } else {
        if vectors == 3 {
          projectTile(source, columns, direction, target, qStride, rows: 1, vectors: 3)
        } else {
          projectTile(source, columns, direction, target, qStride, rows: 1, vectors: 1)
        }
        row = row + 1
      }
    }
    j = j + vectors
  }
}

/// `rows` and `vectors` are literals at every call.
@inline(always) private func projectTile(
  _ matrix: UnsafePointer<Float>, _ columns: Int, _ p: UnsafePointer<Float>, _ q: UnsafeMutablePointer<Float>,
  _ qStride: Int, rows: Int, vectors: Int
) {
  var a0 = Floats()
  var a1 = Floats()
  var a2 = Floats()
  var b0 = Floats()
  var b1 = Floats()
  var b2 = Floats()
  var c0 = Floats()
  var c1 = Floats()
  var c2 = Floats()
  var d0 = Floats()
  var d1 = Floats()
  var d2 = Floats()
  var i = 0
  while i < columns {
    let p0 = loadFloats(p + i)
    let p1 = vectors > 1 ? loadFloats(p + columns + i) : Floats()
    let p2 = vectors > 1 ? loadFloats(p + 2 * columns + i) : Floats()
    let a = loadFloats(matrix + i)
    a0 = multiplyAdd(a0, a, p0)
    if vectors > 1 {
      a1 = multiplyAdd(a1, a, p1)
      a2 = multiplyAdd(a2, a, p2)
    }
    if rows > 1 {
      let b = loadFloats(matrix + columns + i)
      let c = loadFloats(matrix + 2 * columns + i)
      let d = loadFloats(matrix + 3 * columns + i)
      b0 = multiplyAdd(b0, b, p0)
      c0 = multiplyAdd(c0, c, p0)
      d0 = multiplyAdd(d0, d, p0)
      if vectors > 1 {
        b1 = multiplyAdd(b1, b, p1)
        b2 = multiplyAdd(b2, b, p2)
        c1 = multiplyAdd(c1, c, p1)
        c2 = multiplyAdd(c2, c, p2)
        d1 = multiplyAdd(d1, d, p1)
        d2 = multiplyAdd(d2, d, p2)
      }
    }
    i = i + 16
  }
  @inline(always) func finish(_ j: Int, _ a: Floats, _ b: Floats, _ c: Floats, _ d: Floats) {
    // Also for a single row, whose bits then do not depend on its neighbours.
    let sums = kv_lane_sums(a, b, c, d)
    if rows > 1 {
      kv_store_f32x4(q + j * qStride, sums)
    } else {
      q[j * qStride] = sums.x
    }
  }
  finish(0, a0, b0, c0, d0)
  if vectors > 1 {
    finish(1, a1, b1, c1, d1)
    finish(2, a2, b2, c2, d2)
  }
}

/// p[j, :] += sum over rows of q[j * qStride + row] * matrix row; the columns are a multiple of 16.
@Sendable func addProjections(
  _ matrix: MatrixRows, _ rows: Int, _ q: UnsafePointer<Float>, _ qStride: Int, _ rank: Int,
  _ p: UnsafeMutablePointer<Float>
) {
  let columns = matrix.columns
  var j = 0
  while j < rank {
    let vectors = rank - j >= 3 ? 3 : 1
    let factors = q + j * qStride
    var i = 0
    while i < columns {
      let target = p + j * columns + i
      if columns - i >= 64 {
        if vectors == 3 {
          sumTile(matrix.base, i, rows, columns, factors, qStride, target, wide: true, vectors: 3)
        } else {
          sumTile(matrix.base, i, rows, columns, factors, qStride, target, wide: true, vectors: 1)
        }
        i = i + 64
      } else {
        if vectors == 3 {
          sumTile(matrix.base, i, rows, columns, factors, qStride, target, wide: false, vectors: 3)
        } else {
          sumTile(matrix.base, i, rows, columns, factors, qStride, target, wide: false, vectors: 1)
        }
        i = i + 16
      }
    }
    j = j + vectors
  }
}

/// `wide` (four vectors of columns) and `vectors` are literals at every call.
@inline(always) private func sumTile(
  _ matrix: UnsafePointer<Float>, _ column: Int, _ rows: Int, _ columns: Int, _ q: UnsafePointer<Float>, _ qStride: Int,
  _ p: UnsafeMutablePointer<Float>, wide: Bool, vectors: Int
) {
  @inline(always) func start(_ j: Int, _ i: Int) -> Floats {
    j < vectors && (wide || i == 0) ? loadFloats(p + j * columns + i * 16) : Floats()
  }
  var a0 = start(0, 0)
  var a1 = start(0, 1)
  var a2 = start(0, 2)
  var a3 = start(0, 3)
  var b0 = start(1, 0)
  var b1 = start(1, 1)
  var b2 = start(1, 2)
  var b3 = start(1, 3)
  var c0 = start(2, 0)
  var c1 = start(2, 1)
  var c2 = start(2, 2)
  var c3 = start(2, 3)
  var row = 0
  while row < rows {
    let from = row * columns + column
    let x0 = loadFloats(matrix + from)
    let x1 = wide ? loadFloats(matrix + from + 16) : Floats()
    let x2 = wide ? loadFloats(matrix + from + 32) : Floats()
    let x3 = wide ? loadFloats(matrix + from + 48) : Floats()
    let qa = Floats(repeating: q[row])
    a0 = multiplyAdd(a0, x0, qa)
    if wide {
      a1 = multiplyAdd(a1, x1, qa)
      a2 = multiplyAdd(a2, x2, qa)
      a3 = multiplyAdd(a3, x3, qa)
    }
    if vectors > 1 {
      let qb = Floats(repeating: q[qStride + row])
      let qc = Floats(repeating: q[2 * qStride + row])
      b0 = multiplyAdd(b0, x0, qb)
      c0 = multiplyAdd(c0, x0, qc)
      if wide {
        b1 = multiplyAdd(b1, x1, qb)
        b2 = multiplyAdd(b2, x2, qb)
        b3 = multiplyAdd(b3, x3, qb)
        c1 = multiplyAdd(c1, x1, qc)
        c2 = multiplyAdd(c2, x2, qc)
        c3 = multiplyAdd(c3, x3, qc)
      }
    }
    row = row + 1
  }
  @inline(always) func finish(_ j: Int, _ x0: Floats, _ x1: Floats, _ x2: Floats, _ x3: Floats) {
    guard j < vectors else { return }
    storeFloats(x0, p + j * columns)
    guard wide else { return }
    storeFloats(x1, p + j * columns + 16)
    storeFloats(x2, p + j * columns + 32)
    storeFloats(x3, p + j * columns + 48)
  }
  finish(0, a0, a1, a2, a3)
  finish(1, b0, b1, b2, b3)
  finish(2, c0, c1, c2, c3)
}
