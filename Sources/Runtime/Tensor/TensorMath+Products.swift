import KernelABI

/// Matrix products.
extension TensorMath {
  /// a @ b as NumPy has it: [.., m, k] @ [.., k, n], a row or a column where one has one axis, leading axes stretched.
  ///
  /// - Throws: `RuntimeProblem` K701 if the inner sizes or the leading axes do not go together.
  public func product(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    guard let inner = a.sizes.last, b.shape.dimensions > 0 else {
      throw TensorProblems.shapes("@", a.shape, b.shape, expected: "at least one axis on both sides")
    }
    let (a, b) = (try floats(a), try floats(b))
    let left = a.shape.dimensions == 1 ? a.reshaped(TensorShape(known: [1, inner])) : a
    let right = b.shape.dimensions == 1 ? b.reshaped(TensorShape(known: [b.count, 1])) : b
    let (rows, columns) = (left.sizes[left.shape.dimensions - 2], right.sizes[right.shape.dimensions - 1])
    guard right.sizes[right.shape.dimensions - 2] == inner else {
      throw TensorProblems.shapes(
        "@", a.shape, b.shape,
        expected: "\(inner) as the \(b.shape.dimensions == 1 ? "" : "last but one ")size of the second")
    }
    let (leftLead, rightLead) = (
      TensorShape(known: Array(left.sizes.dropLast(2))), TensorShape(known: Array(right.sizes.dropLast(2)))
    )
    let lead: TensorShape
    do { lead = try leftLead.broadcast(with: rightLead, for: "@") } catch {
      throw TensorProblems.shapes("@", a.shape, b.shape, expected: "leading sizes that are equal or 1")
    }
    let shape = try TensorShape(lead.sizes + [rows, columns])
    let out = try memory(shape)
    let (aSteps, bSteps) = (leftLead.strides(asPartOf: lead), rightLead.strides(asPartOf: lead))
    if shape.count > 0, inner > 0 {
      for index in 0..<lead.count {
        var (aPlace, bPlace, rest) = (0, 0, index)
        for axis in lead.sizes.indices.reversed() {
          aPlace += rest % lead.sizes[axis] * aSteps[axis]
          bPlace += rest % lead.sizes[axis] * bSteps[axis]
          rest /= lead.sizes[axis]
        }
        try multiply(
          left.base + aPlace * rows * inner, right.base + bPlace * inner * columns, rows, inner, columns,
          out.base + index * rows * columns)
      }
    }
    var sizes = shape.sizes
    if b.shape.dimensions == 1 { sizes.removeLast() }
    if a.shape.dimensions == 1 { sizes.remove(at: sizes.count - (b.shape.dimensions == 1 ? 1 : 2)) }
    return Tensor(TensorShape(known: sizes), out)
  }

  /// out [rows, columns] = a [rows, inner] b [inner, columns], in panels of 16 columns.
  private func multiply(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ rows: Int, _ inner: Int, _ columns: Int,
    _ out: UnsafeMutablePointer<Float>
  ) throws {
    let panels = (columns + 15) / 16
    let packed = try memory(TensorShape(known: [panels, inner, 16]))
    let isWhole = columns % 16 == 0
    let padded = isWhole ? nil : try memory(TensorShape(known: [rows, panels * 16]))
    let target = padded?.base ?? out
    share(panels, part: max(1, Self.partNumbers / (inner * 16))) { part in
      for panel in part {
        let width = min(16, columns - panel * 16)
        for row in 0..<inner {
          (packed.base + (panel * inner + row) * 16).update(from: b + row * columns + panel * 16, count: width)
        }
      }
    }
    let weights = FloatPanels(elements: packed.base, element: .float32, width: inner)
    // Rows in runs that stay in the cache beside a panel; a number's bits do not depend on where the cuts are.
    let run = 64
    let runs = (rows + run - 1) / run
    share(runs * panels, part: max(1, (1 << 18) / (run * inner * 16))) { part in
      for task in part {
        let (first, panel) = (task / panels * run, task % panels)
        kernels.multiplyFloat(
          a + first * inner, min(run, rows - first), weights, panel..<panel + 1, target + first * panels * 16,
          panels * 16)
      }
    }
    if let padded {
      for row in 0..<rows { (out + row * columns).update(from: padded.base + row * panels * 16, count: columns) }
    }
  }
}
