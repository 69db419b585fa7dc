/// Operands stretched to one shape, cut into rows along which each operand either advances or stands still.
struct Broadcast {
  let shape: TensorShape
  /// Sizes of the outer dimensions after neighbours that advance alike were joined.
  private var outer: [Int] = []
  /// Strides along `outer`, one list an operand.
  private var strides: [[Int]]
  /// Numbers of one row.
  private(set) var width = 1
  /// Along a row: 1 or 0, one an operand.
  private(set) var steps: [Int]

  var rows: Int { outer.reduce(1, *) }

  /// - Throws: `RuntimeProblem` K701 with both shapes if they do not stretch to one.
  init(_ operands: [Tensor], for operation: String) throws {
    var shape = operands.first?.shape ?? TensorShape(known: [])
    for operand in operands.dropFirst() { shape = try shape.broadcast(with: operand.shape, for: operation) }
    self.shape = shape
    var sizes: [Int] = []
    let whole = operands.map { $0.shape.strides(asPartOf: shape) }
    var joined = [[Int]](repeating: [], count: operands.count)
    for axis in shape.sizes.indices where shape.sizes[axis] != 1 {
      let size = shape.sizes[axis]
      let isAlike = operands.indices.allSatisfy { joined[$0].last == whole[$0][axis] * size }
      if isAlike, let last = sizes.last {
        sizes[sizes.count - 1] = last * size
        for operand in operands.indices { joined[operand][sizes.count - 1] = whole[operand][axis] }
      } else {
        sizes.append(size)
        for operand in operands.indices { joined[operand].append(whole[operand][axis]) }
      }
    }
    steps = [Int](repeating: 1, count: operands.count)
    if let last = sizes.popLast() {
      width = last
      for operand in operands.indices { steps[operand] = joined[operand].removeLast() }
    }
    outer = sizes
    strides = joined
  }

  /// Where an operand's numbers of a row begin.
  func offset(_ operand: Int, row: Int) -> Int {
    var offset = 0
    var rest = row
    for axis in stride(from: outer.count - 1, through: 0, by: -1) {
      offset += rest % outer[axis] * strides[operand][axis]
      rest /= outer[axis]
    }
    return offset
  }

  /// Runs `body` on parts of rows: offsets of the operands, of the result, and how many numbers.
  func run(_ math: TensorMath, _ body: (_ operands: (Int, Int, Int), _ out: Int, _ count: Int) -> Void) {
    guard shape.count > 0 else { return }
    let (a, b, c) = (steps[0], steps.count > 1 ? steps[1] : 0, steps.count > 2 ? steps[2] : 0)
    if rows == 1 {
      math.share(width) { part in
        let first = part.lowerBound
        body((a * first, b * first, c * first), first, part.count)
      }
      return
    }
    math.shareRows(rows, width: width) { part in
      for row in part {
        let (second, third) = (steps.count > 1 ? offset(1, row: row) : 0, steps.count > 2 ? offset(2, row: row) : 0)
        body((offset(0, row: row), second, third), row * width, width)
      }
    }
  }
}
