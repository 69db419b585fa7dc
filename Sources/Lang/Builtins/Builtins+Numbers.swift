import Foundation

extension Builtins {
  static let numbers: [Builtin] = [
    Builtin(
      "round", "rounds to a whole number, or to a number of decimals", ["x:number", "decimals:int?"], result: .number
    ) {
      call in
      if case .int = call.value(0), !call.isGiven(1) { return call.value(0) }
      let number = try call.number(0)
      guard call.isGiven(1) else { return try whole(number.rounded(), call) }
      let decimals = try call.int(1)
      guard (0...15).contains(decimals) else { throw call.domain("decimals are 0 to 15") }
      let scale = pow(10, Double(decimals))
      let scaled = number * scale
      return .float(scaled.isFinite ? scaled.rounded() / scale : number)
    },
    Builtin("floor", "the largest whole number that is not above x", ["x:number"], result: .int) { call in
      try whole(call.number(0).rounded(.down), call)
    },
    Builtin("ceil", "the smallest whole number that is not below x", ["x:number"], result: .int) { call in
      try whole(call.number(0).rounded(.up), call)
    },
    Builtin("abs", "the size of a number without its sign", ["x:number"], result: .number) { call in
      if case .int(let number) = call.value(0) {
        guard number != Int.min else { throw call.domain("the result does not fit a whole number") }
        return .int(abs(number))
      }
      return .float(abs(try call.number(0)))
    },
    Builtin("sqrt", "the square root", ["x:number"], result: .float) { call in
      let number = try call.number(0)
      guard number >= 0 else { throw call.domain("\(Problem.number(number)) has no square root") }
      return .float(number.squareRoot())
    },
    Builtin("exp", "e to the power of x", ["x:number"], result: .float) { .float(Foundation.exp(try $0.number(0))) },
    Builtin("log", "the natural logarithm, or that of a base", ["x:number", "base:number?"], result: .float) { call in
      let number = try call.number(0)
      guard number > 0 else { throw call.domain("\(Problem.number(number)) has no logarithm") }
      guard call.isGiven(1) else { return .float(Foundation.log(number)) }
      let base = try call.number(1)
      guard base > 0, base != 1 else { throw call.domain("\(Problem.number(base)) is no base") }
      return .float(Foundation.log(number) / Foundation.log(base))
    },
    Builtin("int", "a whole number out of a number, a string, a size or true and false", ["x"], result: .int) { call in
      switch call.value(0) {
      case .int, .float: return try whole(call.number(0).rounded(.towardZero), call, exact: call.value(0))
      case .bool(let flag): return .int(flag ? 1 : 0)
      case .bytes(let bytes): return .int(bytes)
      case .string(let text):
        guard let number = Int(text.trimmingCharacters(in: .whitespaces)) else {
          throw call.domain("\(Value.quoted(text)) is no whole number")
        }
        return .int(number)
      default: throw call.wrong(call.value(0), "number or string")
      }
    },
    Builtin("float", "a number with a fraction out of a number, a string, a share or a size", ["x"], result: .float) {
      call in
      switch call.value(0) {
      case .int, .float: return .float(try call.number(0))
      case .share(let share): return .float(share)
      case .bytes(let bytes): return .float(Double(bytes))
      case .string(let text):
        guard let number = Double(text.trimmingCharacters(in: .whitespaces)) else {
          throw call.domain("\(Value.quoted(text)) is no number")
        }
        return .float(number)
      default: throw call.wrong(call.value(0), "number or string")
      }
    },
  ]

  private static func whole(_ number: Double, _ call: BuiltinCall, exact: Value = .nil) throws -> Value {
    if case .int = exact { return exact }
    guard let whole = Int(exactly: number) else { throw call.domain("\(number) fits no whole number") }
    return .int(whole)
  }
}
