import Lang
import Runtime

/// Turns any value into what is printed: tables folded to the width, plots drawn, the rest as the language shows it.
struct ValueRenderer {
  /// Rows of a table shown on a terminal; files and pipes get all.
  static let terminalRows = 40

  let terminal: TerminalTraits
  let width: Int
  let cancellation: Runtime.Cancellation

  /// - Parameter isWhole: every row of a table, also on a terminal.
  func render(_ value: Value, as format: OutputFormat, isWhole: Bool = false) -> String {
    switch format {
    case .table: text(value, isWhole: isWhole)
    case .json: json(value)
    case .csv: csv(value)
    }
  }

  private func text(_ value: Value, isWhole: Bool = false) -> String {
    switch value {
    case .table(let table):
      var display = TableDisplay(
        rows: isWhole || !terminal.isTerminal ? nil : Self.terminalRows, width: width,
        wraps: terminal.isTerminal)
      display.shouldStop = { [cancellation] in cancellation.isCancelled }
      return display.render(table)
    case .object(let object):
      if let plot = object as? PlotValue {
        return TerminalPlot(width: min(width, 120), style: terminal.plotStyle).render(plot.chart)
      }
      if let value = object as? TensorValue { return tensors.render(value.tensor, value.math) }
      return object.display
    case .record(let record) where record.values.contains { Self.tensor($0) != nil }:
      return fields(record)
    case .string(let text): return text
    default: return value.display
    }
  }

  private var tensors: TensorDisplay { TensorDisplay(width: width, isASCII: !terminal.plotStyle.unicode) }

  private static func tensor(_ value: Value) -> TensorValue? {
    if case .object(let object) = value { object as? TensorValue } else { nil }
  }

  /// A line for each field; of a tensor its heading, since the numbers of many would bury each other.
  private func fields(_ record: Record) -> String {
    let names = record.keys.map { DisplayWidth.of($0) }.max() ?? 0
    return zip(record.keys, record.values).map { name, value in
      let shown = Self.tensor(value).map { tensors.heading($0.tensor, $0.math) } ?? value.display
      return name + String(repeating: " ", count: names - DisplayWidth.of(name) + 2) + shown
    }.joined(separator: "\n")
  }

  private func json(_ value: Value) -> String {
    switch value {
    case .table(let table): TableText.write(table, as: .json)
    case .object(let object as PlotValue): VegaLite().render(object.chart)
    default: ValueJSON.write(value)
    }
  }

  private func csv(_ value: Value) -> String {
    switch value {
    case .table(let table): TableText.write(table, as: .csv)
    case .object(let object as PlotValue): TableText.write(object.data, as: .csv)
    default: text(value)
    }
  }
}
