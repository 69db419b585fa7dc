extension Builtin {
  /// A function of the host.
  init(_ function: HostFunction) {
    name = function.name
    summary = function.summary
    details = function.details
    parameters = function.parameters
    result = function.result
    isVariadic = function.parameters.contains { $0.variadic }
    examples = function.examples
    self.function = FunctionValue(
      name: function.name, parameters: function.parameters.map(\.name), doc: function.summary,
      declared: { try function.call($0, $1, $2, $3) })
  }

  /// The builtin with a host function of its name: a host value among the arguments makes a call the host's.
  func extended(by host: HostFunction) -> Builtin {
    let own = Set(parameters.map(\.name))
    let builtin = self
    var joined = Builtin(host)
    joined.summary = summary
    joined.parameters =
      parameters
      + host.parameters.filter { !own.contains($0.name) }.map { parameter in
        var named = parameter
        // Whether it is needed depends on the arguments, so the host says so when it runs.
        (named.positional, named.required) = (false, false)
        return named
      }
    joined.result = result == host.result ? result : .any
    joined.isVariadic = isVariadic
    joined.function = FunctionValue(
      name: name, parameters: joined.parameters.map(\.name), doc: summary,
      declared: { positional, named, context, span in
        let isHost = positional.contains(where: Self.isObject) || named.contains { Self.isObject($0.1) }
        if isHost { return try host.call(positional, named, context, span) }
        return try builtin.function.call(positional, named: named, in: context, at: span)
      })
    return joined
  }

  private static func isObject(_ value: Value) -> Bool { if case .object = value { true } else { false } }
}
