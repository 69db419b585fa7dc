import Lang
import Runtime

/// The functions on tensors: one list a family. Those with a builtin's name extend it to tensors.
enum TensorFunctions {
  static func all(_ workbench: Workbench) -> [HostFunction] {
    let families = [making, elements, reductions, order, shapes, products]
    return families.flatMap { $0 }.map { $0.function(workbench) }
  }
}

/// A function on tensors before it knows what computes: its declaration and its work.
struct TensorFunction {
  let name: String
  let summary: String
  var details = ""
  let parameters: [Parameter]
  var result = ValueType.any
  var example: Example?
  let body: @Sendable (TensorCall) throws -> Value

  init(
    _ name: String, _ summary: String, details: String = "", _ parameters: [Parameter],
    result: ValueType = TensorValue.type, example: Example? = nil,
    body: @escaping @Sendable (TensorCall) throws -> Value
  ) {
    self.name = name
    self.summary = summary
    self.details = details
    self.parameters = parameters
    self.result = result
    self.example = example
    self.body = body
  }

  func function(_ workbench: Workbench) -> HostFunction {
    HostFunction(
      name, summary, details: details, parameters: parameters, result: result, examples: example.map { [$0] } ?? []
    ) { [body] call in
      do {
        return try body(TensorCall(call: call, math: try workbench.math()))
      } catch let problem as RuntimeProblem {
        throw Problem(problem, at: call.span)
      }
    }
  }
}

/// The arguments of a function on tensors, and what computes it.
struct TensorCall {
  let call: FunctionCall
  let math: TensorMath

  /// A tensor, or what can be read as one: a number, a list of lists of numbers.
  func tensor(_ name: String) throws -> Tensor {
    guard let tensor = try call.value(name).tensor else { throw call.wrong(name, TensorFunction.operand) }
    return tensor
  }

  /// The axis, if one was given.
  func axis(_ name: String = "axis") throws -> Int? { call.optional(name) == nil ? nil : try call.int(name) }

  /// A list of whole numbers, or one of them.
  func places(_ name: String) throws -> [Int] {
    let value = try call.value(name)
    if case .int(let place) = value { return [place] }
    guard let places = value.places else { throw call.wrong(name, .list(of: .int)) }
    return places
  }

  /// Sizes given one by one, or as one list.
  func sizes(_ name: String = "sizes") throws -> [Int] {
    let values = call.all(name)
    if values.count == 1, let sizes = values[0].places { return sizes }
    let sizes = values.compactMap { if case .int(let size) = $0 { size } else { nil } }
    guard sizes.count == values.count else { throw call.wrong(name, .int) }
    return sizes
  }

  func value(_ tensor: Tensor) -> Value { TensorValue.value(tensor, math) }
}

extension TensorFunction {
  /// What stands for a tensor in an argument.
  static let operand = ValueType.union([TensorValue.type, .list, .range, .int, .float, .bool, .share])

  /// The tensor that a function works on.
  static func x(_ name: String = "x", _ doc: String = "The tensor.") -> Parameter {
    Parameter(name, .value(operand), doc: doc, positional: true, required: true)
  }

  static let sizes = Parameter(
    "sizes", .value(.union([.int, .list, .range])), doc: "Sizes of the axes, one by one or as a list.",
    positional: true, variadic: true)

  static func axis(_ value: Int?, _ doc: String) -> Parameter {
    Parameter("axis", .int, default: value.map { .int($0) }, range: -8...7, doc: doc)
  }

  static let axes = Parameter(
    "axis", .value(.union([.int, .list(of: .int)])),
    doc: "Axis or list of axes to work along; all of the tensor without.")

  static let keep = Parameter("keep", .bool, default: .bool(false), doc: "Keep the axis with size 1.")
}
