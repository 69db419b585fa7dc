extension FunctionValue {
  func call(_ arguments: [Value], named: [(String, Value)], in context: Context, at span: Span?) throws -> Value {
    .nil
  }
}
