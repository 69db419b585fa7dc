import Foundation
import Runtime

/// A tensor in a few lines: shape, type and statistics, the distribution as a sparkline, and its first numbers.
struct TensorDisplay {
  /// Columns to print in.
  var width = 100
  /// Block characters for the sparkline; letters of ASCII where a terminal has none.
  var isASCII = false
  /// Rows and columns of numbers shown.
  private static let rows = 6
  private static let columns = 8
  /// Numbers the distribution is taken from at most.
  private static let sampled = 1 << 20

  func render(_ tensor: Tensor, _ math: TensorMath) -> String {
    ([heading(tensor, math)] + body(tensor)).joined(separator: "\n")
  }

  /// Shape, type, statistics and sparkline.
  func heading(_ tensor: Tensor, _ math: TensorMath) -> String {
    let name = "tensor \(tensor.shape) \(tensor.element.rawValue)"
    guard tensor.count > 0, let low = try? math.reduce(.min, tensor), let high = try? math.reduce(.max, tensor),
      let mean = try? math.reduce(.mean, tensor)
    else { return name }
    guard !mean.isNaN, low.isFinite, high.isFinite else {
      let strange = tensor.withNumbers { numbers in numbers.count { !$0.isFinite } }
      return "\(name)  \(strange) of \(tensor.count) not finite"
    }
    let statistics = "min \(Self.number(low))  mean \(Self.number(mean))  max \(Self.number(high))"
    return "\(name)  \(statistics)  \(sparkline(tensor, low, high))"
  }

  /// A row of numbers as it goes, anything else as the distribution of its numbers.
  private func sparkline(_ tensor: Tensor, _ low: Double, _ high: Double) -> String {
    guard high > low else { return "" }
    let heights = tensor.shape.dimensions == 1 ? course(tensor, low, high) : distribution(tensor, low, high)
    let levels = isASCII ? Array("_.-=*#%@") : Array("▁▂▃▄▅▆▇█")
    return String(heights.map { levels[min(7, max(0, Int($0 * 8)))] })
  }

  private func course(_ tensor: Tensor, _ low: Double, _ high: Double) -> [Double] {
    let bins = min(24, tensor.count)
    return (0..<bins).map { bin in
      let part = tensor.count * bin / bins..<max(tensor.count * bin / bins + 1, tensor.count * (bin + 1) / bins)
      let mean = part.reduce(0.0) { $0 + Double(tensor[$1]) } / Double(part.count)
      return (mean - low) / (high - low)
    }
  }

  private func distribution(_ tensor: Tensor, _ low: Double, _ high: Double) -> [Double] {
    var counts = [Int](repeating: 0, count: 16)
    let step = max(1, tensor.count / Self.sampled)
    for place in stride(from: 0, to: tensor.count, by: step) {
      let share = (Double(tensor[place]) - low) / (high - low)
      counts[min(15, max(0, Int(share * 16)))] += 1
    }
    let most = Double(counts.max() ?? 1)
    return counts.map { Double($0) / most }
  }

  // MARK: Numbers

  private func body(_ tensor: Tensor) -> [String] {
    guard tensor.count > 0, let across = tensor.sizes.last else { return [] }
    let down = tensor.shape.dimensions > 1 ? tensor.sizes[tensor.shape.dimensions - 2] : 1
    let shown = (rows: min(down, Self.rows), columns: min(across, Self.columns))
    let cells = (0..<shown.rows).map { row in
      (0..<shown.columns).map { Self.text(tensor[row * across + $0], tensor.element) }
    }
    let widths = (0..<shown.columns).map { column in cells.map { $0[column].count }.max() ?? 0 }
    let ellipsis = isASCII ? ".." : "…"
    var lines = cells.map { row in
      let numbers = zip(row, widths).map { String(repeating: " ", count: $1 - $0.count) + $0 }
      return "  " + numbers.joined(separator: "  ") + (across > shown.columns ? "  \(ellipsis)" : "")
    }
    if tensor.shape.dimensions > 2 {
      let first = Array(repeating: "0", count: tensor.shape.dimensions - 2).joined(separator: ", ")
      lines.insert("  [\(first)]", at: 0)
    }
    let hidden = tensor.count - shown.rows * shown.columns
    if hidden > 0 { lines.append("  \(shown.rows * shown.columns) of \(tensor.count) numbers") }
    return lines
  }

  private static func text(_ number: Float, _ element: Tensor.Element) -> String {
    switch element {
    case .bool: number != 0 ? "true" : "false"
    case .int32: Int(exactly: number).map(String.init) ?? Self.number(Double(number))
    case .float32: Self.number(Double(number))
    }
  }

  static func number(_ number: Double) -> String { String(format: "%.4g", number) }
}
