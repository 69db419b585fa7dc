/// A name with its place.
struct Name: Sendable {
  var text: String
  var span: Span
}

/// An expression of the text.
struct Expression: Sendable {
  let kind: ExpressionKind
  let span: Span
  /// Levels below; bounded by the parser, since everything that walks a tree recurses.
  let height: Int
}

enum UnaryOperator: String, Sendable {
  case minus = "-"
  case not
}

/// The operators between two values.
public enum BinaryOperator: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case floorDivide = "//"
  case remainder = "%"
  case power = "**"
  case matrix = "@"
  case equal = "=="
  case unequal = "!="
  case less = "<"
  case lessEqual = "<="
  case greater = ">"
  case greaterEqual = ">="
  case contains = "in"
  case and, or
}

indirect enum ExpressionKind: Sendable {
  case literal(Value)
  /// Texts and expressions, joined.
  case interpolated([Expression])
  case name(String)
  case list([Expression])
  case record([(Name, Expression)])
  case range(Expression, Expression, RangeStep?)
  case unary(UnaryOperator, Expression)
  case binary(BinaryOperator, Expression, Expression)
  case index(Expression, [SubscriptSyntax])
  case field(Expression, Name)
  case call(Expression, [ArgumentSyntax])
  case lambda([Name], LambdaBody)
  case conditional([(condition: Expression, block: Block)], otherwise: Block?)
  case attempt(Block, error: Name?, Block)
  case pipeline([Stage])
  /// `time` before a pipeline.
  case timed(Expression)
  /// An expression in parentheses.
  case group(Expression)
}

enum RangeStep: Sendable {
  /// `by 2`: that far apart.
  case by(Expression)
  /// `by x2`: each that many times the one before.
  case times(Int, Span)
}

enum SubscriptSyntax: Sendable {
  case index(Expression)
  case slice(Expression?, Expression?)
}

/// One step from a variable to the part of it that is assigned.
enum PartSyntax: Sendable {
  case field(Name)
  case index(Expression)
}

enum LambdaBody: Sendable {
  case expression(Expression)
  case block(Block)
}

/// An argument of a command or a call.
struct ArgumentSyntax: Sendable {
  enum Content: Sendable {
    /// A bare word.
    case word(String)
    case expression(Expression)
  }

  var name: Name?
  var content: Content
  /// The value without the name.
  var span: Span

  var height: Int {
    if case .expression(let expression) = content { expression.height } else { 0 }
  }
}

enum Stage: Sendable {
  case command(CommandStage)
  case expression(Expression)

  var span: Span {
    switch self {
    case .command(let stage): stage.span
    case .expression(let expression): expression.span
    }
  }
}

struct CommandStage: Sendable {
  var name: Name
  var arguments: [ArgumentSyntax]
  var span: Span
}

struct Block: Sendable {
  var statements: [Statement]
  var span: Span
  var height: Int
}

struct DefinedParameter: Sendable {
  var name: Name
  var defaultValue: Expression?
}

struct Statement: Sendable {
  indirect enum Kind: Sendable {
    case expression(Expression)
    case bind(Name, Expression)
    /// `x = e`, or `x += e` with its operator.
    case assign(Name, BinaryOperator?, Expression)
    /// `x.a[0] = e`: a part of a variable.
    case assignPart(Name, [PartSyntax], BinaryOperator?, Expression)
    case define(Name, [DefinedParameter], Block, doc: String)
    case loop(Name, Expression, Block)
    case whileLoop(Expression, Block)
    case returnValue(Expression?)
    case breakLoop, continueLoop
    case assert(Expression, message: Expression?)
    case importFile(String, Span)
    case policy(PolicySyntax)
  }

  var kind: Kind
  var span: Span
}

/// `policy NAME(parameters) { ... }`.
struct PolicySyntax: Sendable {
  var outline: PolicyOutline
  var parameters: [DefinedParameter]
  var name: Name
  var states: [(Name, Expression)]
  /// What is left without the states.
  var body: Block
  var hasScore: Bool
}

/// A whole text as statements, with every problem that parsing found.
struct Script: Sendable {
  var statements: [Statement]
  var problems: [Problem]
  /// Names whose `let` or `def` did not parse.
  var failedNames: Set<String>
  /// Names that some statement changes; the type of any other variable is that of its `let`.
  var assignedNames: Set<String>
}
