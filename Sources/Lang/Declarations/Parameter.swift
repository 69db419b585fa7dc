/// What an argument is made of.
public indirect enum ParameterType: Hashable, Sendable {
  /// An ordinary expression of this type.
  case value(ValueType)
  /// A bare word out of the host's catalogue: `kivi`, `h2o/rethinking`; choosing it adds the entry's parameters.
  case name(kind: String)
  /// One of these bare words.
  case choice([String])
  /// A file path, bare or quoted.
  case path
  /// A column of the incoming table, bare or quoted.
  case column
  /// An expression over the columns of the incoming table, handed over unevaluated.
  case expression

  public static var int: ParameterType { .value(.int) }
  public static var number: ParameterType { .value(.number) }
  public static var string: ParameterType { .value(.string) }
  public static var bool: ParameterType { .value(.bool) }
  public static var any: ParameterType { .value(.any) }

  /// Whether an argument may be a bare word.
  public var takesWord: Bool {
    switch self {
    case .name, .choice, .path, .column: true
    case .value, .expression: false
    }
  }
}

/// One parameter of a command, a catalogue entry or a builtin function.
public struct Parameter: Sendable {
  public var name: String
  public var type: ParameterType
  /// What holds if the argument is left out; nil with `required == false` means "not given".
  public var defaultValue: Value?
  /// Inclusive limits of a number.
  public var range: ClosedRange<Double>?
  /// The only values that are accepted: `[2, 4, 8]`.
  public var allowed: [Value]
  /// One line for help and completion.
  public var doc: String
  /// May be given without its name, in order of declaration.
  public var positional: Bool
  public var required: Bool
  /// Takes all remaining positional arguments.
  public var variadic: Bool
  /// A list of the type is accepted too: `bits=[2,4]`.
  public var sweepable: Bool
  /// Other names that mean the same parameter.
  public var aliases: [String]
  /// For `.name`: what an expression in the place of the word may yield besides a string, e.g. a list of `config`.
  public var orValue: ValueType?
  /// For `.column`: the name of a column that is yet to be made.
  public var isNewColumn: Bool

  public init(
    _ name: String, _ type: ParameterType, default defaultValue: Value? = nil, range: ClosedRange<Double>? = nil,
    allowed: [Value] = [], doc: String, positional: Bool = false, required: Bool = false, variadic: Bool = false,
    sweepable: Bool = false, aliases: [String] = [], orValue: ValueType? = nil, isNewColumn: Bool = false
  ) {
    self.name = name
    self.type = type
    self.defaultValue = defaultValue
    self.range = range
    self.allowed = allowed
    self.doc = doc
    self.positional = positional
    self.required = required
    self.variadic = variadic
    self.sweepable = sweepable
    self.aliases = aliases
    self.orValue = orValue
    self.isNewColumn = isNewColumn
  }
}
