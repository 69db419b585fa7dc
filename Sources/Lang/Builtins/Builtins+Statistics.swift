import Foundation

extension Builtins {
  static let statistics: [Builtin] = [
    Builtin(
      "count", "how many values a list has that are not missing; in summarize, count() is the rows", ["values:list"],
      result: .int
    ) {
      call in .int(try call.list(0).count { $0.type != .nil })
    },
    Builtin("sum", "the sum of a list", ["values:numbers"]) { call in
      let elements = try call.list(0)
      var total = 0
      for element in elements {
        switch element {
        case .nil: continue
        case .int(let number):
          let (sum, overflow) = total.addingReportingOverflow(number)
          if overflow { throw call.domain("the sum does not fit a whole number") }
          total = sum
        case .bytes where !elements.isEmpty && elements.allSatisfy({ $0.type == .bytes || $0.type == .nil }):
          return .bytes(try bytes(elements, call))
        default: return .float(try call.numbers(0).reduce(0, +))
        }
      }
      return .int(total)
    },
    Builtin("mean", "the arithmetic mean of a list; missing values are left out", ["values:numbers"], result: .float) {
      call in
      let numbers = try some(call)
      return .float(numbers.reduce(0, +) / Double(numbers.count))
    },
    Builtin("median", "the middle value of a list", ["values:numbers"], result: .float) { call in
      .float(quantile(try some(call), 0.5))
    },
    Builtin(
      "quantile", "the value below which a share of a list lies, between neighbours by straight line",
      ["values:numbers", "share"], result: .float
    ) {
      call in
      let share: Double
      if case .share(let given) = call.value(1) { share = given } else { share = try call.number(1) }
      guard share >= 0, share <= 1 else { throw call.domain("the share is 0 to 1, or 0% to 100%") }
      return .float(quantile(try some(call), share))
    },
    Builtin("std", "the standard deviation of a sample (n - 1)", ["values:numbers"], result: .float) { call in
      let numbers = try some(call)
      guard numbers.count > 1 else { throw call.domain("one value has no deviation") }
      let mean = numbers.reduce(0, +) / Double(numbers.count)
      let squares = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return .float((squares / Double(numbers.count - 1)).squareRoot())
    },
    Builtin("min", "the smallest of a list or of several values", ["values"], isVariadic: true) { try extreme($0, -1) },
    Builtin("max", "the largest of a list or of several values", ["values"], isVariadic: true) { try extreme($0, 1) },
  ]

  private static func bytes(_ elements: [Value], _ call: BuiltinCall) throws -> Int {
    var total = 0
    for case .bytes(let bytes) in elements {
      let (sum, overflow) = total.addingReportingOverflow(bytes)
      if overflow { throw call.domain("the sum does not fit a size") }
      total = sum
    }
    return total
  }

  private static func some(_ call: BuiltinCall) throws -> [Double] {
    let numbers = try call.numbers(0)
    guard !numbers.isEmpty else { throw call.domain("there are no values") }
    return numbers
  }

  /// Hyndman and Fan's type 7, the default of R and NumPy.
  static func quantile(_ numbers: [Double], _ share: Double) -> Double {
    let sorted = numbers.sorted()
    guard let last = sorted.last else { return .nan }
    let position = share * Double(sorted.count - 1)
    let index = Int(position)
    guard index + 1 < sorted.count else { return last }
    return sorted[index] + (position - Double(index)) * (sorted[index + 1] - sorted[index])
  }

  private static func extreme(_ call: BuiltinCall, _ sign: Int) throws -> Value {
    let values = try (call.values.count == 1 ? call.list(0) : call.values).filter { !$0.isMissing }
    guard var best = values.first else { throw call.domain("there are no values") }
    for value in values.dropFirst() {
      guard let order = value.order(best) else {
        throw call.domain("a \(value.type.name) and a \(best.type.name) have no order")
      }
      if order == sign { best = value }
    }
    return best
  }
}
