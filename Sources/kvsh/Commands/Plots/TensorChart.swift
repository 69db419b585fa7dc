import Lang
import Runtime

/// What the plots of tensors share: reading the tensor that came through the pipe, and cutting it to what can be seen.
struct TensorChart {
  let tensor: Tensor
  let math: TensorMath

  /// - Throws: `Problem` K030 if something else came in, K705 if the tensor is empty or has too many axes.
  init(_ call: Call, dimensions: ClosedRange<Int>, _ expected: String) throws {
    guard case .object(let object) = call.input, let value = object as? TensorValue else {
      throw Problem.wrongInput(
        of: call.signature.name, found: call.input.type, from: call.inputSpan, expected: [TensorValue.type],
        at: call.span)
    }
    guard dimensions.contains(value.tensor.shape.dimensions), value.tensor.count > 0 else {
      throw Problem(
        "K705", seen: "a tensor of shape \(value.tensor.shape) came in", expected: expected,
        suggestion: "choose a part of it: `x[0]`, `x[:, 0]`", labels: [.init(call.inputSpan ?? call.span)])
    }
    (tensor, math) = (value.tensor, value.math)
  }

  static let accepts = [TensorValue.type]

  func plot(_ kind: String, _ chart: Chart, data: Table, _ call: Call) -> PlotValue {
    var summary = Record([("shape", .string("\(tensor.shape)"))])
    for (name, reduction) in [("min", TensorMath.Reduction.min), ("mean", .mean), ("max", .max)] {
      summary[name] = (try? math.reduce(reduction, tensor)).map { .float($0) } ?? .nil
    }
    return PlotValue(
      kind: kind, chart: chart, summary: Table(rows: [summary]), data: data, command: call.span.source.text)
  }

  /// Means of at most `most` runs of equal length along each axis of a matrix, and how long the runs are.
  static func shrunk(_ numbers: [Double], rows: Int, columns: Int, most: Int) -> (
    values: [Double], rows: Int, columns: Int, run: (Int, Int)
  ) {
    let (down, across) = ((rows + most - 1) / most, (columns + most - 1) / most)
    let (newRows, newColumns) = ((rows + down - 1) / down, (columns + across - 1) / across)
    var values: [Double] = []
    for row in 0..<newRows {
      for column in 0..<newColumns {
        var (sum, count) = (0.0, 0)
        for y in row * down..<min(rows, (row + 1) * down) {
          for x in column * across..<min(columns, (column + 1) * across) where numbers[y * columns + x].isFinite {
            sum += numbers[y * columns + x]
            count += 1
          }
        }
        values.append(count == 0 ? .nan : sum / Double(count))
      }
    }
    return (values, newRows, newColumns, (down, across))
  }
}
