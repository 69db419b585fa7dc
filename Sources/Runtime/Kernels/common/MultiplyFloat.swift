import KernelABI

/// Float matrix product: 16 output rows in the lanes, up to eight activation rows in registers, inputs in order.
@Sendable func multiplyFloat(
  _ x: UnsafePointer<Float>, _ rows: Int, _ weights: FloatPanels, _ panels: Range<Int>,
  _ out: UnsafeMutablePointer<Float>, _ outStride: Int
) {
  switch weights.element {
  case .float32: panelLoop(x, rows, weights, panels, out, outStride, .float32)
  case .float16: panelLoop(x, rows, weights, panels, out, outStride, .float16)
  case .bfloat16: panelLoop(x, rows, weights, panels, out, outStride, .bfloat16)
  }
}

@inline(always) private func panelLoop(
  _ x: UnsafePointer<Float>, _ rows: Int, _ weights: FloatPanels, _ panels: Range<Int>,
  _ out: UnsafeMutablePointer<Float>, _ outStride: Int, _ element: FloatElement
) {
  let width = weights.width
  var panel = panels.lowerBound
  while panel < panels.upperBound {
    let base = weights.elements + panel * width * 16 * element.bytes
    var row = 0
    while row < rows {
      let left = rows - row
      let source = x + row * width
      let target = out + row * outStride + panel * 16
      if left >= 8 {
        tile(source, width, base, target, outStride, element, rows: 8)
        row = row + 8
      } else if left >= 4 {
        tile(source, width, base, target, outStride, element, rows: 4)
        row = row + 4
      } else {
        tile(source, width, base, target, outStride, element, rows: 1)
        row = row + 1
      }
    }
    panel = panel + 1
  }
}

@inline(always) private func tile(
  _ x: UnsafePointer<Float>, _ width: Int, _ base: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>,
  _ outStride: Int, _ element: FloatElement, rows: Int
) {
  var f0 = Floats()
  var f1 = Floats()
  var f2 = Floats()
  var f3 = Floats()
  var f4 = Floats()
  var f5 = Floats()
  var f6 = Floats()
  var f7 = Floats()
  var k = 0
  while k < width {
    let w = loadElements(base + k * 16 * element.bytes, element)
    f0 = multiplyAdd(f0, w, Floats(repeating: x[k]))
    if rows > 1 {
      f1 = multiplyAdd(f1, w, Floats(repeating: x[width + k]))
      f2 = multiplyAdd(f2, w, Floats(repeating: x[2 * width + k]))
      f3 = multiplyAdd(f3, w, Floats(repeating: x[3 * width + k]))
    }
    if rows > 4 {
      f4 = multiplyAdd(f4, w, Floats(repeating: x[4 * width + k]))
      f5 = multiplyAdd(f5, w, Floats(repeating: x[5 * width + k]))
      f6 = multiplyAdd(f6, w, Floats(repeating: x[6 * width + k]))
      f7 = multiplyAdd(f7, w, Floats(repeating: x[7 * width + k]))
    }
    k = k + 1
  }
  storeFloats(f0, out)
  if rows > 1 {
    storeFloats(f1, out + outStride)
    storeFloats(f2, out + 2 * outStride)
    storeFloats(f3, out + 3 * outStride)
  }
  if rows > 4 {
    storeFloats(f4, out + 4 * outStride)
    storeFloats(f5, out + 5 * outStride)
    storeFloats(f6, out + 6 * outStride)
    storeFloats(f7, out + 7 * outStride)
  }
}
